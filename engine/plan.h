/*
 * A container as plain data, The parent computes
 * everything; the cloned child walks the lists and takes no decisions.
 */
#pragma once

#include "base/str.h"

#include <sys/types.h>

enum fs_op {
	FS_MOUNT,    /* a new file system of type `type` on path, which is made where missing */
	FS_NODE,     /* a character device, mode 0666 */
	FS_LINK,     /* a symbolic link to source */
	FS_READONLY, /* path becomes read-only; absent is fine */
	FS_MASK,     /* path becomes empty; absent is fine */
};

/* One thing in the new root's file tree, in the order in which they are made. */
struct fs_row {
	enum fs_op op;
	const char *path; /* absolute, inside */
	const char *source;
	const char *type;
	unsigned long flags; /* MS_… */
	const char *data;
	unsigned major, minor;
};

struct container_plan {
	uint64_t namespaces; /* CLONE_NEW… */
	char *root;          /* folder of the host where the overlay is mounted, unseen by it */
	char *overlay;       /* its options */
	const struct fs_row *rows;
	size_t n_rows;
	char *hostname;
	uint64_t capabilities;
	bool guest_init;   /* argv is that of prov-init, which is executed from the host's file */
	bool reports_exec; /* prov-init tells whether the command could be executed */
	bool log;          /* output of PID 1 is kept, so prov-mon is its parent */
	struct strv argv, env;
	char *console, *status; /* files of prov-mon */
};

enum { PLAN_REPORT_FD = 3 }; /* where prov-init finds the pipe for reports_exec */

void container_plan_clear(struct container_plan *plan);

/* Options of an overlay mount (kernel: filesystems/overlayfs.rst), names escaped. */
void overlay_options(const char *lower, const char *upper, const char *work, struct str *out);
