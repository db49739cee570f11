#include "cli/log_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* A guest that never ends its line must not fill the memory. */
enum { LONGEST_LINE = 32768, BLOCK = 65536, OLD_FILES = 10 };

void log_reader_init(struct log_reader *r, const char *path,
        void (*line)(void *ctx, const char *text, size_t n), void *ctx)
{
	*r = (struct log_reader){
	        .path = xstrdup(path), .fd = -1, .watch = -1, .line = line, .ctx = ctx};
}

void log_reader_clear(struct log_reader *r)
{
	util_close_fd(&r->fd);
	util_close_fd(&r->watch);
	str_clear(&r->partial);
	free(r->path);
}

static int open_log(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	/* Folders of prov's own, but a pipe in them would be waited for. */
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

static int open_newest(struct log_reader *r, struct err *err)
{
	if (r->fd < 0)
		r->fd = open_log(r->path);
	if (r->fd < 0 && errno != ENOENT)
		return err_sys(err, "open '%s'", r->path);
	return 0;
}

int log_reader_watch(struct log_reader *r, struct err *err)
{
	AUTO_FREE char *folder = xstrdup(r->path);
	char *slash = strrchr(folder, '/');

	/* What is written once the watch can be seen is new, however late it is read. */
	if (open_newest(r, err) < 0)
		return -1;
	r->end = r->fd >= 0 ? lseek(r->fd, 0, SEEK_END) : 0;

	if (slash)
		*slash = '\0';
	r->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (r->watch < 0 && errno == EMFILE) {
		err_sys(err, "follow '%s'", r->path);
		return err_hint(
		        err, "sysctl fs.inotify.max_user_instances is how many there can be");
	}
	if (r->watch < 0 ||
	        inotify_add_watch(r->watch, folder,
	                IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR) < 0)
		return err_sys(err, "follow '%s'", r->path);
	return 0;
}

static void take(struct log_reader *r, const char *p, size_t n)
{
	const char *end = p + n;

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		str_addn(&r->partial, p, (size_t)((newline ? newline : end) - p));
		if (newline || r->partial.len > LONGEST_LINE) {
			r->line(r->ctx, str_text(&r->partial), r->partial.len);
			str_reset(&r->partial);
		}
		p = newline ? newline + 1 : end;
	}
}

void log_reader_flush(struct log_reader *r)
{
	if (r->partial.len)
		r->line(r->ctx, str_text(&r->partial), r->partial.len);
	str_reset(&r->partial);
}

static int read_on(struct log_reader *r, struct err *err)
{
	char buf[BLOCK];
	struct stat st;
	ssize_t n;

	/* Emptied by its writer: it begins anew. */
	if (fstat(r->fd, &st) == 0 && st.st_size < lseek(r->fd, 0, SEEK_CUR))
		lseek(r->fd, 0, SEEK_SET);
	while ((n = read(r->fd, buf, sizeof(buf))) > 0)
		take(r, buf, (size_t)n);
	return n < 0 ? err_sys(err, "read '%s'", r->path) : 0;
}

/* Where the last *lines lines before `end` begin; *lines becomes how many are still wanted. */
static off_t find_tail(int fd, off_t end, size_t *lines)
{
	char buf[BLOCK];
	off_t at = end;

	while (at > 0) {
		size_t n = at < BLOCK ? (size_t)at : BLOCK;
		at -= (off_t)n;
		if (pread(fd, buf, n, at) != (ssize_t)n)
			return 0;
		for (size_t i = n; i-- > 0;) {
			/* The end of the last line does not begin another one. */
			if (buf[i] != '\n' || at + (off_t)i + 1 == end)
				continue;
			if (--*lines == 0)
				return at + (off_t)i + 1;
		}
	}
	*lines -= end > 0;
	return 0;
}

static bool same_file(int a, int b)
{
	struct stat one, other;

	return a >= 0 && b >= 0 && fstat(a, &one) == 0 && fstat(b, &other) == 0 &&
	        one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* Old ones that exist, newest first. prov-mon keeps FILE.1, virtlogd FILE.0, FILE.1, … One that
 * was the newest a moment ago is not an old one too. */
static size_t open_old(const struct log_reader *r, int fds[OLD_FILES])
{
	size_t n = 0;

	for (int i = 0; i < OLD_FILES; i++) {
		AUTO_FREE char *old = xasprintf("%s.%d", r->path, i);
		AUTO_FD int fd = open_log(old);
		if (fd >= 0 && !same_file(fd, r->fd))
			fds[n++] = util_steal_fd(&fd);
	}
	return n;
}

/* A new file took the name: the rest of the old one comes first. */
static int reopen(struct log_reader *r, struct err *err)
{
	AUTO_FD int fd = open_log(r->path);

	if (fd < 0 || same_file(fd, r->fd))
		return 0;
	if (r->fd >= 0 && read_on(r, err) < 0)
		return -1;
	util_close_fd(&r->fd);
	r->fd = util_steal_fd(&fd);
	return read_on(r, err);
}

/* The last of the newest file, then of those before it, as far back as lines are wanted. */
static size_t seek_back(const struct log_reader *r, const int *old, size_t n, size_t lines)
{
	off_t end = r->watch >= 0 ? r->end : r->fd >= 0 ? lseek(r->fd, 0, SEEK_END) : 0;
	size_t from;

	if (lines == SIZE_MAX)
		end = 0;
	else if (lines && r->fd >= 0)
		end = find_tail(r->fd, end, &lines);
	if (r->fd >= 0)
		lseek(r->fd, end, SEEK_SET);
	for (from = 0; from < n && lines; from++)
		if (lines != SIZE_MAX)
			lseek(old[from],
			        find_tail(old[from], lseek(old[from], 0, SEEK_END), &lines),
			        SEEK_SET);
	return from;
}

int log_reader_print(struct log_reader *r, size_t lines, struct err *err)
{
	int old[OLD_FILES];

	if (open_newest(r, err) < 0)
		return -1;
	size_t n = open_old(r, old), from = seek_back(r, old, n, lines);
	int newest = r->fd, rc = 0;
	while (rc == 0 && from-- > 0) {
		r->fd = old[from];
		rc = read_on(r, err);
	}
	r->fd = newest;
	for (size_t i = 0; i < n; i++)
		close(old[i]);
	if (rc == 0 && r->fd >= 0)
		rc = read_on(r, err);
	/* One that took the name before the watch was there says nothing of it. */
	return rc == 0 && r->watch >= 0 ? reopen(r, err) : rc;
}

int log_reader_more(struct log_reader *r, struct err *err)
{
	_Alignas(struct inotify_event) char buf[4096];
	const char *name = strrchr(r->path, '/') + 1;
	ssize_t n;

	while ((n = read(r->watch, buf, sizeof(buf))) > 0)
		for (char *p = buf; p < buf + n;) {
			const struct inotify_event *e = (const void *)p;
			p += sizeof(*e) + e->len;
			if (!e->len || !str_eq(e->name, name))
				continue;
			r->closed = e->mask & IN_CLOSE_WRITE;
			if (e->mask & (IN_CREATE | IN_MOVED_TO) && reopen(r, err) < 0)
				return -1;
		}
	return r->fd >= 0 ? read_on(r, err) : 0;
}
