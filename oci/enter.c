#include "oci/enter.h"

#include "base/io.h"
#include "engine/entry.h"
#include "oci/child.h"
#include "oci/console.h"
#include "oci/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the caller prepares and the new process uses; it may have the caller's memory until it
 * executes (engine/entry.h). */
struct passage {
	const struct enter *e;
	struct entry entry;
	struct cgroup_join join;
	bool joined;
	int report[2]; /* struct err, or the end: it is the program */
};

static int make_report(int report[2], struct err *err)
{
	if (pipe2(report, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	int high = fcntl(report[1], F_DUPFD_CLOEXEC, OCI_FD_FIRST);
	close(report[1]);
	report[1] = high;
	return high < 0 ? err_sys(err, "make a pipe") : 0;
}

static int join_group(struct passage *p, struct err *err)
{
	const struct oci_container *c = p->e->container;

	if (!c->has_tree || !c->state.cgroup)
		return 0;
	AUTO_FREE char *group = xasprintf("%s%s%s", c->state.cgroup, p->e->subgroup ? "/" : "",
	        p->e->subgroup ? p->e->subgroup : "");
	if (cgroup_join_open(&c->tree, group, &p->join, err) < 0)
		return -1;
	p->joined = true;
	return 0;
}

static int begin_session(struct err *err)
{
	sigset_t none;

	if (setsid() < 0)
		return err_sys(err, "make a session");
	for (int sig = 1; sig < _NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return 0;
}

/* Nothing of the host's but streams, what is to be preserved, and the report. */
static int keep_only(const struct passage *p, struct err *err)
{
	unsigned first = 3 + p->e->preserve_fds, low = (unsigned)p->report[1], high = low;
	unsigned listener = (unsigned)p->e->process->confine.listener.socket;

	if (listener > low)
		high = listener;
	else if (listener)
		low = listener;
	if (close_range(first, low - 1, 0) < 0 || close_range(high + 1, ~0U, 0) < 0 ||
	        (high > low + 1 && close_range(low + 1, high - 1, 0) < 0))
		return err_sys(err, "close what was inherited");
	return 0;
}

/* All namespaces are the container's now. */
static int execute(const struct passage *p, struct err *err)
{
	struct oci_process *process = p->e->process;

	if (begin_session(err) < 0)
		return -1;
	if (process->terminal && console_take(p->e->console, process, err) < 0)
		return -1;
	if (keep_only(p, err) < 0 || child_affinity(process->final_cpus, err) < 0 ||
	        child_ways(process, err) < 0)
		return -1;
	child_home(&process->env, process->confine.uid);
	if (child_find(&process->argv, &process->env, process->cwd, err) < 0 ||
	        confine_become(&process->confine, err) < 0)
		return -1;
	if (enter_folder(process->cwd) < 0)
		return err_sys(err, "enter the folder '%s' of the container", process->cwd);
	if (confine_seal(&process->confine, err) < 0)
		return -1;
	child_execute(&process->argv, &process->env);
	return err_sys(err, "cannot start '%s' in the container", process->argv.v[0]);
}

/* While /proc is the host's, where this process has another number than in the container. */
static int prepare_listener(const struct enter *e, struct err *err)
{
	struct seccomp_listener *listener = &e->process->confine.listener;
	char number[16] = "";

	if (listener->socket <= 0)
		return 0;
	if (readlink("/proc/self", number, sizeof(number) - 1) < 0)
		return err_sys(err, "read '/proc/self'");
	listener->message = listener_message(
	        &e->container->state, e->listener_metadata, (pid_t)strtol(number, NULL, 10));
	return 0;
}

/* What only the host's root may set is set before it enters. */
static void be_process(void *arg)
{
	const struct passage *p = arg;
	const struct oci_process *process = p->e->process;
	struct err err = {0};

	if (child_affinity(process->initial_cpus, &err) == 0 && prepare_listener(p->e, &err) == 0 &&
	        confine_prepare(&process->confine, 0, &err) == 0 &&
	        entry_enter(&p->entry, p->joined ? &p->join : NULL, &err) == 0)
		(void)!execute(p, &err);
	(void)!io_write_all(p->report[1], &err, sizeof(err), NULL);
	_exit(127);
}

static int hear(struct passage *p, pid_t pid, struct err *err)
{
	struct err why;

	util_close_fd(&p->report[1]);
	ssize_t n = io_read_full(p->report[0], &why, sizeof(why));
	if (n == 0)
		return 0;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (n != sizeof(why))
		return err_set(err, ERR_FAILED, "the process ended before it was the program");
	if (err)
		*err = why;
	return -1;
}

static int enter(struct passage *p, pid_t *pid, struct err *err)
{
	int pidfd = -1;

	if (entry_open(p->e->container->state.pid, &p->entry, err) < 0 || join_group(p, err) < 0 ||
	        make_report(p->report, err) < 0)
		return -1;
	*pid = entry_spawn(&p->entry, p->joined ? &p->join : NULL, be_process, p, &pidfd, err);
	int rc = *pid < 0 ? -1 : hear(p, *pid, err);
	entry_settle(&p->entry);
	util_close_fd(&pidfd);
	return rc;
}

int container_enter(const struct enter *e, pid_t *pid, struct err *err)
{
	struct passage p = {.e = e,
	        .entry = {.pidfd = -1, .root = -1},
	        .join = {.folder = -1},
	        .report = {-1, -1}};
	AUTO_FD int same = oci_container_pidfd(e->container, err);

	if (same < 0)
		return -1;
	int rc = enter(&p, pid, err);
	if (p.joined)
		cgroup_join_close(&p.join);
	entry_close(&p.entry);
	util_close_fd(&p.report[0]);
	util_close_fd(&p.report[1]);
	return rc;
}
