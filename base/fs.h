/* Files. Whatever replaces a file is complete or absent (tmp + fsync + rename); removal never
 * follows a link out of a tree. */
#pragma once

#include "base/str.h"
#include "base/err.h"

#include <sys/types.h>

/* Reads a whole file of at most max bytes (a larger one is an error). NUL is appended behind the
 * bytes. */
MUST_CHECK int fs_read(const char *path, size_t max, struct str *out, struct err *err);
/* Replaces path by these bytes, with mode, synced. */
MUST_CHECK int fs_replace(
        const char *path, const void *bytes, size_t n, mode_t mode, struct err *err);
/* Writes an existing file such as one of a cgroup or procfs: no O_CREAT, one write. */
MUST_CHECK int fs_write_attr(const char *path, const char *value, struct err *err);
/* mkdir -p; folders that it makes get mode, those that exist keep theirs. */
MUST_CHECK int fs_mkdirs(const char *path, mode_t mode, struct err *err);
/* rm -rf, beneath path only, not crossing mounts; an absent path is success. */
MUST_CHECK int fs_remove_tree(const char *path, struct err *err);
MUST_CHECK int fs_unlink(const char *path, struct err *err); /* absent is success */
bool fs_exists(const char *path);                            /* lstat */
bool fs_is_dir(const char *path);
/* The length of the next longer leading part of a path, "/a", then "/a/b" of "/a/b", n being that
 * of the one before, at first 0; 0: that was all of it. */
size_t fs_part(const char *path, size_t n);
/* Names in a folder, sorted, without . and ..; an absent folder is an empty list. */
MUST_CHECK int fs_list(const char *path, struct strv *out, struct err *err);
/* The same of an open folder, which is closed in any case. -1 with errno. */
MUST_CHECK int fs_list_fd(int fd, struct strv *out);
/* Free bytes for an unprivileged writer of the file system that holds path. */
MUST_CHECK int fs_free_bytes(const char *path, uint64_t *out, struct err *err);

/* openat2 beneath root_fd, never through a symbolic link; -1 with errno (EXDEV, ELOOP: it would
 * leave). */
int fs_open_beneath(int root_fd, const char *path, int flags, mode_t mode);
