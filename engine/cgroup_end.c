/* The processes of a control group, and their end. */
#include "engine/cgroup.h"

#include "base/clock.h"
#include "base/fs.h"
#include "guest/supervisor.h"
#include "engine/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KILL_LIMIT_NS INT64_C(10000000000) /* a process may hang in the kernel for good */

static void parse_pids(const char *text, pid_t **pids, size_t *n)
{
	for (char *end; *text; text = end + (*end == '\n')) {
		long pid = strtol(text, &end, 10);
		if (end == text)
			break;
		*pids = xrealloc(*pids, *n + 1, sizeof(**pids));
		(*pids)[(*n)++] = (pid_t)pid;
	}
}

int cgroup_pids(
        const struct cgroup_tree *tree, const char *group, pid_t **pids, size_t *n, struct err *err)
{
	*pids = NULL;
	*n = 0;
	/* A process may be in one hierarchy of v1 and not yet in the next. */
	for (size_t i = 0; i < tree->dirs.n && *n == 0; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s/cgroup.procs", tree->dirs.v[i], group);
		AUTO_STR text = {0};
		if (!fs_exists(path))
			continue;
		struct err why;
		if (fs_read(path, 16 << 20, &text, &why) < 0) {
			if (why.sys_errno == ENOENT || why.sys_errno == ENODEV)
				continue;
			if (err)
				*err = why;
			return -1;
		}
		parse_pids(str_text(&text), pids, n);
	}
	return 0;
}

static bool is_named(pid_t pid, const char *const names[2])
{
	char path[32];
	AUTO_STR comm = {0};

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (fs_read(path, 64, &comm, NULL) < 0 || !comm.len)
		return false;
	comm.buf[comm.len - 1] = '\0';
	return str_eq(comm.buf, names[0]) || str_eq(comm.buf, names[1]);
}

/* "NSpid: HOST INSIDE": exactly one namespace further in, and the first there. What was not started
 * to its end is none yet. */
static bool is_init(pid_t pid)
{
	static const char *const not_yet[2] = {COMM_STARTING, COMM_WAITING};
	char path[32];
	AUTO_STR text = {0};
	int host, inside, more;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (fs_read(path, 65536, &text, NULL) < 0)
		return false;
	const char *state = strstr(str_text(&text), "\nState:\t");
	const char *parent = strstr(str_text(&text), "\nPPid:");
	const char *ids = strstr(str_text(&text), "\nNSpid:");
	return state && state[8] != 'Z' && state[8] != 'X' && parent && ids &&
	        sscanf(ids + 1, "NSpid:%d%d%d", &host, &inside, &more) == 2 && inside == 1 &&
	        !str_starts(str_text(&text), "Name:\t" COMM_STARTING "\n") &&
	        !is_named(atoi(parent + 6), not_yet);
}

pid_t cgroup_init(const struct cgroup_tree *tree, const char *group)
{
	AUTO_FREE pid_t *pids = NULL;
	size_t n;

	if (cgroup_pids(tree, group, &pids, &n, NULL) < 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (is_init(pids[i]))
			return pids[i];
	return 0;
}

/* One round: all that are listed get the signal first, then each is waited for. */
static int kill_round(const pid_t *pids, size_t n, int64_t deadline)
{
	AUTO_FREE int *fds = xcalloc(n, sizeof(*fds));
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		fds[i] = process_pidfd(pids[i]);
		if (fds[i] >= 0)
			process_signal(fds[i], SIGKILL);
	}
	for (size_t i = 0; i < n; i++) {
		if (fds[i] >= 0 && rc == 0)
			rc = process_wait(fds[i], deadline, NULL) == WAIT_ENDED ? 0 : -1;
		util_close_fd(&fds[i]);
	}
	return rc;
}

/* A frozen process takes SIGKILL only once it is thawed (v1). */
static void thaw(const struct cgroup_tree *tree, const char *group)
{
	for (size_t i = 0; i < tree->dirs.n; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s/freezer.state", tree->dirs.v[i], group);
		if (fs_exists(path) && fs_write_attr(path, "THAWED", NULL) < 0)
			continue;
	}
}

int cgroup_kill(const struct cgroup_tree *tree, const char *group, struct err *err)
{
	int64_t deadline = clock_mono_ns() + KILL_LIMIT_NS;

	if (tree->v2) {
		/* Since Linux 5.14; without it the rounds below do the same. */
		AUTO_FREE char *path = xasprintf("%s/%s/cgroup.kill", tree->dirs.v[0], group);
		if (fs_exists(path) && fs_write_attr(path, "1", err) < 0)
			return -1;
	}
	for (;;) {
		AUTO_FREE pid_t *pids = NULL;
		size_t n;
		if (cgroup_pids(tree, group, &pids, &n, err) < 0)
			return -1;
		if (n == 0)
			return 0;
		thaw(tree, group);
		if (kill_round(pids, n, deadline) < 0 || clock_mono_ns() > deadline)
			return err_set(err, ERR_FAILED,
			        "%zu processes of the cgroup '%s' do not end (the first is %d)", n,
			        group, pids[0]);
	}
}

/* v2 tells when the last one has left. */
static void wait_empty(const char *dir, int64_t deadline)
{
	AUTO_FREE char *path = xasprintf("%s/cgroup.events", dir);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[256];
	ssize_t n;

	while (fd >= 0 && clock_mono_ns() < deadline &&
	        (n = pread(fd, buf, sizeof(buf) - 1, 0)) > 0) {
		buf[n] = '\0';
		if (strstr(buf, "populated 0"))
			return;
		struct pollfd events = {fd, POLLPRI, 0};
		poll(&events, 1, 100);
	}
}

static int remove_dir(const char *dir, bool v2, struct err *err)
{
	int64_t deadline = clock_mono_ns() + KILL_LIMIT_NS;

	while (rmdir(dir) < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY || clock_mono_ns() > deadline)
			return err_sys(err, "remove the cgroup '%s'", dir);
		if (v2)
			wait_empty(dir, deadline);
		else
			poll(NULL, 0,
			        1); /* the last of them is still leaving, and v1 tells nobody */
	}
	return 0;
}

int cgroup_remove(const struct cgroup_tree *tree, const char *group, struct err *err)
{
	for (size_t i = 0; i < tree->dirs.n; i++) {
		AUTO_FREE char *dir = xasprintf("%s/%s", tree->dirs.v[i], group);
		if (remove_dir(dir, tree->v2, err) < 0)
			return -1;
	}
	return 0;
}
