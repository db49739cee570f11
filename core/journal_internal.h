/* What the parts of the journal share: journal.c (file, lock, appending), journal_fold.c (lines to
 * state), journal_busy.c (who holds it). */
#pragma once

#include "core/journal.h"

#include <jansson.h>
#include <sys/types.h>

#define JOURNAL_FORMAT 1

struct journal {
	int fd;
	char *path;
	char boot_id[BOOT_ID_LEN + 1]; /* of now */
	off_t end;                     /* all before it is whole lines */
	bool unsynced;                 /* a header was appended since the last sync */
	struct journal_state state;
};

/* CRC SPACE JSON NEWLINE; the CRC is that of zlib and Ethernet. */
void journal_line(struct str *out, const char *json);
/* The one place where a line changes the state. -1: it is not a line of a journal. */
int journal_fold(struct journal_state *state, json_t *line);
/* Folds a whole file; returns the length without a torn tail. */
size_t journal_fold_file(struct journal_state *state, const char *bytes, size_t n);
/* ERR_BUSY with the name of the process that holds the lock of the file behind fd. */
int journal_busy(int fd, const char *path, struct err *err);
/* Returns when the process that holds it has ended, or the time is over. */
void journal_await_holder(int fd, int64_t timeout_ns);
