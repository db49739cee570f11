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
/* Names in a folder, sorted, without . and ..; an absent folder is an empty list. */
MUST_CHECK int fs_list(const char *path, struct strv *out, struct err *err);
/* Free bytes for an unprivileged writer of the file system that holds path. */
MUST_CHECK int fs_free_bytes(const char *path, uint64_t *out, struct err *err);

/* openat2 beneath root_fd, never through a symbolic link; -1 with errno (EXDEV, ELOOP: it would
 * leave). */
int fs_open_beneath(int root_fd, const char *path, int flags, mode_t mode);

MUST_CHECK int io_write_all(int fd, const void *bytes, size_t n, struct err *err);
/* Reads until n bytes, end of file or error; returns the count or -1. */
ssize_t io_read_full(int fd, void *buf, size_t n);
/* All that a regular file holds, at most max bytes of it; -1 with errno, EINVAL for anything else
 * (a pipe, a device), which in a place that others write to could hold us up. Such a place is
 * opened with O_NONBLOCK. */
MUST_CHECK int io_read_plain(int fd, size_t max, struct str *out);
/* How much a pipe holds now. Whoever goes on writing to it has no end that could be awaited. */
size_t io_pending(int fd);
MUST_CHECK int io_set_cloexec(int fd, bool on, struct err *err);
