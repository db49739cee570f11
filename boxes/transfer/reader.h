/* Opening an archive with libarchive. */
#pragma once

#include "base/err.h"

#include <archive.h>
#include <archive_entry.h>

/* A reader of tar with the compressions that libarchive brings itself; the caller frees it
 * (archive_read_free). */
struct archive *unpack_reader(void);
/* The same, of whatever is in the compression, as one entry. */
struct archive *unpack_raw_reader(void);
/* The archive's own words, for an error. Returns -1. */
int unpack_failed(struct archive *a, struct err *err);
/* Names are UTF-8 whatever the user's locale; hand the result to unpack_locale_end. */
void *unpack_locale_begin(void);
void unpack_locale_end(void *saved);
