/*
 * A function that is called inside a running container, in a forked process: it sees the
 * container's files as the container does, is its root, and what it makes there has owners that the
 * container knows. By a path from outside neither holds: a link could lead out, and a file of the
 * host's root has no owner inside (EOVERFLOW).
 */
#pragma once

#include "base/err.h"

#include <sys/types.h>

/* pidfd is of a process of the container. The function's result and error are the caller's; it may
 * look at all that the caller has in memory, and change nothing there. */
MUST_CHECK int engine_enter(
        int pidfd, pid_t pid, int (*fn)(void *ctx, struct err *err), void *ctx, struct err *err);
