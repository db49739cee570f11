/*
 * The child's birth. Namespaces to enter have to be entered before: a process in a user namespace
 * of its own may not do it, and a process namespace takes in only who is born in it. The caller
 * must not move there himself, so that a helper does, and gives its child to the caller
 * (CLONE_PARENT).
 */
#include "engine/engine_internal.h"

#include "base/io.h"
#include "engine/process.h"
#include "guest/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void keep_descriptors(int *keep, size_t n)
{
	int next = 3;

	qsort(keep, n, sizeof(*keep), compare_fds);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] > next)
			close_range((unsigned)next, (unsigned)keep[i] - 1, 0);
		if (keep[i] >= next)
			next = keep[i] + 1;
	}
	close_range((unsigned)next, ~0U, 0);
}

/*
 * Closes what is the caller's alone. They would be closed at the next exec, but the lock of a
 * journal must not be held by what dies a moment after its holder.
 */
static void child_keeps(const struct engine *e)
{
	static const struct cgroup_join no_join = {.folder = -1};
	const struct cgroup_join *join = e->options.join ? e->options.join : &no_join;
	size_t preserved = e->options.preserve_fds, n = 0;
	AUTO_FREE int *keep = xcalloc(8 + CGROUP_HIERARCHIES + preserved, sizeof(*keep));

	keep[n++] = e->lines.report[1];
	keep[n++] = e->lines.gate[1];
	keep[n++] = e->lines.log[1];
	keep[n++] = e->init;
	keep[n++] = e->options.hold;
	keep[n++] = e->options.late;
	keep[n++] = e->options.terminal;
	keep[n++] = e->options.plan->confine.listener.socket;
	for (size_t i = 0; i < preserved; i++)
		keep[n++] = 3 + (int)i;
	for (size_t i = 0; i < join->n; i++)
		keep[n++] = join->tasks[i];
	keep_descriptors(keep, n);
}

static _Noreturn void be_child(const struct engine *e)
{
	child_keeps(e);
	engine_child(e);
}

/* Two namespaces begin where the child stands later: it makes them itself. */
static uint64_t clone_flags(const struct engine *e)
{
	uint64_t own = CLONE_NEWCGROUP | CLONE_NEWTIME | (e->network_due ? CLONE_NEWNET : 0);

	return e->options.plan->namespaces & ~own;
}

struct birth {
	pid_t pid;
	int code; /* errno */
	int join; /* the one that could not be entered; -1: it was not that */
};

/* The user namespace last: it takes the rights over the others away. */
static int enter_joins(const struct engine *e, struct birth *birth)
{
	const struct container_plan *plan = e->options.plan;

	for (int user = 0; user < 2; user++) {
		for (size_t i = 0; i < plan->n_joins; i++) {
			if ((plan->joins[i].kind == CLONE_NEWUSER) != user)
				continue;
			if (setns(e->joins[i], plan->joins[i].kind) < 0) {
				birth->code = errno;
				birth->join = (int)i;
				return -1;
			}
		}
	}
	return 0;
}

static _Noreturn void be_helper(const struct engine *e, int line)
{
	struct clone_args args = {.flags = clone_flags(e) | CLONE_PARENT};
	struct birth birth = {.pid = -1, .join = -1};
	int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	/* The child inherits it: others are where it is born, who could trace it, and it still has
	 * the host's files. */
	prctl(PR_SET_DUMPABLE, 0);
	/* No user namespace is made in a chroot: the root of the mount namespace is gone to. */
	if (own < 0 || setns(own, CLONE_NEWNS) < 0)
		birth.code = errno;
	else if (enter_joins(e, &birth) == 0) {
		if (e->options.join && e->options.join->folder >= 0) {
			args.flags |= CLONE_INTO_CGROUP;
			args.cgroup = (uint64_t)e->options.join->folder;
		}
		birth.pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
		birth.code = errno;
		if (birth.pid == 0)
			be_child(e);
	}
	(void)!io_write_all(line, &birth, sizeof(birth), NULL);
	_exit(0);
}

static pid_t clone_by_helper(struct engine *e)
{
	struct birth birth = {-1, EIO, -1};
	int line[2];

	if (pipe2(line, O_CLOEXEC) < 0)
		return -1;
	pid_t helper = fork();
	if (helper == 0)
		be_helper(e, line[1]);
	close(line[1]);
	if (helper > 0 && io_read_full(line[0], &birth, sizeof(birth)) != sizeof(birth))
		birth = (struct birth){-1, EIO, -1};
	while (helper > 0 && waitpid(helper, NULL, 0) < 0 && errno == EINTR)
		;
	close(line[0]);
	if (birth.pid > 0)
		e->pidfd = process_pidfd(birth.pid);
	e->failed_join = birth.join;
	errno = birth.code;
	return birth.pid;
}

static bool must_enter(const struct container_plan *plan)
{
	return plan->n_joins > 0;
}

/* Born under the name that says that it is no container yet. */
pid_t engine_clone(struct engine *e)
{
	const struct container_plan *plan = e->options.plan;
	char name[16] = "";
	pid_t pid = -1;

	prctl(PR_GET_NAME, name);
	prctl(PR_SET_NAME, COMM_STARTING);
	if (!must_enter(plan)) {
		pid = cgroup_fork(e->options.join, clone_flags(e), &e->pidfd);
		if (pid == 0)
			be_child(e);
	}
	if (must_enter(plan) || (pid < 0 && errno == EPERM && plan->namespaces & CLONE_NEWUSER))
		pid = clone_by_helper(e);
	prctl(PR_SET_NAME, name);
	return pid;
}

int engine_clone_failed(const struct engine *e, struct err *err)
{
	int code = errno;

	if (e->failed_join >= 0)
		return err_sys(err, "enter the namespace '%s'",
		        e->options.plan->joins[e->failed_join].path);
	err_sys(err, "clone the container");
	if (!(e->options.plan->namespaces & CLONE_NEWUSER) || (code != EPERM && code != ENOSPC))
		return -1;
	if (err)
		err->kind = ERR_HOST;
	return err_hint(err,
	        "user namespaces may be switched off here: see sysctl "
	        "user.max_user_namespaces");
}
