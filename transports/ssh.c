#include "transports/ssh.h"

#include "base/proc.h"
#include "transports/ssh/module.h"

int ssh_transport_open(const struct ssh_target *target, int64_t timeout_ns,
        const volatile int *stop, struct transport **out, struct err *err)
{
	void *found;

	if (module_symbol("prov-ssh", "prov_ssh", &found, err) < 0)
		return -1;
	return ((const struct ssh_ops *)found)->open(target, timeout_ns, stop, out, err);
}
