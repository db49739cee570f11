/*
 * Terminals of a container's own devpts (pts(4)). The container decides what lies at any path, so
 * the multiplexer is looked at before it is used, and the other end is opened through it.
 */
#pragma once

#include "base/err.h"

#include <sys/types.h>

struct terminal_size {
	unsigned short rows, columns; /* 0: as the kernel makes it */
};

/* multiplexer: opened as O_PATH, wherever it was found; ERR_FAILED if it is none of a real devpts.
 * Both ends are close-on-exec, and not yet anybody's controlling terminal. */
MUST_CHECK int terminal_open(int multiplexer, int *master, int *slave, struct err *err);

/* The master goes through the connected unix(7) socket `to`, as OCI's console socket has it. */
MUST_CHECK int terminal_send(int to, int master, struct err *err);

/*
 * In the container, whose root is the caller's already: a terminal, bound on /dev/console as well,
 * whose master is sent. The caller closes the slave.
 */
MUST_CHECK int terminal_console(
        int to, const struct terminal_size *size, uid_t owner, int *slave, struct err *err);
