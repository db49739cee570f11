/* The SSH transport. libssh lives in prov-ssh.so, which is opened by the first call. */
#pragma once

#include "core/transport.h"

struct ssh_target {
	const char *host; /* address */
	int port;
	const char *user;        /* login user of shell(); run, put and get act as root */
	const char *key;         /* path of the lab's private key */
	const char *known_hosts; /* path; the host key must be in it, nothing else is accepted */
	const char *known_as;    /* the name that it stands by there; NULL: host */
};

/*
 * One attempt to log in, bounded by timeout_ns. ERR_BUSY: nobody answers there yet (refused, no
 * route, no banner): try again. Any other kind (wrong host key, key refused) is final. Every later
 * call uses the same session. stop must live as long as the transport: put and get look at it too.
 */
MUST_CHECK int ssh_transport_open(const struct ssh_target *target, int64_t timeout_ns,
        const volatile int *stop, struct transport **out, struct err *err);
