/*
 * One authenticated SSH connection. The session never blocks: every wait is ssh_link_wait(), which
 * looks at the connection's stop flag and deadline at least every 100 ms. Only the host key of the
 * known_hosts file and only the given private key are used: no agent, no user's configuration.
 */
#pragma once

#include "base/err.h"
#include "transports/ssh.h"

#include <libssh/libssh.h>

struct link {
	ssh_session session;
	ssh_event event;
	int fd;
	char *name; /* "root@10.77.0.2:22", for messages */
	/* Of the operation under way: */
	const volatile int *stop; /* NULL: never */
	int64_t deadline_ns;      /* monotonic; 0: none */
};

/* Connects, checks the host key, logs in as user. ERR_BUSY: nobody answers there yet. */
MUST_CHECK int ssh_link_open(struct link *link, const struct ssh_target *target, const char *user,
        int64_t timeout_ns, const volatile int *stop, struct err *err);
/* Safe on a zeroed struct. */
void ssh_link_close(struct link *link);

/*
 * Waits until the connection can make progress or wake_fd or in_fd (-1: none) can be read, then
 * lets libssh handle what arrived. *in_ready (may be NULL) says whether in_fd has something. -1:
 * stopped (ERR_INTERRUPTED), deadline passed, or the connection is lost. wait_ms bounds this one
 * wait; it passing is no error.
 */
MUST_CHECK int ssh_link_wait(
        struct link *link, int wake_fd, int in_fd, bool *in_ready, int wait_ms, struct err *err);

/* "PREFIX: what libssh says last". */
int ssh_link_failed(struct link *link, struct err *err, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Opens a session channel. The caller closes it with ssh_link_channel_close(). */
MUST_CHECK int ssh_link_channel(struct link *link, ssh_channel *out, struct err *err);
void ssh_link_channel_close(ssh_channel channel);
