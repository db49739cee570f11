/* What an archive says of one of its entries beside the content, put on what was made of it; and
 * how an entry is refused that no box may hold. */
#pragma once

#include "base/err.h"

#include <archive_entry.h>
#include <time.h>

/* Of an open file or folder: attributes, owner, mode and time. path is for errors. */
MUST_CHECK int entry_metadata(
        int fd, struct archive_entry *entry, const char *path, struct err *err);
struct timespec entry_mtime(struct archive_entry *entry);
/* ERR_FAILED with the path, which may be anybody's words; returns -1. */
int entry_refuse(const char *path, struct err *err, const char *why);
