/* The processes of a control group, and their end. */
#include "engine/cgroup/cgroup_file.h"

#include "base/clock.h"
#include "base/fs.h"
#include "engine/process.h"
#include "guest/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

struct pid_list {
	pid_t *v;
	size_t n;
};

static int add_pids(void *ctx, const char *dir, struct err *err)
{
	struct pid_list *list = ctx;
	AUTO_FREE char *path = xasprintf("%s/cgroup.procs", dir);
	AUTO_STR text = {0};
	struct err why;

	if (fs_read(path, 16 << 20, &text, &why) == 0) {
		parse_pids(str_text(&text), &list->v, &list->n);
		return 0;
	}
	/* It is gone; or it holds threads alone, which their process's group lists. */
	if (why.sys_errno == ENOENT || why.sys_errno == ENODEV || why.sys_errno == EOPNOTSUPP)
		return 0;
	if (err)
		*err = why;
	return -1;
}

/* A process may be in one hierarchy of v1 and not yet in the next. */
int cgroup_pids(
        const struct cgroup_tree *tree, const char *group, pid_t **pids, size_t *n, struct err *err)
{
	struct pid_list list = {0};

	*pids = NULL;
	*n = 0;
	for (size_t i = 0; i < tree->dirs.n && list.n == 0; i++) {
		AUTO_FREE char *dir = cgroup_dir(tree, i, group);
		if (cgroup_walk(dir, add_pids, &list, err) < 0) {
			free(list.v);
			return -1;
		}
	}
	*pids = list.v;
	*n = list.n;
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

/* A container may call itself anything: only what still executes this very program is not started
 * to its end. */
static bool is_starting(pid_t pid, const char *status)
{
	char path[32];
	struct stat its, own;

	if (!str_starts(status, "Name:\t" COMM_STARTING "\n"))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return stat(path, &its) < 0 || stat("/proc/self/exe", &own) < 0 ||
	        (its.st_dev == own.st_dev && its.st_ino == own.st_ino);
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
	        !is_starting(pid, str_text(&text)) && !is_named(atoi(parent + 6), not_yet);
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

/* A frozen process takes SIGKILL only once it is thawed (v1). */
static void thaw(const struct cgroup_tree *tree, const char *group)
{
	AUTO_FREE char *path = cgroup_file(tree, group, CG_FREEZER, "freezer.state", NULL);

	if (path && fs_write_attr(path, "THAWED", NULL) < 0)
		return;
}

/* Pidfds of the group's processes, opened before the second look at who is in it: from then on each
 * of them is that very process. */
static void open_members(
        const struct cgroup_tree *tree, const char *group, const pid_t *pids, size_t n, int *fds)
{
	AUTO_FREE pid_t *now = NULL;
	size_t n_now = 0;

	for (size_t i = 0; i < n; i++)
		fds[i] = process_pidfd(pids[i]);
	if (cgroup_pids(tree, group, &now, &n_now, NULL) < 0)
		n_now = 0;
	for (size_t i = 0; i < n; i++) {
		bool member = false;
		for (size_t k = 0; !member && k < n_now; k++)
			member = now[(i + k) % n_now] == pids[i];
		if (!member)
			util_close_fd(&fds[i]);
	}
}

int cgroup_signal(const struct cgroup_tree *tree, const char *group, int sig, struct err *err)
{
	AUTO_FREE pid_t *pids = NULL;
	size_t n = 0;
	int rc = cgroup_pids(tree, group, &pids, &n, err);
	AUTO_FREE int *fds = xcalloc(n, sizeof(*fds));

	if (rc == 0)
		open_members(tree, group, pids, n, fds);
	for (size_t i = 0; i < n; i++) {
		if (rc == 0 && fds[i] >= 0 && process_signal(fds[i], sig) < 0 && errno != ESRCH)
			rc = err_sys(err, "signal process %d", pids[i]);
		util_close_fd(&fds[i]);
	}
	return rc;
}

/* One round: all that are listed get the signal first, then each is waited for. */
static int kill_round(const struct cgroup_tree *tree, const char *group, const pid_t *pids,
        size_t n, int64_t deadline)
{
	AUTO_FREE int *fds = xcalloc(n, sizeof(*fds));
	int rc = 0;

	open_members(tree, group, pids, n, fds);
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			process_signal(fds[i], SIGKILL);
	thaw(tree, group);
	for (size_t i = 0; i < n; i++) {
		if (fds[i] >= 0 && rc == 0)
			rc = process_wait(fds[i], deadline, NULL) == WAIT_ENDED ? 0 : -1;
		util_close_fd(&fds[i]);
	}
	return rc;
}

/* Since Linux 5.14, in v2; without it the rounds below do the same. */
static int kill_at_once(const struct cgroup_tree *tree, const char *group, struct err *err)
{
	for (size_t i = 0; i < tree->dirs.n; i++) {
		AUTO_FREE char *dir = cgroup_dir(tree, i, group);
		AUTO_FREE char *path = xasprintf("%s/cgroup.kill", dir);
		if (tree->v2 && fs_exists(path) && fs_write_attr(path, "1", err) < 0)
			return -1;
	}
	return 0;
}

int cgroup_kill(const struct cgroup_tree *tree, const char *group, struct err *err)
{
	int64_t deadline = clock_mono_ns() + KILL_LIMIT_NS;

	if (kill_at_once(tree, group, err) < 0)
		return -1;
	for (;;) {
		AUTO_FREE pid_t *pids = NULL;
		size_t n;
		if (cgroup_pids(tree, group, &pids, &n, err) < 0)
			return -1;
		if (n == 0)
			return 0;
		if (kill_round(tree, group, pids, n, deadline) < 0 || clock_mono_ns() > deadline)
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
	if (fd < 0)
		poll(NULL, 0, 1); /* the last of them is still leaving, and v1 tells nobody */
}

static int remove_dir(void *ctx, const char *dir, struct err *err)
{
	const int64_t *deadline = ctx;

	while (rmdir(dir) < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY || clock_mono_ns() > *deadline)
			return err_sys(err, "remove the cgroup '%s'", dir);
		wait_empty(dir, *deadline);
	}
	return 0;
}

int cgroup_remove(const struct cgroup_tree *tree, const char *group, struct err *err)
{
	int64_t deadline = clock_mono_ns() + KILL_LIMIT_NS;

	for (size_t i = 0; i < tree->dirs.n; i++) {
		AUTO_FREE char *dir = cgroup_dir(tree, i, group);
		if (cgroup_walk(dir, remove_dir, &deadline, err) < 0)
			return -1;
	}
	if (tree->above && rmdir(tree->dirs.v[0]) < 0)
		return 0; /* groups of others are left in it */
	return 0;
}
