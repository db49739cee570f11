/* Paths of an archive below a folder: never above it, never through a link (openat2:
 * RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, see openat2(2)). */
#pragma once

#include "base/err.h"

int beneath_open(
        int root, const char *path, int flags); /* -1 with errno; ELOOP: a link on the way */
/*
 * Opens the folder that path lies in (O_PATH), making what is missing where made is given (0755,
 * called with each new folder's path). *name points into path.
 */
MUST_CHECK int beneath_parent(int root, const char *path, const char **name,
        void (*made)(void *ctx, const char *path), void *ctx, struct err *err);
