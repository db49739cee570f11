/*
 * A log file that somebody else writes and, when it is full, renames to FILE.1 (prov-mon) or FILE.0
 * (virtlogd): read line by line, the old ones first, and followed by inotify(7).
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

struct log_reader {
	char *path;
	int fd;             /* of the newest; -1: there is none yet */
	int watch;          /* inotify; -1: it is not followed */
	off_t end;          /* of the newest, when the watch was made */
	bool closed;        /* its writer closed the newest one */
	struct str partial; /* a line whose end has not come yet */
	/* Called with each line, without its end. */
	void (*line)(void *ctx, const char *text, size_t n);
	void *ctx;
};

void log_reader_init(struct log_reader *r, const char *path,
        void (*line)(void *ctx, const char *text, size_t n), void *ctx);
void log_reader_clear(struct log_reader *r);
/* From now on r->watch is readable when something happened to the file. Before log_reader_print,
 * which then takes what is written from here on for new: all of it is printed, after the last lines
 * of what there was. */
MUST_CHECK int log_reader_watch(struct log_reader *r, struct err *err);
/* The last `lines` of what there is, the old files included; SIZE_MAX: all. An absent file is
 * empty.
 */
MUST_CHECK int log_reader_print(struct log_reader *r, size_t lines, struct err *err);
/* What has been added since; call it when r->watch is readable. */
MUST_CHECK int log_reader_more(struct log_reader *r, struct err *err);
/* The last line, where it has no end. */
void log_reader_flush(struct log_reader *r);
