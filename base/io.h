/* What goes through a descriptor. */
#pragma once

#include "base/str.h"
#include "base/err.h"

#include <sys/types.h>

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
/* Sends fd together with n bytes (one at least) through a unix(7) socket, by sendmsg(2) alone. How
 * many bytes were sent; -1 with errno. */
ssize_t io_send_fd(int socket, int fd, const void *bytes, size_t n);
