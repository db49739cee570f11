#include "engine/engine.h"

#include "base/fs.h"
#include "guest/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMIT_LIMIT_MS 10000

/* Descriptors of a start; each side closes what the other needs. */
struct lines {
	int report[2]; /* child to parent: struct err, or end of file */
	int log[2];    /* PID 1 to prov-mon */
	int commit[2]; /* parent to prov-mon */
	int pids[2];   /* pid of PID 1, from the process that becomes prov-mon */
};

/* Above what the child hands on by number. */
static int pipe_high(int fds[2], struct err *err)
{
	int low[2];

	if (pipe2(low, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	for (int i = 0; i < 2; i++) {
		fds[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 10);
		close(low[i]);
	}
	return fds[0] < 0 || fds[1] < 0 ? err_sys(err, "make a pipe") : 0;
}

static void lines_close(struct lines *l)
{
	for (int i = 0; i < 2; i++) {
		util_close_fd(&l->report[i]);
		util_close_fd(&l->log[i]);
		util_close_fd(&l->commit[i]);
		util_close_fd(&l->pids[i]);
	}
}

static int lines_open(const struct engine_start *start, struct lines *l, struct err *err)
{
	if (pipe_high(l->report, err) < 0)
		return -1;
	if (!start->plan->log)
		return 0;
	if (pipe_high(l->log, err) < 0 || pipe_high(l->commit, err) < 0)
		return -1;
	return pipe_high(l->pids, err);
}

/*
 * prov-init as the container sees it: on a read-only mount that is nowhere attached, so that the
 * host's file cannot be opened for writing through /proc/1/exe.
 */
static int open_init(const char *path, struct err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID};
	AUTO_FD int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0) {
		err_sys(err, "open '%s'", path);
		if (err)
			err->kind = ERR_HOST;
		return err_hint(err, "it is made by make and lies beside prov or its modules");
	}
	int high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	return high < 0 ? err_sys(err, "open '%s'", path) : high;
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/*
 * Closes what is the caller's alone. They would be closed at the next exec, but the lock of a
 * journal must not be held by what dies a moment after its holder.
 */
static void drop_inherited(const struct engine_start *start, const struct lines *l, int init)
{
	int keep[11 + CGROUP_HIERARCHIES] = {l->report[0], l->report[1], l->log[0], l->log[1],
	        l->commit[0], l->commit[1], l->pids[0], l->pids[1], init, start->netns,
	        start->join->folder};
	size_t n = 11;
	int next = 3;

	for (size_t i = 0; i < start->join->n; i++)
		keep[n++] = start->join->tasks[i];
	qsort(keep, n, sizeof(*keep), compare_fds);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] > next)
			close_range((unsigned)next, (unsigned)keep[i] - 1, 0);
		if (keep[i] >= next)
			next = keep[i] + 1;
	}
	close_range((unsigned)next, ~0U, 0);
}

static pid_t clone_child(
        const struct engine_start *start, const struct lines *l, int init, int *pidfd)
{
	pid_t pid = cgroup_fork(start->join, start->plan->namespaces, pidfd);

	if (pid == 0) {
		drop_inherited(start, l, init);
		close(l->report[0]); /* or the parent's end would not show */
		engine_child(&(struct engine_child){start, l->report[1], l->log[1], init});
	}
	return pid;
}

/* Streams, session, folder and signals of the caller are no business of a supervisor. */
static int detach(const struct lines *l)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || setsid() < 0 || chdir("/") < 0)
		return -1;
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null, fd) < 0)
			return -1;
	for (int sig = 1; sig < _NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(l->log[0], 3) < 0 || dup2(l->commit[0], 4) < 0)
		return -1;
	return close_range(5, ~0U, CLOSE_RANGE_CLOEXEC);
}

/* Becomes prov-mon, the parent of PID 1. */
static _Noreturn void become_mon(const struct engine_start *start, struct lines *l, int init)
{
	struct err err = {0};
	char number[16];
	int pidfd;

	prctl(PR_SET_NAME, COMM_STARTING);
	drop_inherited(start, l, init);
	/* Held here, the end of these pipes would never come. */
	util_close_fd(&l->commit[1]);
	util_close_fd(&l->report[0]);
	pid_t pid = clone_child(start, l, init, &pidfd);
	if (pid < 0) {
		err_sys(&err, "clone the container");
	} else if (io_write_all(l->pids[1], &pid, sizeof(pid), &err) == 0) {
		snprintf(number, sizeof(number), "%d", pid);
		const char *argv[] = {
		        "prov-mon", number, start->plan->console, start->plan->status, NULL};
		if (detach(l) == 0)
			execv(start->mon, (char *const *)(uintptr_t)argv);
		err_sys(&err, "start '%s'", start->mon);
		err.kind = ERR_HOST;
		kill(pid, SIGKILL);
	}
	(void)!io_write_all(l->report[1], &err, sizeof(err), NULL);
	_exit(1);
}

static void reap(pid_t pid)
{
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* 0: PID 1 executes. */
static int hear_report(const struct engine_start *start, int fd, struct err *err)
{
	struct err why;
	ssize_t n = io_read_full(fd, &why, sizeof(why));

	if (n == 0)
		return 0;
	if (n == sizeof(int)) { /* prov-init could not execute the command */
		memcpy(&errno, &why, sizeof(int));
		return err_sys(err, "cannot start '%s' in the container", start->plan->argv.v[3]);
	}
	if (n != sizeof(why))
		return err_sys(err, "read the container's report");
	if (err)
		*err = why;
	return -1;
}

static int start_with_mon(const struct engine_start *start, struct lines *l, int init,
        struct engine_result *result, struct err *err)
{
	pid_t mon = fork();

	if (mon == 0)
		become_mon(start, l, init);
	if (mon < 0)
		return err_sys(err, "start prov-mon");
	util_close_fd(&l->report[1]);
	util_close_fd(&l->pids[1]);
	util_close_fd(&l->commit[0]);
	bool told = io_read_full(l->pids[0], &result->pid, sizeof(pid_t)) == sizeof(pid_t);
	int rc = hear_report(start, l->report[0], err);
	if (rc == 0 && !told)
		rc = err_set(err, ERR_FAILED, "the container's supervisor ended early");
	result->mon = mon;
	if (rc == 0)
		result->commit = util_steal_fd(&l->commit[1]);
	util_close_fd(&l->commit[1]);
	if (rc < 0)
		reap(mon);
	return rc;
}

static int start_alone(const struct engine_start *start, struct lines *l, int init,
        struct engine_result *result, struct err *err)
{
	int pidfd;

	result->pid = clone_child(start, l, init, &pidfd);
	if (result->pid < 0)
		return err_sys(err, "clone the container");
	close(pidfd);
	util_close_fd(&l->report[1]);
	int rc = hear_report(start, l->report[0], err);
	if (rc < 0)
		reap(result->pid);
	return rc;
}

int engine_start(const struct engine_start *start, struct engine_result *out, struct err *err)
{
	struct engine_result result = {.commit = -1};
	struct lines lines = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
	AUTO_FD int init = -1;

	if (start->plan->guest_init && (init = open_init(start->init, err)) < 0)
		return -1;
	int rc = lines_open(start, &lines, err);
	if (rc == 0)
		rc = start->plan->log ? start_with_mon(start, &lines, init, &result, err)
		                      : start_alone(start, &lines, init, &result, err);
	lines_close(&lines);
	if (rc == 0)
		*out = result;
	return rc;
}

int engine_commit(struct engine_result *result, struct err *err)
{
	AUTO_FD int fd = util_steal_fd(&result->commit);
	struct pollfd closed = {fd, 0, 0}; /* POLLERR: at the other end */

	if (fd < 0)
		return 0;
	if (write(fd, "", 1) != 1)
		return err_sys(err, "tell prov-mon that the container is recorded");
	if (poll(&closed, 1, COMMIT_LIMIT_MS) != 1)
		return err_set(err, ERR_FAILED, "prov-mon does not answer");
	return 0;
}
