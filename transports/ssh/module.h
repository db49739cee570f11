/* What prov-ssh.so exports. The core program finds both by name; the tests link them. */
#pragma once

#include "core/keys.h"
#include "transports/ssh.h"

struct ssh_ops {
	/* The contract of ssh_transport_open(). */
	int (*open)(const struct ssh_target *target, int64_t timeout_ns, const volatile int *stop,
	        struct transport **out, struct err *err);
};

extern const struct key_ops prov_keys;
extern const struct ssh_ops prov_ssh;
