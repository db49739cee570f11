#include "providers/container/confine.h"

#include "core/derive.h"
#include "engine/seccomp.h"
#include "providers/container/systemd.h"

#include <linux/capability.h>

int container_caps(const struct machine_spec *spec, uint64_t *out, struct err *err)
{
	uint64_t base = spec->container.privileged ? caps_all() : caps_container();

	/* In a PID namespace reboot(2) ends its first process, and no more: so it is seen whether
	 * systemd wants to be started again. */
	if (systemd_is_init(spec))
		base |= UINT64_C(1) << CAP_SYS_BOOT;
	if (caps_choose(base, &spec->container.caps_add, &spec->container.caps_drop, out, err) < 0)
		return err_wrap(err, "container.capabilities");
	return 0;
}

int container_confine(const struct machine_spec *spec, struct confine *out, struct err *err)
{
	struct confine c = {
	        .umask = 022,
	        .no_new_privileges = spec->container.no_new_privileges,
	        .new_keyring = true,
	};
	uint64_t caps;

	if (container_caps(spec, &caps, err) < 0)
		return -1;
	c.caps = caps_of(caps, true);
	if (!spec->container.privileged) {
		AUTO_FREE char *home = prov_home();
		AUTO_FREE char *cache = xasprintf("%s/cache/seccomp", home);
		if (seccomp_compile_default(caps, cache, &c.filter, err) < 0)
			return -1;
	}
	*out = c;
	return 0;
}
