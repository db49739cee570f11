#include "oci/enter.h"

#include "base/fs.h"
#include "oci/child.h"
#include "oci/console.h"
#include "oci/create.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static const struct {
	const char *name;
	int kind;
} namespaces[] = {
        {"cgroup", CLONE_NEWCGROUP},
        {"ipc", CLONE_NEWIPC},
        {"mnt", CLONE_NEWNS},
        {"net", CLONE_NEWNET},
        {"pid", CLONE_NEWPID},
        {"time", CLONE_NEWTIME},
        {"user", CLONE_NEWUSER},
        {"uts", CLONE_NEWUTS},
};

/* What the processes on the way have. */
struct passage {
	const struct enter *e;
	struct cgroup_join join;
	bool joined;
	int pidfd, root; /* of the container's first process */
	int kinds;       /* CLONE_NEW… that differ from this process's */
	int report[2], pid[2];
};

static int find_namespaces(struct passage *p, struct err *err)
{
	pid_t pid = p->e->container->state.pid;
	struct stat own, there;

	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		AUTO_FREE char *theirs = xasprintf("/proc/%d/ns/%s", pid, namespaces[i].name);
		AUTO_FREE char *ours = xasprintf("/proc/self/ns/%s", namespaces[i].name);
		if (stat(ours, &own) < 0)
			continue; /* this kernel does not have that kind */
		if (stat(theirs, &there) < 0)
			return err_sys(err, "look at the namespaces of the container");
		if (own.st_ino != there.st_ino)
			p->kinds |= namespaces[i].kind;
	}
	return 0;
}

static int pipe_high(int fds[2], struct err *err)
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	for (int i = 0; i < 2; i++) {
		int high = fcntl(fds[i], F_DUPFD_CLOEXEC, OCI_FD_FIRST);
		close(fds[i]);
		fds[i] = high;
	}
	return fds[0] < 0 || fds[1] < 0 ? err_sys(err, "make a pipe") : 0;
}

static int join_group(struct passage *p, struct err *err)
{
	const struct oci_container *c = p->e->container;

	p->join.folder = -1;
	if (!c->has_tree || !c->state.cgroup)
		return 0;
	AUTO_FREE char *group = xasprintf("%s%s%s", c->state.cgroup, p->e->subgroup ? "/" : "",
	        p->e->subgroup ? p->e->subgroup : "");
	if (cgroup_join_open(&c->tree, group, &p->join, err) < 0)
		return -1;
	p->joined = true;
	return 0;
}

/* Of a container that shares its mounts with others, the root is not that of the namespace. */
static int open_root(struct passage *p, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/root", p->e->container->state.pid);

	p->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return p->root < 0 ? err_sys(err, "open the root of the container") : 0;
}

static int become_session(const struct passage *p, struct err *err)
{
	sigset_t none;

	if (setsid() < 0)
		return err_sys(err, "make a session");
	for (int sig = 1; sig < _NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (setgroups(0, NULL) < 0)
		return err_sys(err, "leave the groups of the caller");
	if (p->kinds & CLONE_NEWUSER && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		return err_sys(err, "become root of the container");
	return prctl(PR_SET_DUMPABLE, 0) < 0 ? err_sys(err, "hide this process") : 0;
}

static int take_console(const struct passage *p, struct err *err)
{
	const struct oci_process *process = p->e->process;

	return process->terminal ? console_take(p->e->console, process, err) : 0;
}

static int go_to(const char *folder, struct err *err)
{
	char path[4096];

	if (chdir(folder) < 0)
		return err_sys(err, "enter the folder '%s' of the container", folder);
	if (syscall(SYS_getcwd, path, sizeof(path)) < 0 || *path != '/')
		return err_set(err, ERR_FAILED, "the folder '%s' is not in the container", folder);
	return 0;
}

/* Nothing of the host's but streams, what is to be preserved, and the report. */
static int keep_only(const struct passage *p, struct err *err)
{
	unsigned first = 3 + p->e->preserve_fds;

	if (close_range(first, (unsigned)p->report[1] - 1, 0) < 0 ||
	        close_range((unsigned)p->report[1] + 1, ~0U, 0) < 0)
		return err_sys(err, "close what was inherited");
	return 0;
}

/* All namespaces are the container's now. */
static int become(const struct passage *p, struct err *err)
{
	struct oci_process *process = p->e->process;

	if (fchdir(p->root) < 0 || chroot(".") < 0)
		return err_sys(err, "change the root");
	if (become_session(p, err) < 0 || take_console(p, err) < 0 || keep_only(p, err) < 0)
		return -1;
	if (child_affinity(process->final_cpus, err) < 0 || child_ways(process, err) < 0)
		return -1;
	child_home(&process->env, process->confine.uid);
	if (child_find(&process->argv, &process->env, process->cwd, err) < 0 ||
	        confine_become(&process->confine, err) < 0 || go_to(process->cwd, err) < 0 ||
	        confine_seal(&process->confine, err) < 0)
		return -1;
	environ = process->env.v;
	execvp(process->argv.v[0], process->argv.v);
	return err_sys(err, "cannot start '%s' in the container", process->argv.v[0]);
}

static _Noreturn void report_and_exit(const struct passage *p, const struct err *why)
{
	(void)!io_write_all(p->report[1], why, sizeof(*why), NULL);
	_exit(1);
}

/* The one in between: it joins, and the child that it leaves to its parent is in the container's
 * pid namespace from its first moment. */
static _Noreturn void pass(struct passage *p)
{
	struct clone_args args = {.flags = CLONE_PARENT};
	struct err err = {0};

	/* What the container could trace from inside must not be this process. */
	prctl(PR_SET_DUMPABLE, 0);
	if (p->joined && cgroup_join_self(&p->join) < 0)
		err_sys(&err, "join the cgroup of the container");
	else if (setns(p->pidfd, p->kinds) < 0 && p->kinds)
		err_sys(&err, "enter the namespaces of the container");
	if (err.kind)
		report_and_exit(p, &err);
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		util_close_fd(&p->pid[1]);
		(void)!become(p, &err);
		report_and_exit(p, &err);
	}
	if (pid < 0) {
		err_sys(&err, "make a process in the container");
		report_and_exit(p, &err);
	}
	(void)!io_write_all(p->pid[1], &pid, sizeof(pid), NULL);
	_exit(0);
}

static int hear(struct passage *p, pid_t between, pid_t *pid, struct err *err)
{
	struct err why;

	util_close_fd(&p->report[1]);
	util_close_fd(&p->pid[1]);
	*pid = 0;
	ssize_t named = io_read_full(p->pid[0], pid, sizeof(*pid));
	while (waitpid(between, NULL, 0) < 0 && errno == EINTR)
		;
	ssize_t n = io_read_full(p->report[0], &why, sizeof(why));
	if (n == 0 && named == sizeof(*pid))
		return 0;
	if (*pid)
		while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
			;
	if (n != sizeof(why))
		return err_set(err, ERR_FAILED, "the process ended before it was the program");
	if (err)
		*err = why;
	return -1;
}

static int enter(struct passage *p, pid_t *pid, struct err *err)
{
	int between_fd = -1;

	p->pidfd = oci_container_pidfd(p->e->container, err);
	if (p->pidfd < 0 || find_namespaces(p, err) < 0 || open_root(p, err) < 0 ||
	        join_group(p, err) < 0 || pipe_high(p->report, err) < 0 ||
	        pipe_high(p->pid, err) < 0)
		return -1;
	/* Limits that only the host's root may raise; inherited by who is made below. */
	if (child_affinity(p->e->process->initial_cpus, err) < 0)
		return -1;
	pid_t between = cgroup_fork(p->joined ? &p->join : NULL, 0, &between_fd);
	if (between == 0) {
		struct err why = {0};
		if (confine_prepare(&p->e->process->confine, 0, &why) < 0)
			report_and_exit(p, &why);
		pass(p);
	}
	if (between < 0)
		return err_sys(err, "make a process");
	close(between_fd);
	return hear(p, between, pid, err);
}

int container_enter(const struct enter *e, pid_t *pid, struct err *err)
{
	struct passage p = {.e = e, .pidfd = -1, .root = -1, .report = {-1, -1}, .pid = {-1, -1}};
	int rc = enter(&p, pid, err);

	if (p.joined)
		cgroup_join_close(&p.join);
	util_close_fd(&p.pidfd);
	util_close_fd(&p.root);
	for (int i = 0; i < 2; i++) {
		util_close_fd(&p.report[i]);
		util_close_fd(&p.pid[i]);
	}
	return rc;
}
