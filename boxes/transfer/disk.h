/* The disk of a box, from the same tree as its rootfs, without mounting anything. */
#pragma once

#include "boxes/transfer/stage.h"

struct disk_plan {
	const char *tree;
	const struct tree_sum *sum;
	int64_t size; /* of the file system, bytes; the disk is grown per machine */
	int64_t epoch;
};

/* An ext4 image (mke2fs -d) as a compressed qcow2 at path. The same tree gives the same bytes. */
MUST_CHECK int disk_make(
        const struct stage *stage, const struct disk_plan *plan, const char *path, struct err *err);
