/* kvm.define taken back: the domain goes, with all that libvirt keeps of it. */
#include "providers/kvm/kvm.h"

#include "base/fs.h"

#include <string.h>
#include <unistd.h>

#define LIBVIRT_LOGS "/var/log/libvirt/qemu"

/* DOMAIN.log of QEMU and DOMAIN-fsN-virtiofsd.log of each folder, and what was rotated. */
static bool is_log_of(const char *file, const char *domain)
{
	const char *end = ".log";

	if (!str_starts(file, domain))
		return false;
	const char *rest = file + strlen(domain);
	if (str_starts(rest, "-fs")) {
		rest += 3;
		rest += strspn(rest, "0123456789");
		end = "-virtiofsd.log";
	}
	return str_starts(rest, end) && (!rest[strlen(end)] || rest[strlen(end)] == '.');
}

/* libvirt leaves its logs of every domain for good. */
static int remove_libvirt_logs(const struct run *run, struct err *err)
{
	AUTO_STRV files = {0};

	if (geteuid() != 0 || !libvirt_is_local_system(run->spec->kvm.uri))
		return 0;
	if (fs_list(LIBVIRT_LOGS, &files, err) < 0)
		return -1;
	for (size_t i = 0; i < files.n; i++) {
		AUTO_FREE char *path = xasprintf(LIBVIRT_LOGS "/%s", files.v[i]);
		if (is_log_of(files.v[i], run->names->domain) && fs_unlink(path, err) < 0)
			return -1;
	}
	return 0;
}

/* With all that it left in libvirt. A driver refuses flags that it does not know: then it keeps no
 * such things. */
static int undefine(virDomainPtr domain)
{
	const unsigned save =
	        VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA;
	const unsigned flags[] = {
	        save | VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | VIR_DOMAIN_UNDEFINE_NVRAM, save,
	        0};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (virDomainUndefineFlags(domain, flags[i]) == 0)
			return 0;
		if (libvirt_code() != VIR_ERR_INVALID_ARG)
			return -1;
	}
	return -1;
}

int define_revert(struct run *run, struct err *err)
{
	AUTO_DOMAIN domain = NULL;

	if (kvm_domain(run->session, &domain, err) < 0)
		return -1;
	/* What still runs after kvm.start was undone was started by somebody else; it would live
	 * on without a definition. */
	if (domain && virDomainDestroy(domain) < 0 && libvirt_code() != VIR_ERR_OPERATION_INVALID &&
	        libvirt_code() != VIR_ERR_NO_DOMAIN)
		return libvirt_err(err, "power off the domain '%s'", run->names->domain);
	if (domain && undefine(domain) < 0 && libvirt_code() != VIR_ERR_NO_DOMAIN)
		return libvirt_err(err, "undefine the domain '%s'", run->names->domain);
	return remove_libvirt_logs(run, err);
}
