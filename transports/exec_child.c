/* A command's child: it enters the machine, becomes the user, gives up the rest and executes. */
#include "transports/exec_internal.h"

#include "base/io.h"
#include "base/proc.h"
#include "engine/stub.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* On the way in the host's rights are needed for limits, and end with the user namespace. */
static int enter(const struct exec_start *start, const struct cgroup_join *join, struct err *err)
{
	const struct exec_transport *t = start->transport;

	if (!t->entry.pid)
		return 0;
	if (confine_prepare(&t->confine, 0, err) < 0)
		return -1;
	return entry_enter(&t->entry, t->cgroup ? join : NULL, err);
}

static int set_streams(const struct exec_start *start, struct err *err)
{
	int high[3];
	struct stat st;

	/* A source may be 0, 1 or 2 itself. */
	for (int i = 0; i < 3; i++)
		if ((high[i] = fcntl(start->fds[i], F_DUPFD_CLOEXEC, EXEC_REPORT_FD + 1)) < 0)
			return err_sys(err, "set the standard streams");
	for (int i = 0; i < 3; i++) {
		/* A folder of the host leads to every other one. */
		if (start->transport->entry.pid && fstat(high[i], &st) == 0 && S_ISDIR(st.st_mode))
			return err_set(err, ERR_FAILED, "a standard stream is a folder");
		if (dup2(high[i], i) < 0)
			return err_sys(err, "set the standard streams");
	}
	if (setsid() < 0)
		return err_sys(err, "make a session");
	if (!start->terminal)
		return 0;
	if (ioctl(0, TIOCSCTTY, 0) < 0)
		return err_sys(err, "take the terminal");
	/* Here, because outside of a user namespace that number is another user. */
	if (fchown(0, start->user->uid, (gid_t)-1) < 0)
		return err_sys(err, "give the terminal to '%s'", start->user->name);
	return 0;
}

/* Nothing of the host's stays open: a folder to work in could lead through it. */
static int close_others(const struct exec_start *start, int *report, struct err *err)
{
	if (*report != EXEC_REPORT_FD) {
		if (dup3(*report, EXEC_REPORT_FD, O_CLOEXEC) < 0)
			return err_sys(err, "keep the report");
		*report = EXEC_REPORT_FD;
	}
	bool stub = start->transport->stub >= 0;
	if (stub && dup3(start->transport->stub, EXEC_STUB_FD, O_CLOEXEC) < 0)
		return err_sys(err, "keep prov-exec");
	if (close_range(EXEC_STUB_FD + stub, ~0U, 0) < 0)
		return err_sys(err, "close what was inherited");
	return 0;
}

static int become_host_user(const struct exec_user *u, struct err *err)
{
	if (geteuid() != 0 && u->uid == geteuid())
		return 0;
	if (setgroups(u->n_groups, u->groups) < 0 || setresgid(u->gid, u->gid, u->gid) < 0 ||
	        setresuid(u->uid, u->uid, u->uid) < 0)
		return err_sys(err, "become user '%s'", u->name);
	return 0;
}

/* The machine's, for this user. Borrows from both. */
static struct confine confine_user(const struct confine *machine, const struct exec_user *u)
{
	struct confine c = *machine;

	c.uid = u->uid;
	c.gid = u->gid;
	c.groups = u->groups;
	c.n_groups = u->n_groups;
	if (u->uid != 0)
		c.caps = caps_of(c.caps.bounding, false);
	return c;
}

static _Noreturn void cannot_enter(const char *folder, const char *why)
{
	dprintf(2, "prov: cannot enter folder '%s': %s\n", folder, why);
	_exit(126);
}

/* A folder that cannot be entered is the command's affair, as with a shell's `cd DIR || exit 126`.
 */
static int go_to(const struct exec_start *start, struct err *err)
{
	if (start->cwd && enter_folder(start->cwd) < 0)
		cannot_enter(start->cwd,
		        errno == EXDEV || errno == ELOOP ? "it is not a folder of the machine"
		                                         : strerror(errno));
	if (start->cwd)
		return 0;
	if (enter_folder(start->user->home) < 0 && chdir("/") < 0)
		return err_sys(err, "enter the root folder of the machine");
	return 0;
}

/* Once the user is what it will be: whoever changes him loses it. A parent who went before it was
 * set is seen by the pipe that nobody reads. */
static int stay_with_parent(const struct exec_start *start, int report, struct err *err)
{
	struct pollfd fd = {report, 0, 0};
	sigset_t none;

	proc_default_signals();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(err, "stay with the parent");
	/* Orphans among what it starts become its children, in place of PID 1's. */
	if (start->tracked && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return err_sys(err, "keep what it starts");
	if (poll(&fd, 1, 0) > 0 && fd.revents & POLLERR)
		return err_set(err, ERR_FAILED, "the parent has gone");
	return 0;
}

static _Noreturn void execute(const struct exec_start *start)
{
	char *const *argv = (char *const *)(uintptr_t)start->argv;

	/* Its PATH is where the command is looked up. The caller puts his own back. */
	environ = start->env.v;
	if (start->transport->stub >= 0)
		stub_execute_file(
		        EXEC_STUB_FD, -1, start->file ? start->file : argv[0], argv, start->env.v);
	else if (start->file)
		execv(start->file, argv);
	else
		execvp(argv[0], argv);
	int code = errno;
	dprintf(2, "prov: cannot run '%s': %s\n", argv[0], strerror(code));
	_exit(code == ENOENT ? 127 : 126);
}

static int on_the_host(const struct exec_start *start, int report, struct err *err)
{
	umask(022);
	if (become_host_user(start->user, err) < 0 || go_to(start, err) < 0)
		return -1;
	return stay_with_parent(start, report, err);
}

static int in_the_machine(const struct exec_start *start, int report, struct err *err)
{
	const struct confine c = confine_user(&start->transport->confine, start->user);

	if (confine_become(&c, err) < 0)
		return -1;
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(err, "hide from the machine");
	if (go_to(start, err) < 0 || stay_with_parent(start, report, err) < 0)
		return -1;
	return confine_seal(&c, err);
}

void exec_child_main(void *arg)
{
	const struct exec_job *job = arg;
	const struct exec_start *start = job->start;
	struct err err = {0};
	int report = job->report;

	if (enter(start, job->join, &err) == 0 && set_streams(start, &err) == 0 &&
	        close_others(start, &report, &err) == 0 &&
	        (start->transport->entry.pid ? in_the_machine : on_the_host)(start, report, &err) ==
	                0)
		execute(start);
	(void)!io_write_all(report, &err, sizeof(err), NULL);
	_exit(125);
}
