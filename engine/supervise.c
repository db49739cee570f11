/* The process that becomes prov-mon: it makes the container, so that it is its parent. */
#include "engine/engine_internal.h"

#include "base/io.h"
#include "base/proc.h"
#include "guest/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

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
	proc_default_signals();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(l->log[0], 3) < 0 || dup2(l->commit[0], 4) < 0)
		return -1;
	return close_range(5, ~0U, CLOSE_RANGE_CLOEXEC);
}

static _Noreturn void become_mon(struct engine *e)
{
	const struct container_plan *plan = e->options.plan;
	struct lines *l = &e->lines;
	struct err err = {0};
	char number[16];

	prctl(PR_SET_NAME, COMM_STARTING);
	/* Held here, the end of these would never come. */
	util_close_fd(&l->commit[1]);
	util_close_fd(&l->report[0]);
	util_close_fd(&l->gate[0]);
	bool joined = !e->options.mon_join || cgroup_join_self(e->options.mon_join) == 0;
	pid_t pid = joined ? engine_clone(e) : -1;
	if (!joined) {
		err_sys(&err, "join the supervisor's cgroup");
	} else if (pid < 0) {
		(void)!engine_clone_failed(e, &err);
	} else if (io_write_all(l->pids[1], &pid, sizeof(pid), &err) == 0) {
		snprintf(number, sizeof(number), "%d", pid);
		const char *argv[] = {"prov-mon", number, plan->console, plan->status,
		        plan->terminal ? "terminal" : NULL, NULL};
		if (detach(l) == 0)
			execv(e->options.mon, (char *const *)(uintptr_t)argv);
		err_sys(&err, "start '%s'", e->options.mon);
		err.kind = ERR_HOST;
		kill(pid, SIGKILL);
	}
	(void)!io_write_all(l->report[1], &err, sizeof(err), NULL);
	_exit(1);
}

int engine_supervise(struct engine *e, struct err *err)
{
	struct lines *l = &e->lines;
	struct err why;

	AUTO_FD int pidfd = -1;
	e->mon = cgroup_fork(e->options.mon_join, 0, &pidfd);
	if (e->mon == 0)
		become_mon(e);
	if (e->mon < 0)
		return err_sys(err, "start prov-mon");
	util_close_fd(&l->pids[1]);
	util_close_fd(&l->commit[0]);
	util_close_fd(&l->log[0]);
	util_close_fd(&l->log[1]);
	if (io_read_full(l->pids[0], &e->pid, sizeof(pid_t)) == sizeof(pid_t))
		return 0;
	util_close_fd(&l->report[1]);
	if (io_read_full(l->report[0], &why, sizeof(why)) != sizeof(why))
		return err_set(err, ERR_FAILED, "the container's supervisor ended early");
	if (err)
		*err = why;
	return -1;
}
