/* The terminal of a process in a container: a pty of the container's own devpts, whose master goes
 * to who asked for it. */
#pragma once

#include "base/err.h"

#include <sys/types.h>

/* The unix socket at path, connected; a path of any length. */
MUST_CHECK int console_connect(const char *path, struct err *err);

/*
 * Called in the container, as its root and the leader of a session: opens a pty, sends the master
 * with SCM_RIGHTS to socket, makes the slave the streams and the controlling terminal. The slave
 * belongs to uid. bind: it is /dev/console as well. rows 0: the size stays as it is.
 */
struct console {
	int socket;
	uid_t uid;
	unsigned rows, columns;
	bool bind;
};
MUST_CHECK int console_take(const struct console *c, struct err *err);

/* The other side: the master that comes. */
MUST_CHECK int console_receive(int socket, struct err *err);
