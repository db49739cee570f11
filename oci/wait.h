/* Waiting for a process in the foreground: `run` and `exec` without --detach. */
#pragma once

#include "base/err.h"

#include <sys/types.h>

/*
 * Passes on the signals that arrive, and, with a terminal's master (-1: none), input and output,
 * the own terminal raw meanwhile. *status: exit code, or 128 + n.
 */
MUST_CHECK int wait_foreground(pid_t pid, int master, int *status, struct err *err);
/* Blocks what wait_foreground passes on, so that none is lost before it. */
void wait_block_signals(void);
