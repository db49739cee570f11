/*
 * Programs of prov's own that are executed inside a container before anything of the container's
 * is: prov-init as its PID 1, prov-exec in front of another program. A container whose root is the
 * host's must never execute its first program out of prov itself, whose file it could then write to
 * by /proc/PID/exe (CVE-2019-5736).
 */
#pragma once

#include "base/err.h"

/*
 * The file as the container sees it: on a read-only mount that is nowhere attached. A close-on-exec
 * descriptor for stub_execute, no lower than `from`; -1: ERR_HOST.
 */
MUST_CHECK int stub_open(const char *path, int from, struct err *err);

/* Executes the opened file itself. Returns -1 with errno. */
int stub_execute(int stub, char *const *argv, char *const *env);

/*
 * By way of prov-exec: file is looked up in PATH of env and executed with argv. What goes wrong is
 * written to the descriptor `report` as an errno, an int; -1: it is said on standard error. The
 * exit status is then 127 or 126. Returns -1 with errno where prov-exec cannot be executed.
 */
int stub_execute_file(int stub, int report, const char *file, char *const *argv, char *const *env);
