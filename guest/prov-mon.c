/*
 * A container's supervisor, outside it and its parent: writes what PID 1 prints to a log of limited
 * size and stores how it ended.
 *
 *   prov-mon PID LOG STATUS    with 3 = read end of the log pipe, 4 = commit pipe
 *
 * A byte on the commit pipe says that the container is started and recorded; it is answered by a
 * new name and by closing the pipe. Its end without a byte says that prov was killed meanwhile:
 * then the container goes, and no file is written.
 */
#include "guest/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_MAX (10l << 20) /* then it becomes LOG.1, which is the only old one kept */

enum { FD_LOG = 3, FD_COMMIT = 4 };

struct mon {
	pid_t pid;
	const char *log_path, *status_path;
	int log;
	long written;
	int committed;
};

static void open_log(struct mon *m)
{
	struct stat st;

	m->log = open(m->log_path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	m->written = m->log >= 0 && fstat(m->log, &st) == 0 ? (long)st.st_size : 0;
}

static void rotate(struct mon *m)
{
	char old[4096];
	size_t n = strlen(m->log_path);

	if (n + 3 > sizeof(old))
		return;
	memcpy(old, m->log_path, n);
	memcpy(old + n, ".1", 3);
	rename(m->log_path, old);
	close(m->log);
	open_log(m);
}

/* What cannot be written (disk full) is lost: the container must never block on its log. */
static void keep(struct mon *m, const char *p, size_t n)
{
	if (m->written + (long)n > LOG_MAX)
		rotate(m);
	while (n) {
		ssize_t k = write(m->log, p, n);
		if (k <= 0)
			return;
		m->written += k;
		p += k;
		n -= (size_t)k;
	}
}

/* False at the end, or where nothing is there. */
static int take_output(struct mon *m)
{
	char buf[4096];
	ssize_t n = read(FD_LOG, buf, sizeof(buf));

	if (n > 0)
		keep(m, buf, (size_t)n);
	return n > 0;
}

static size_t put_number(char *out, unsigned value)
{
	char digits[12];
	size_t n = 0, k = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while (value /= 10);
	while (n)
		out[k++] = digits[--n];
	out[k++] = '\n';
	return k;
}

static void store_status(const struct mon *m, int status)
{
	char tmp[4096], text[16];
	size_t n = strlen(m->status_path);
	int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);

	if (n + 5 > sizeof(tmp))
		return;
	memcpy(tmp, m->status_path, n);
	memcpy(tmp + n, ".tmp", 5);
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	size_t len = put_number(text, (unsigned)code);
	if (fd >= 0 && write(fd, text, len) == (ssize_t)len)
		rename(tmp, m->status_path);
	else
		unlink(tmp);
}

static void take_commit(struct mon *m)
{
	char go;

	m->committed = read(FD_COMMIT, &go, 1) == 1;
	if (m->committed)
		prctl(PR_SET_NAME, COMM_COMMITTED);
	close(FD_COMMIT);
}

static void end_of_container(struct mon *m)
{
	int status = 0;

	waitpid(m->pid, &status, 0);
	while (take_output(m))
		;
	/* The word may come after a command that ends at once. */
	if (!m->committed)
		take_commit(m);
	if (m->committed)
		store_status(m, status);
	_exit(0);
}

int main(int argc, char **argv)
{
	struct mon m = {.log = -1};

	if (argc != 4)
		return 2;
	m.pid = atoi(argv[1]);
	m.log_path = argv[2];
	m.status_path = argv[3];
	fcntl(FD_LOG, F_SETFL, O_NONBLOCK);
	open_log(&m);
	struct pollfd fds[3] = {{FD_LOG, POLLIN, 0}, {FD_COMMIT, POLLIN, 0},
	        {(int)syscall(SYS_pidfd_open, m.pid, 0), POLLIN, 0}};
	while (poll(fds, 3, -1) >= 0) {
		if (fds[2].revents)
			end_of_container(&m);
		if (fds[0].revents && !take_output(&m) && !(fds[0].revents & POLLIN))
			fds[0].fd = -1;
		if (fds[1].revents) {
			take_commit(&m);
			if (!m.committed)
				kill(m.pid, SIGKILL);
			fds[1].fd = -1;
		}
	}
	return 1;
}
