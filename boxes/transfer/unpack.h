/*
 * Unpacking an archive that may come from anyone. Every path is resolved beneath the target folder
 * without following a link (openat2), so that "..", absolute paths, a link followed by a path
 * through it and hard links to the outside are refused, by name; so are device nodes and attributes
 * that overlayfs would act on. Owner, mode, time, attributes and hard links are kept.
 */
#pragma once

#include "boxes/transfer/reader.h"
#include "boxes/transfer/job.h"

struct unpack_limits {
	int64_t entries; /* more are refused */
	int64_t bytes;   /* of all files, unpacked */
	int64_t ratio;   /* unpacked to packed bytes, looked at once 64 MiB are unpacked */
};
extern const struct unpack_limits unpack_defaults;

struct unpack_dir;
struct unpack {
	const struct box_job *job;
	const struct unpack_limits *limits;
	struct job_meter *meter; /* of packed bytes; NULL: none */
	int root;
	int64_t entries, bytes;
	size_t skipped; /* device nodes below /dev */
	struct unpack_dir *dirs;
	size_t n_dirs, cap_dirs;
};

/* dir must exist and be empty. */
MUST_CHECK int unpack_begin(
        struct unpack *u, const struct box_job *job, const char *dir, struct err *err);
MUST_CHECK int unpack_entry(
        struct unpack *u, struct archive *a, struct archive_entry *entry, struct err *err);
/* What the entry that was read last holds, all of its size bytes, into a file that is empty; path
 * names it in errors. Of u, job, limits and meter alone are needed. */
MUST_CHECK int unpack_content(struct unpack *u, struct archive *a, int fd, const char *path,
        int64_t size, struct err *err);
/* Every entry that is left in the archive. */
MUST_CHECK int unpack_rest(struct unpack *u, struct archive *a, struct err *err);
/* Folders get their modes and times, which entries behind them would have changed. */
MUST_CHECK int unpack_finish(struct unpack *u, struct err *err);
void unpack_end(struct unpack *u); /* after success and failure */
