/*
 * A container's supervisor, outside it and its parent: writes what PID 1 prints to a log of limited
 * size and stores how it ended.
 *
 *   prov-mon PID LOG STATUS [terminal]    with 3 = read end of the log pipe, 4 = commit pipe
 *
 * With "terminal", 3 is a socket from which the master of PID 1's terminal comes; it is held as
 * long as the container runs, and what is written there is the log.
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
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
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
	int terminal;
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

/* A terminal ends its lines with two bytes. */
static size_t drop_returns(char *buf, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (buf[i] != '\r')
			buf[k++] = buf[i];
	return k;
}

/* False at the end, or where nothing is there. */
static int take_output(struct mon *m)
{
	char buf[4096];
	ssize_t n = read(FD_LOG, buf, sizeof(buf));

	if (n > 0)
		keep(m, buf, m->terminal ? drop_returns(buf, (size_t)n) : (size_t)n);
	return n > 0;
}

/*
 * The socket becomes the terminal's master. The other end is held open as well: while nobody had it
 * open, the master would be at its end again and again. Until the master comes there is no output.
 */
static int take_terminal(void)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char name[64];
	struct iovec io = {name, sizeof(name)};
	struct msghdr message = {.msg_iov = &io,
	        .msg_iovlen = 1,
	        .msg_control = control.bytes,
	        .msg_controllen = sizeof(control.bytes)};
	int master;

	if (recvmsg(FD_LOG, &message, MSG_CMSG_CLOEXEC) <= 0 || !message.msg_controllen)
		return 0;
	memcpy(&master, CMSG_DATA(&control.header), sizeof(master));
	dup2(master, FD_LOG);
	close(master);
	ioctl(FD_LOG, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	fcntl(FD_LOG, F_SETFL, O_NONBLOCK);
	return 1;
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

/*
 * The end of the first process by SIGHUP or SIGINT is reboot(2) in its PID namespace, to start
 * again or not: no sender's signal ends it that it does not handle. Either is a good end.
 */
static size_t describe_end(char *out, int status)
{
	static const char again[] = STATUS_REBOOTED "\n";
	int by = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (by == SIGHUP) {
		memcpy(out, again, sizeof(again) - 1);
		return sizeof(again) - 1;
	}
	return put_number(out, by == SIGINT ? 0 : by ? 128U + (unsigned)by : WEXITSTATUS(status));
}

static void store_status(const struct mon *m, int status)
{
	char tmp[4096], text[16];
	size_t n = strlen(m->status_path);

	if (n + 5 > sizeof(tmp))
		return;
	memcpy(tmp, m->status_path, n);
	memcpy(tmp + n, ".tmp", 5);
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	size_t len = describe_end(text, status);
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

	if (argc != 4 && argc != 5)
		return 2;
	m.pid = atoi(argv[1]);
	m.log_path = argv[2];
	m.status_path = argv[3];
	m.terminal = argc == 5;
	if (!m.terminal)
		fcntl(FD_LOG, F_SETFL, O_NONBLOCK);
	open_log(&m);
	struct pollfd fds[3] = {{FD_LOG, POLLIN, 0}, {FD_COMMIT, POLLIN, 0},
	        {(int)syscall(SYS_pidfd_open, m.pid, 0), POLLIN, 0}};
	int waiting = m.terminal; /* for the master */
	while (poll(fds, 3, -1) >= 0) {
		if (fds[2].revents)
			end_of_container(&m);
		if (fds[0].revents && waiting)
			waiting = !take_terminal() && fds[0].revents & POLLIN;
		else if (fds[0].revents && !take_output(&m) && !(fds[0].revents & POLLIN))
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
