/*
 * Errors: one plain struct on the caller's stack, last parameter, set once where the cause is known
 * and wrapped only where context is added. It holds no pointers and is smaller than PIPE_BUF, so
 * that a cloned child can write it down a pipe. Only cli/ prints it.
 */
#pragma once

#include "base/util.h"

enum err_kind {
	ERR_NONE,
	ERR_FAILED,      /* exit 1 */
	ERR_BUSY,        /* exit 1: somebody else holds the lock */
	ERR_MISSING,     /* exit 1: the named thing does not exist */
	ERR_USAGE,       /* exit 2: command line */
	ERR_CONFIG,      /* exit 2: prov.yaml */
	ERR_HOST,        /* exit 3: the host lacks something, see prov doctor */
	ERR_INTERRUPTED, /* exit 130: stopped by the user */
};

struct err {
	enum err_kind kind;
	int sys_errno; /* 0 where no system call was the cause */
	int code;      /* exit status of the script or tool that failed, 0 if none */
	char message[2048];
	char hint[512]; /* what to try; empty if there is nothing to say */
	char key[64];   /* the setting of the user's file at fault, "container.devices[1]"; empty:
	                   none, or not known */
};

/* Each returns -1, so that `return err_set(...)` is one line. A NULL err is allowed and drops the
 * text. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);
int err_sys(struct err *err, const char *fmt, ...)
        PRINTF_LIKE(2, 3); /* ERR_FAILED, appends strerror(errno) */
int err_wrap(struct err *err, const char *fmt, ...)
        PRINTF_LIKE(2, 3); /* puts "context: " in front */
int err_hint(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3); /* sets the hint */
int err_key(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);  /* sets the key */
/* ERR_CONFIG "KEY: message" of that key, which is a path without numbers. */
int err_of_key(struct err *err, const char *key, const char *fmt, ...) PRINTF_LIKE(3, 4);

void err_clear(struct err *err);
int err_exit_code(const struct err *err); /* the table of DESIGN 5 */
