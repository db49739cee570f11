/* The cloned child: walks the plan inside its new namespaces, then becomes PID 1. */
#include "engine/engine.h"

#include "engine/caps.h"
#include "base/fs.h"
#include "guest/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Nobody may be left to hear the report: then this must not become a container. */
static int stay_with_parent(int report, struct err *err)
{
	struct pollfd fd = {report, 0, 0};

	if (prctl(PR_SET_NAME, COMM_STARTING) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(err, "tie it to its parent");
	if (poll(&fd, 1, 0) > 0 && fd.revents & POLLERR)
		return err_set(err, ERR_FAILED, "the parent has gone");
	return 0;
}

static int enter(const struct engine_start *start, struct err *err)
{
	if (cgroup_join_self(start->join) < 0)
		return err_sys(err, "join the cgroup");
	if (unshare(CLONE_NEWCGROUP) < 0)
		return err_sys(err, "make a cgroup namespace");
	if (start->netns >= 0 && setns(start->netns, CLONE_NEWNET) < 0)
		return err_sys(err, "enter the network namespace");
	return 0;
}

/*
 * In a chroot, pivot_root(2) would exchange the chroot's root only: the host's, that of the mount
 * namespace, would stay behind it, for the next setns(2) to lead to. Entering the own namespace
 * once more makes that root the process's.
 */
static int leave_chroot(struct err *err)
{
	AUTO_FD int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	return own < 0 || setns(own, CLONE_NEWNS) < 0
	        ? err_sys(err, "go to the root of the mount namespace")
	        : 0;
}

/* No mount of the new root may reach the host, and none of the host's is left in it. */
static int change_root(const struct container_plan *plan, struct err *err)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(err, "make the mounts private");
	if (mount("overlay", plan->root, "overlay", MS_NODEV, plan->overlay) < 0)
		return err_sys(err, "mount the overlay on '%s'", plan->root);
	AUTO_FD int root = open(plan->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || leave_chroot(err) < 0)
		return root < 0 ? err_sys(err, "open '%s'", plan->root) : -1;
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return err_sys(err, "change the root to '%s'", plan->root);
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_sys(err, "leave the host's root");
	return 0;
}

/* The box decides what lies at /proc, /sys and /dev: a link there would move the mount. */
static int open_target(int root, const char *path, struct err *err)
{
	int fd = fs_open_beneath(root, path, O_PATH | O_DIRECTORY, 0);

	if (fd < 0 && errno == ENOENT && mkdir(path, 0755) == 0)
		fd = fs_open_beneath(root, path, O_PATH | O_DIRECTORY, 0);
	return fd < 0 ? err_sys(err, "'%s' of the box is no folder to mount on", path) : fd;
}

static int make_mount(int root, const struct fs_row *row, struct err *err)
{
	AUTO_FD int fd = open_target(root, row->path, err);

	if (fd < 0)
		return -1;
	if (mount(row->source, row->path, row->type, row->flags, row->data) < 0)
		return err_sys(err, "mount %s on '%s'", row->type, row->path);
	return 0;
}

static int make_node(int root, const struct fs_row *row, struct err *err)
{
	(void)root;
	if (mknod(row->path, S_IFCHR | 0666, makedev(row->major, row->minor)) < 0)
		return err_sys(err, "create the device '%s'", row->path);
	return 0;
}

static int make_link(int root, const struct fs_row *row, struct err *err)
{
	(void)root;
	if (symlink(row->source, row->path) < 0)
		return err_sys(err, "create the link '%s'", row->path);
	return 0;
}

static int make_readonly(int root, const struct fs_row *row, struct err *err)
{
	(void)root;
	if (mount(row->path, row->path, NULL, MS_BIND | MS_REC, NULL) < 0)
		return errno == ENOENT ? 0 : err_sys(err, "bind '%s'", row->path);
	if (mount(NULL, row->path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | row->flags, NULL) < 0)
		return err_sys(err, "make '%s' read-only", row->path);
	return 0;
}

static int make_mask(int root, const struct fs_row *row, struct err *err)
{
	(void)root;
	if (mount("/dev/null", row->path, NULL, MS_BIND, NULL) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTDIR)
		return err_sys(err, "mask '%s'", row->path);
	if (mount("mask", row->path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
	            "size=0,nr_inodes=2") < 0)
		return err_sys(err, "mask '%s'", row->path);
	return 0;
}

static int make_tree(const struct container_plan *plan, struct err *err)
{
	static int (*const make[])(int root, const struct fs_row *row, struct err *err) = {
	        [FS_MOUNT] = make_mount,
	        [FS_NODE] = make_node,
	        [FS_LINK] = make_link,
	        [FS_READONLY] = make_readonly,
	        [FS_MASK] = make_mask,
	};
	AUTO_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return err_sys(err, "open the new root");
	umask(0);
	for (size_t i = 0; i < plan->n_rows; i++)
		if (make[plan->rows[i].op](root, &plan->rows[i], err) < 0)
			return -1;
	umask(022);
	return 0;
}

static int set_streams(int log, struct err *err)
{
	AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int out = log >= 0 ? log : null;

	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		return err_sys(err, "set the standard streams");
	return 0;
}

static int set_identity(const struct container_plan *plan, struct err *err)
{
	sigset_t mask;

	if (sethostname(plan->hostname, strlen(plan->hostname)) < 0)
		return err_sys(err, "set the hostname to '%s'", plan->hostname);
	if (setsid() < 0 || setgroups(0, NULL) < 0)
		return err_sys(err, "leave session and groups of the caller");
	if (caps_limit(plan->capabilities) < 0)
		return err_sys(err, "limit the capabilities");
	for (int sig = 1; sig < _NSIG; sig++)
		signal(sig, SIG_DFL); /* what is ignored would stay so */
	/* prov-init waits for blocked signals: what came before it blocked them would be lost. */
	if (plan->guest_init)
		sigfillset(&mask);
	else
		sigemptyset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return 0;
}

static int become(const struct engine_child *c, struct err *err)
{
	const struct container_plan *plan = c->start->plan;
	unsigned first = plan->reports_exec ? PLAN_REPORT_FD + 1 : PLAN_REPORT_FD;

	/* From here on nothing may be opened. */
	if (plan->reports_exec && dup2(c->report, PLAN_REPORT_FD) < 0)
		return err_sys(err, "hand the report over");
	if (close_range(first, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return err_sys(err, "close what was inherited");
	if (prctl(PR_SET_PDEATHSIG, 0) < 0)
		return err_sys(err, "leave the parent");
	if (c->init >= 0) {
		syscall(SYS_execveat, c->init, "", plan->argv.v, plan->env.v, AT_EMPTY_PATH);
	} else {
		environ = plan->env.v;
		execvp(plan->argv.v[0], plan->argv.v);
	}
	return err_sys(err, "cannot start '%s' in the container", plan->argv.v[0]);
}

_Noreturn void engine_child(const struct engine_child *c)
{
	struct err err = {0};

	if (stay_with_parent(c->report, &err) == 0 && enter(c->start, &err) == 0 &&
	        change_root(c->start->plan, &err) == 0 && make_tree(c->start->plan, &err) == 0 &&
	        set_identity(c->start->plan, &err) == 0 && set_streams(c->log, &err) == 0)
		(void)!become(c, &err);
	(void)!io_write_all(c->report, &err, sizeof(err), NULL);
	_exit(1);
}
