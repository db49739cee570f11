/* The cloned child: walks the plan inside its new namespaces, then becomes PID 1
 * (engine/child_become.c). It takes no decisions, and from the gate on it opens nothing by a path
 * of the host's. */
#include "engine/engine_internal.h"

#include "base/fs.h"
#include "base/io.h"
#include "guest/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
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

/* Before it joins the cgroup, whose memory it does not count as. */
static int make_network(const struct engine *e, struct err *err)
{
	if (unshare(CLONE_NEWNET) < 0)
		return err_sys(err, "make a network namespace");
	if (send(e->lines.gate[1], "", 1, MSG_NOSIGNAL) != 1)
		return err_sys(err, "tell of the network namespace");
	return 0;
}

/* The cgroup namespace begins where the child stands once it has joined. */
static int enter(const struct engine *e, struct err *err)
{
	const struct container_plan *plan = e->options.plan;

	if (e->network_due && make_network(e, err) < 0)
		return -1;
	if (e->options.join && cgroup_join_self(e->options.join) < 0)
		return err_sys(err, "join the cgroup");
	if (plan->namespaces & CLONE_NEWCGROUP && unshare(CLONE_NEWCGROUP) < 0)
		return err_sys(err, "make a cgroup namespace");
	return 0;
}

/* While nobody is in it; unshare(2) alone moves its children only, which setns(2) mends. */
static int make_time_namespace(const struct container_plan *plan, struct err *err)
{
	char text[64];

	if (!(plan->namespaces & CLONE_NEWTIME))
		return 0;
	if (unshare(CLONE_NEWTIME) < 0)
		return err_sys(err, "make a time namespace");
	for (size_t i = 0; i < plan->n_offsets; i++) {
		const struct time_offset *o = &plan->offsets[i];
		int64_t s = o->ns / 1000000000, ns = o->ns % 1000000000;
		if (ns < 0) { /* the kernel counts it upwards */
			s--;
			ns += 1000000000;
		}
		snprintf(text, sizeof(text), "%d %lld %lld\n", o->clock, (long long)s,
		        (long long)ns);
		if (fs_write_attr("/proc/self/timens_offsets", text, err) < 0)
			return err_wrap(err, "set the clock's offset");
	}
	AUTO_FD int own = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	return own < 0 || setns(own, CLONE_NEWTIME) < 0 ? err_sys(err, "enter the time namespace")
	                                                : 0;
}

/* Root inside. Ids cannot be taken before the parent has mapped them, and whoever changes his own
 * loses what ties him to his parent, and is shown to others where fs.suid_dumpable says so. */
static int become_root(const struct engine *e, struct err *err)
{
	int dumpable = prctl(PR_GET_DUMPABLE);

	if (setgroups(0, NULL) < 0)
		return err_sys(err, "leave the groups of the caller");
	if (!container_plan_has_users(e->options.plan))
		return 0;
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(err, "become root of the container");
	if (!dumpable && prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(err, "hide from those who are there");
	return stay_with_parent(e->lines.report[1], err);
}

static int raise_loopback(struct err *err)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0
	        ? err_sys(err, "raise the loopback device")
	        : 0;
}

static int set_names(const struct container_plan *plan, struct err *err)
{
	if (plan->hostname && sethostname(plan->hostname, strlen(plan->hostname)) < 0)
		return err_sys(err, "set the hostname to '%s'", plan->hostname);
	if (plan->domainname && setdomainname(plan->domainname, strlen(plan->domainname)) < 0)
		return err_sys(err, "set the domain name to '%s'", plan->domainname);
	return plan->namespaces & CLONE_NEWNET ? raise_loopback(err) : 0;
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

/* The host's, and that very device: what masks are bound from. */
static int open_null(struct err *err)
{
	int fd = open("/dev/null", O_PATH | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "open '/dev/null'");
	if (is_char_device(fd, 1, 3))
		return fd;
	close(fd);
	return err_set(err, ERR_HOST, "'/dev/null' of the host is not the device 1:3");
}

/* And waits for what the parent does then. */
static int say_prepared(const struct engine *e, struct err *err)
{
	char word = 0;
	ssize_t n;

	if (!e->options.prepared)
		return 0;
	if (send(e->lines.gate[1], &word, 1, MSG_NOSIGNAL) != 1)
		return err_set(err, ERR_FAILED, "the parent has gone");
	while ((n = recv(e->lines.gate[1], &word, 1, 0)) < 0 && errno == EINTR)
		;
	return n == 1 ? 0 : err_set(err, ERR_FAILED, "the parent has gone");
}

/* The tree beneath the attached root, and who is called while the host's is still reachable. */
static int fill_root(const struct engine *e, const int *sources, int null, struct err *err)
{
	if (tree_make(e->options.plan, sources[0], sources, null, err) < 0 ||
	        say_prepared(e, err) < 0)
		return -1;
	return e->options.before_pivot ? e->options.before_pivot(e->options.ctx, err) : 0;
}

/*
 * A mount namespace that is shared (OCI): others are in it, so that its root must not change, and
 * all that is mounted lies on the folder of the root. Unmounting that takes it all away.
 */
static int share_root(const struct engine *e, const int *sources, int null, struct err *err)
{
	const char *path = e->options.plan->root;
	AUTO_FD int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0 || attach(sources[0], folder) < 0)
		return err_sys(err, "mount the root on '%s'", path);
	if (fill_root(e, sources, null, err) < 0)
		return -1;
	return fchdir(sources[0]) < 0 || chroot(".") < 0
	        ? err_sys(err, "change the root to '%s'", path)
	        : 0;
}

/* No mount of the new root may reach the host, and none of the host's is left in it. The root lies
 * over the old one, where no rights are needed to get at it. */
static int change_root(const struct engine *e, const int *sources, int null, struct err *err)
{
	const struct container_plan *plan = e->options.plan;
	int root = sources[0];

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(err, "make the mounts private");
	if (move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(err, "mount the root of '%s'", plan->root);
	if (fill_root(e, sources, null, err) < 0)
		return -1;
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return err_sys(err, "change the root to '%s'", plan->root);
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_sys(err, "leave the host's root");
	if (plan->root_propagation && mount(NULL, "/", NULL, plan->root_propagation, NULL) < 0)
		return err_sys(err, "set the propagation of the root");
	return 0;
}

/* Everything between the gate and the last steps. */
static int make_world(const struct engine *e, struct err *err)
{
	const struct container_plan *plan = e->options.plan;
	AUTO_FREE int *sources = xcalloc(plan->n_rows + 1, sizeof(*sources));
	AUTO_FD int null = -1;

	if (gate_receive(e->lines.gate[1], sources, plan->n_rows + 1, err) < 0)
		return -1;
	if (make_time_namespace(plan, err) < 0 || (null = open_null(err)) < 0)
		return -1;
	if (plan->namespaces & CLONE_NEWNS && leave_chroot(err) < 0)
		return -1;
	if (become_root(e, err) < 0 || set_names(plan, err) < 0)
		return -1;
	return (plan->namespaces & CLONE_NEWNS ? change_root : share_root)(e, sources, null, err);
}

_Noreturn void engine_child(const struct engine *e)
{
	struct err err = {0};
	int report = e->lines.report[1];

	if (stay_with_parent(report, &err) == 0 && enter(e, &err) == 0 && make_world(e, &err) == 0)
		(void)!child_become(e, &report, &err);
	if (report >= 0)
		(void)!io_write_all(report, &err, sizeof(err), NULL);
	else
		dprintf(2, "%s\n", err.message);
	_exit(1);
}
