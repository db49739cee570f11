#include "provisioners/tar_write.h"

#include "base/fs.h"
#include "base/io.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK 512

/* tar(5). */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
	char magic[8], uname[32], gname[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a tar header is one block");

struct job {
	int folder, out;
	uint32_t uid, gid;
};

/* Octal, or binary as GNU tar and POSIX pax readers take it where that is too short. */
static void number(char *field, size_t n, uint64_t value)
{
	if (value >> (3 * (n - 1)) == 0) {
		for (size_t i = n - 1; i-- > 0; value >>= 3)
			field[i] = (char)('0' + (value & 7));
		return;
	}
	for (size_t i = n; i-- > 1; value >>= 8)
		field[i] = (char)(value & 255);
	field[0] = (char)0x80;
}

static bool write_block(const struct job *job, struct header *h)
{
	unsigned sum = 0;

	memcpy(h->magic, "ustar  ", 8);
	memset(h->checksum, ' ', sizeof(h->checksum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += ((unsigned char *)h)[i];
	snprintf(h->checksum, sizeof(h->checksum), "%06o", sum);
	return io_write_all(job->out, h, sizeof(*h), NULL) == 0;
}

static bool pad(const struct job *job, uint64_t size)
{
	static const char zeros[BLOCK];

	return io_write_all(job->out, zeros, (size_t)(-size & (BLOCK - 1)), NULL) == 0;
}

/* A name that the header has no room for comes before it, as an entry of type L or K. */
static bool write_long(const struct job *job, char type, const char *text)
{
	struct header h = {.name = "././@LongLink", .type = type};
	size_t n = strlen(text) + 1;

	number(h.mode, sizeof(h.mode), 0644);
	number(h.uid, sizeof(h.uid), 0);
	number(h.gid, sizeof(h.gid), 0);
	number(h.mtime, sizeof(h.mtime), 0);
	number(h.size, sizeof(h.size), n);
	return write_block(job, &h) && io_write_all(job->out, text, n, NULL) == 0 && pad(job, n);
}

static bool write_header(
        const struct job *job, const struct tree_entry *e, const struct stat *st, const char *link)
{
	static const char types[] = {['d'] = '5', ['f'] = '0', ['l'] = '2'};
	AUTO_FREE char *name = xasprintf("./%s%s", e->path, e->type == 'd' ? "/" : "");
	struct header h = {.type = types[(unsigned char)e->type]};
	int64_t mtime = st->st_mtim.tv_sec;

	if (strlen(name) > sizeof(h.name) && !write_long(job, 'L', name))
		return false;
	if (link && strlen(link) > sizeof(h.link) && !write_long(job, 'K', link))
		return false;
	memcpy(h.name, name, strnlen(name, sizeof(h.name)));
	if (link)
		memcpy(h.link, link, strnlen(link, sizeof(h.link)));
	number(h.mode, sizeof(h.mode), st->st_mode & 0777);
	number(h.uid, sizeof(h.uid), job->uid);
	number(h.gid, sizeof(h.gid), job->gid);
	number(h.size, sizeof(h.size), e->type == 'f' ? (uint64_t)st->st_size : 0);
	number(h.mtime, sizeof(h.mtime), mtime > 0 ? (uint64_t)mtime : 0);
	return write_block(job, &h);
}

static bool write_content(const struct job *job, int fd, uint64_t size)
{
	static char buf[65536];
	uint64_t left = size;

	while (left) {
		size_t want = left < sizeof(buf) ? (size_t)left : sizeof(buf);
		ssize_t n = read(fd, buf, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			memset(buf, 0, want);
			n = (ssize_t)want;
		}
		if (io_write_all(job->out, buf, (size_t)n, NULL) < 0)
			return false;
		left -= (uint64_t)n;
	}
	return pad(job, size);
}

static bool write_link(const struct job *job, const struct tree_entry *e)
{
	AUTO_FD int fd = fs_open_beneath(job->folder, e->path, O_PATH | O_NOFOLLOW, 0);
	char target[4096];
	struct stat st;

	ssize_t n = fd < 0 || fstat(fd, &st) < 0 || !S_ISLNK(st.st_mode)
	        ? -1
	        : readlinkat(fd, "", target, sizeof(target) - 1);
	if (n < 0)
		return true;
	target[n] = '\0';
	return write_header(job, e, &st, target);
}

static bool write_entry(const struct job *job, const struct tree_entry *e)
{
	struct stat st;

	if (e->type == 'l')
		return write_link(job, e);
	int flags = e->type == 'd' ? O_PATH | O_DIRECTORY : O_RDONLY | O_NONBLOCK | O_NOCTTY;
	AUTO_FD int fd = fs_open_beneath(job->folder, e->path, flags, 0);
	if (fd < 0 || fstat(fd, &st) < 0 || (e->type == 'f' && !S_ISREG(st.st_mode)))
		return true;
	return write_header(job, e, &st, NULL) &&
	        (e->type == 'd' || write_content(job, fd, (uint64_t)st.st_size));
}

/* Of a process with one thread: its memory is a copy. */
static _Noreturn void child(const struct job *job, const struct tree_list *entries)
{
	static const char end[2 * BLOCK];

	proc_serve_pipe();
	for (size_t i = 0; i < entries->n; i++)
		if (!write_entry(job, &entries->v[i]))
			_exit(1);
	_exit(io_write_all(job->out, end, sizeof(end), NULL) < 0 ? 1 : 0);
}

int tar_write_begin(struct tar_writer *w, int folder, const struct tree_list *entries, uint32_t uid,
        uint32_t gid, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	const struct job job = {folder, ends[1], uid, gid};
	w->pid = fork();
	if (w->pid == 0) {
		close(ends[0]);
		child(&job, entries);
	}
	close(ends[1]);
	w->fd = ends[0];
	if (w->pid < 0) {
		err_sys(err, "start a process that reads the folder");
		close(w->fd);
		return -1;
	}
	return 0;
}

int tar_write_end(struct tar_writer *w, bool broken, struct err *err)
{
	int status = 0;

	close(w->fd);
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (broken || proc_exit_status(status) == 0)
		return 0;
	return err_set(
	        err, ERR_FAILED, "reading the folder ended with %d", proc_exit_status(status));
}
