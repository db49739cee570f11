/*
 * A real SSH server on loopback, with its own keys and users. A helper process listens and starts
 * `sshd -i` or `dropbear -i` for every connection, in namespaces of their own: /run, /root,
 * /var/log and the user database are the test's, nothing of the host is written, and all processes
 * end together. Needs root.
 *
 * With dropbear, busybox stands in front of every tool of the host, as in a tiny box.
 */
#pragma once

#include "base/err.h"
#include "transports/ssh.h"

#include <sys/types.h>

#define FAKE_SSHD_USER "student" /* a login user; its home is DIR/home */

enum fake_sshd_kind { FAKE_OPENSSH, FAKE_DROPBEAR };

struct fake_sshd {
	char dir[64];
	pid_t pid; /* of the listener, process 1 of a namespace with all servers in it */
	char *key, *known_hosts;
	char *other_key, *other_known_hosts; /* of another lab */
	struct ssh_target target;
};

/* NULL: it can run here. Otherwise why not. */
const char *fake_sshd_missing(enum fake_sshd_kind kind);
/* kind is what is served. ERR_HOST: it cannot run here. */
MUST_CHECK int fake_sshd_start(struct fake_sshd *sshd, enum fake_sshd_kind kind, struct err *err);
/* Ends every server, as a machine whose power is cut: connections break. */
void fake_sshd_kill(struct fake_sshd *sshd);
/* Ends it and removes its folder. */
void fake_sshd_stop(struct fake_sshd *sshd);
