/* What the suites of the boxes share: a home of one's own, a sink that remembers, archives made to
 * order. */
#pragma once

#include "boxes/transfer/ops.h"
#include "boxes/transfer/unpack.h"
#include "tests/fake/check_util.h"

#include <sys/stat.h>

struct tar_entry {
	const char *path;
	mode_t type;         /* S_IFREG … */
	const char *content; /* of a file; target of a symbolic link */
	const char *hard;    /* this one is a hard link to that path */
	mode_t mode;         /* 0: 0644, folders 0755 */
	const char *xattr;   /* a name; its value is "v" */
	int64_t size;        /* of a sparse file without content; 0: by content */
};

struct fixture {
	char *dir, *home;
	struct event_sink sink;
	struct str notes; /* text of every note, stages and output, a line each */
	volatile int stop;
	struct box_job job;
};

void fixture_begin(struct fixture *f);
void fixture_end(struct fixture *f);
char *fixture_path(const struct fixture *f, const char *name); /* the caller frees */

/* Writes a tar at path; format "" is pax; compressed where its name ends in .gz or .zst. Owners are
 * the caller's. */
void tar_write(const char *path, const struct tar_entry *entries, size_t n);
/* Text of the file at path, which the caller clears. */
void file_text(const char *path, struct str *out);
void file_write(const char *path, const void *bytes, size_t n);
/* Says why a test does not run; a failure where every test must run. */
void skip(const char *why);
/* Nothing but the folders themselves is in the store. */
void store_is_empty(const struct fixture *f);
