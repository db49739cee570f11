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

struct tree_sum {
	char digest[DIGEST_HEX_LEN + 1];
	int64_t bytes;  /* of regular files, each once */
	int64_t inodes; /* hard links counted once, the root included */
};

/* ERR_FAILED for what no box may hold: a socket. */
MUST_CHECK int tree_digest(
        const struct box_job *job, const char *root, struct tree_sum *out, struct err *err);

/* Sets access and modification time of every entry to whole seconds, none later than epoch, so that
 * building twice gives the same tree. */
MUST_CHECK int tree_settle(const char *root, int64_t epoch, struct err *err);
