/*
 * A root file system as a tree of files: its canonical digest, by which the store names it.
 *
 * The digest covers, for every entry in the order of a walk with each folder's names sorted
 * bytewise: path, type, mode, owner, modification time, extended attributes, link target, device
 * number, the first path of its hard-link group, and the SHA-256 of a regular file's content. Not
 * covered: access and change times, inode numbers, SELinux labels (the host's, not the box's).
 */
#pragma once

#include "base/digest.h"
#include "boxes/transfer/job.h"

#include <sys/types.h>

struct tree_sum {
	char digest[DIGEST_HEX_LEN + 1];
	int64_t bytes;  /* of regular files, each once */
	int64_t inodes; /* hard links counted once, the root included */
};

/* ERR_FAILED for what no box may hold: a socket. */
MUST_CHECK int tree_digest(
        const struct box_job *job, const char *root, struct tree_sum *out, struct err *err);

/*
 * Calls visit for each entry, a folder before what is in it, names sorted bytewise. path is
 * relative to the root, whose own is ""; dir and name open it. Stops at the first error.
 */
struct stat;
typedef int tree_visit(void *ctx, int dir, const char *name, const char *path,
        const struct stat *st, struct err *err);
MUST_CHECK int tree_walk(const char *root, tree_visit *visit, void *ctx, struct err *err);
/* Opens an entry without leaving a trace in its access time, where that is allowed (to the owner):
 * the disk is made with these times. */
int tree_open(int dir, const char *name, int flags);
/* Extended attributes of an entry that belong to a box, sorted; an empty list where there are none.
 */
MUST_CHECK int tree_xattrs(int dir, const char *name, struct strv *out, struct err *err);
/* The value of one, at most max bytes; -1: it cannot be read. */
ssize_t tree_xattr(int dir, const char *name, const char *attribute, void *value, size_t max);

/* Files with several names: under which path each was met first. A zeroed struct is empty. */
struct link_table {
	struct linked *slots;
	size_t n, cap;
};
/* NULL: not met before; it is remembered now. */
const char *link_table_first(struct link_table *table, const struct stat *st, const char *path);
void link_table_clear(struct link_table *table);

/* Sets access and modification time of every entry to whole seconds, none later than epoch, so that
 * building twice gives the same tree. */
MUST_CHECK int tree_settle(const char *root, int64_t epoch, struct err *err);
