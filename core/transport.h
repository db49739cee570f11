/*
 * How prov acts inside a machine: over SSH (libssh) or by entering a container. Two
 * implementations, one contract.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

struct transport_cmd {
	const char *const *argv; /* executed as given, without a shell */
	const char *const *env;  /* "K=V", added to the machine's own; NULL: none */
	const char *user;   /* a name or a number, in a container also USER:GROUP; NULL: root */
	const char *cwd;    /* NULL: the user's home */
	int in_fd;          /* -1: empty */
	int out_fd, err_fd; /* used where output is NULL */
	void (*output)(void *ctx, int stream, const char *data,
	        size_t n); /* called as bytes arrive, stream 1 or 2 */
	void *ctx;
	int64_t timeout_ns; /* 0: none; then everything the command started is killed where the
	                       transport can */
	const volatile int *stop; /* non-zero: give up with ERR_INTERRUPTED; NULL: never */
};

struct transport_file {
	const char *source;      /* file or folder */
	const char *destination; /* absolute; a missing parent folder is created */
	int mode; /* of a file; -1: as at the source. Folders and what is in them keep theirs */
	const char *owner; /* "user[:group]"; NULL: root */
	/* put adds the paths of what it leaves out of a folder: sockets, FIFOs and devices, which
	 * mean nothing in another machine. NULL: nobody asks. */
	struct strv *skipped;
	bool no_follow; /* put: a source that is a symbolic link is refused */
};

struct transport;

struct transport_ops {
	/* 0: it ran, see *status (exit code; 128 + n if signal n ended it; 126 not executable or
	 * cwd cannot be entered, 127 not found). An out_fd that nobody reads any more ends it by
	 * SIGPIPE. -1: it could not be run (no such user, …), or the limit passed. */
	int (*run)(
	        struct transport *t, const struct transport_cmd *cmd, int *status, struct err *err);
	/* Copies host to machine and machine to host, modes kept. */
	int (*put)(struct transport *t, const struct transport_file *file, struct err *err);
	int (*get)(struct transport *t, const struct transport_file *file, struct err *err);
	/*
	 * Interactive: a terminal in the machine joined to this process's, window size followed,
	 * raw mode restored on every way out. cmd->argv NULL: the user's login shell; there a user
	 * of NULL is the machine's login user. The in/out/err fields are ignored.
	 */
	int (*shell)(
	        struct transport *t, const struct transport_cmd *cmd, int *status, struct err *err);
	void (*close)(struct transport *t); /* frees */
};

/* Implementations embed it as their first member. */
struct transport {
	const struct transport_ops *ops;
};

/*
 * Runs a command of prov's own and keeps what it prints: its exit code as run tells it, -1 where it
 * could not be run. out and errors may be the same; NULL drops what comes there, and each takes 4
 * MiB at most. What cmd says of its output is ignored.
 */
MUST_CHECK int transport_ask(struct transport *t, const struct transport_cmd *cmd, struct str *out,
        struct str *errors, struct err *err);
