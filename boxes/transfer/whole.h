/*
 * Whether a compressed archive is whole. A reader of tar stops at the archive's end, before the
 * check sum of what packs it, and libarchive looks at none of gzip's.
 */
#pragma once

#include "boxes/transfer/job.h"

/* Reads fd from its start to its end; what is not compressed passes. ERR_FAILED: damaged. */
MUST_CHECK int whole_check(const struct box_job *job, int fd, struct err *err);
