/* A command in the machine: its child enters the namespaces, becomes the user and executes. */
#include "transports/exec_internal.h"

#include "engine/caps.h"
#include "base/fs.h"
#include "base/proc.h"
#include "transports/exec_env.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* On the host itself a caller who is not root has no choice but to stay who he is. */
static const char *default_user(const struct exec_transport *t, char number[16])
{
	if (t->pid || geteuid() == 0)
		return "root";
	snprintf(number, 16, "%u", geteuid());
	return number;
}

int exec_start_init(const struct exec_transport *t, const struct transport_cmd *cmd,
        const char *user_name, struct exec_user *user, struct exec_start *start, struct err *err)
{
	static const char *const keys[] = {"HOME", "USER", "LOGNAME", "SHELL"};
	char number[16];

	*start = (struct exec_start){.transport = t,
	        .argv = cmd->argv,
	        .user = user,
	        .cwd = cmd->cwd,
	        .fds = {-1, -1, -1}};
	if (exec_user_find(user_name ? user_name : default_user(t, number), t->root, user, err) < 0)
		return -1;
	const char *values[] = {user->home, user->name, user->name, user->shell};
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		AUTO_FREE char *setting = xasprintf("%s=%s", keys[i], values[i]);
		env_set(&start->env, setting);
	}
	env_machine(&start->env, &t->env);
	for (size_t i = 0; cmd->env && cmd->env[i]; i++)
		env_set(&start->env, cmd->env[i]);
	return 0;
}

void exec_start_clear(struct exec_start *start)
{
	strv_clear(&start->env);
}

static int enter(const struct exec_start *start, const struct cgroup_join *join, struct err *err)
{
	const struct exec_transport *t = start->transport;

	if (!t->pid)
		return 0;
	/* Until it executes it has prov's binary and memory: nobody inside may look at them. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(err, "hide from the machine");
	if (t->cgroup && cgroup_join_self(join) < 0)
		return err_sys(err, "join the machine's cgroup");
	if (setns(t->pidfd, t->namespaces) < 0)
		return err_sys(err, "enter the machine's namespaces");
	/* The root of a mount namespace is not the machine's where prov itself runs in a chroot:
	 * there, pivot_root swaps the chroot's mount, and setns leads outside of it. */
	if (fchdir(t->root) < 0 || chroot(".") < 0)
		return err_sys(err, "enter the machine's root");
	return 0;
}

static int set_streams(const struct exec_start *start, struct err *err)
{
	int high[3];

	/* A source may be 0, 1 or 2 itself. */
	for (int i = 0; i < 3; i++)
		if ((high[i] = fcntl(start->fds[i], F_DUPFD_CLOEXEC, 3)) < 0)
			return err_sys(err, "set the standard streams");
	for (int i = 0; i < 3; i++)
		if (dup2(high[i], i) < 0)
			return err_sys(err, "set the standard streams");
	if (setsid() < 0)
		return err_sys(err, "make a session");
	if (start->terminal && ioctl(0, TIOCSCTTY, 0) < 0)
		return err_sys(err, "take the terminal");
	return 0;
}

static int become_user(const struct exec_start *start, struct err *err)
{
	const struct exec_user *u = start->user;

	if (!start->transport->pid && geteuid() != 0 && u->uid == geteuid())
		return 0;
	if (start->transport->pid && caps_limit(caps_container()) < 0)
		return err_sys(err, "limit the capabilities");
	if (setgroups(u->n_groups, u->groups) < 0 || setresgid(u->gid, u->gid, u->gid) < 0 ||
	        setresuid(u->uid, u->uid, u->uid) < 0)
		return err_sys(err, "become user '%s'", u->name);
	return 0;
}

/* A folder that cannot be entered is the command's affair, as with a shell's `cd DIR || exit 126`.
 */
static int go_to(const struct exec_start *start, struct err *err)
{
	if (start->cwd && chdir(start->cwd) < 0) {
		dprintf(2, "prov: cannot enter folder '%s': %s\n", start->cwd, strerror(errno));
		_exit(126);
	}
	if (start->cwd)
		return 0;
	if (chdir(start->user->home) < 0 && chdir("/") < 0)
		return err_sys(err, "enter the root folder of the machine");
	return 0;
}

/* Last: whoever changes his user loses it. A parent who went before it was set is seen by the pipe
 * that nobody reads. */
static int stay_with_parent(int report, struct err *err)
{
	struct pollfd fd = {report, 0, 0};
	sigset_t none;

	for (int sig = 1; sig < _NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return err_sys(err, "close what was inherited");
	if (poll(&fd, 1, 0) > 0 && fd.revents & POLLERR)
		return err_set(err, ERR_FAILED, "the parent has gone");
	return 0;
}

static _Noreturn void execute(const struct exec_start *start)
{
	char *const *argv = (char *const *)(uintptr_t)start->argv;

	environ = start->env.v;
	if (start->file)
		execv(start->file, argv);
	else
		execvp(argv[0], argv);
	int code = errno;
	dprintf(2, "prov: cannot run '%s': %s\n", argv[0], strerror(code));
	_exit(code == ENOENT ? 127 : 126);
}

static _Noreturn void child_main(
        const struct exec_start *start, const struct cgroup_join *join, int report)
{
	struct err err = {0};

	if (enter(start, join, &err) == 0 && set_streams(start, &err) == 0 &&
	        become_user(start, &err) == 0 && go_to(start, &err) == 0 &&
	        stay_with_parent(report, &err) == 0)
		execute(start);
	(void)!io_write_all(report, &err, sizeof(err), NULL);
	_exit(125);
}

/* Only children of this process go into the pid namespace, and only the one cloned here. */
static pid_t clone_inside(
        const struct exec_transport *t, const struct cgroup_join *join, int *pidfd, struct err *err)
{
	AUTO_FD int own = -1;

	if (t->pid) {
		own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
		if (own < 0 || setns(t->pidfd, CLONE_NEWPID) < 0) {
			bool gone = own >= 0 && errno == ESRCH;
			err_sys(err, "enter the machine's process namespace");
			return gone ? err_set(err, ERR_FAILED, "the machine has stopped") : -1;
		}
	}
	pid_t pid = cgroup_fork(t->cgroup ? join : NULL, 0, pidfd);
	if (pid == 0)
		return 0;
	if (pid < 0)
		err_sys(err, "start a process in the machine");
	if (own >= 0 && setns(own, CLONE_NEWPID) < 0)
		return err_sys(err, "return from the machine's process namespace");
	return pid;
}

static int hear_report(int fd, struct exec_child *child, struct err *err)
{
	struct err why;
	ssize_t n = io_read_full(fd, &why, sizeof(why));

	if (n == 0)
		return 0;
	exec_wait(child);
	if (n != sizeof(why))
		return err_set(err, ERR_FAILED, "the process in the machine did not report");
	if (err)
		*err = why;
	return -1;
}

int exec_spawn(const struct exec_start *start, struct exec_child *child, struct err *err)
{
	const struct exec_transport *t = start->transport;
	struct cgroup_join join = {.folder = -1};
	int report[2];

	if (t->cgroup && cgroup_join_open(&t->tree, t->cgroup, &join, err) < 0)
		return err_wrap(err, "the machine has stopped");
	if (pipe2(report, O_CLOEXEC) < 0) {
		cgroup_join_close(&join);
		return err_sys(err, "make a pipe");
	}
	child->pid = clone_inside(t, &join, &child->pidfd, err);
	if (child->pid == 0) {
		close(report[0]);
		child_main(start, &join, report[1]);
	}
	cgroup_join_close(&join);
	util_close_fd(&report[1]);
	int rc = child->pid < 0 ? -1 : hear_report(report[0], child, err);
	util_close_fd(&report[0]);
	return rc;
}

int exec_wait(struct exec_child *child)
{
	int status = 0;

	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	util_close_fd(&child->pidfd);
	return proc_exit_status(status);
}
