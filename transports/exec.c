#include "transports/exec_internal.h"

#include "base/fs.h"
#include "transports/copy.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int put(struct transport *t, const struct transport_file *file, struct err *err)
{
	return copy_put(t, file, NULL, err);
}

static int get(struct transport *t, const struct transport_file *file, struct err *err)
{
	return copy_get(t, file, NULL, err);
}

static void close_transport(struct transport *t)
{
	struct exec_transport *x = (struct exec_transport *)t;

	util_close_fd(&x->pidfd);
	util_close_fd(&x->root);
	cgroup_tree_clear(&x->tree);
	strv_clear(&x->env);
	free(x->user);
	free(x->cgroup);
	free(x);
}

static const struct transport_ops ops = {
        .run = exec_run,
        .put = put,
        .get = get,
        .shell = exec_shell,
        .close = close_transport,
};

static const struct {
	const char *name;
	int kind;
} kinds[] = {{"mnt", CLONE_NEWNS}, {"uts", CLONE_NEWUTS}, {"ipc", CLONE_NEWIPC},
        {"net", CLONE_NEWNET}, {"cgroup", CLONE_NEWCGROUP}, {"user", CLONE_NEWUSER},
        {"time", CLONE_NEWTIME}};

/* A namespace that is this process's own already may not be entered (a user namespace) or need not
 * be. */
static int find_namespaces(struct exec_transport *x, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		AUTO_FREE char *own = xasprintf("/proc/self/ns/%s", kinds[i].name);
		AUTO_FREE char *theirs = xasprintf("/proc/%d/ns/%s", x->pid, kinds[i].name);
		struct stat a, b;
		if (stat(own, &a) < 0 || stat(theirs, &b) < 0) {
			if (kinds[i].kind == CLONE_NEWTIME)
				continue; /* Linux 5.6 */
			return err_sys(err, "look at the machine's namespaces");
		}
		if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
			x->namespaces |= kinds[i].kind;
	}
	return 0;
}

/* The host's id of the machine's root: /proc/PID/uid_map, "0 ID COUNT". */
static int find_owner(struct exec_transport *x, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/uid_map", x->pid);
	AUTO_STR text = {0};

	if (fs_read(path, 65536, &text, err) < 0)
		return -1;
	if (sscanf(str_text(&text), " 0 %u", &x->owner) != 1)
		return err_set(err, ERR_FAILED, "the machine has no root");
	return 0;
}

/* The pidfd first: as long as it is that process, /proc/PID is that process's too. */
static int open_machine(struct exec_transport *x, struct err *err)
{
	char path[32] = "/";

	if (x->pid) {
		x->pidfd = (int)syscall(SYS_pidfd_open, x->pid, 0);
		if (x->pidfd < 0)
			return err_sys(err, "open process %d", x->pid);
		snprintf(path, sizeof(path), "/proc/%d/root", x->pid);
	}
	x->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (x->root < 0)
		return err_sys(err, "open the root of process %d", x->pid);
	if (x->pid && (find_namespaces(x, err) < 0 || find_owner(x, err) < 0))
		return -1;
	if (x->pid && syscall(SYS_pidfd_send_signal, x->pidfd, 0, NULL, 0) < 0)
		return err_sys(err, "enter process %d", x->pid);
	if (x->cgroup)
		return cgroup_tree_find(CGROUP_ROOT, &x->tree, err);
	return 0;
}

int exec_transport_open(const struct exec_target *target, struct transport **out, struct err *err)
{
	struct exec_transport *x = xcalloc(1, sizeof(*x));

	*x = (struct exec_transport){
	        .base.ops = &ops,
	        .pid = target->pid,
	        .pidfd = -1,
	        .root = -1,
	        .user = xstrdup(target->user),
	        .cgroup = xstrdup(target->cgroup),
	};
	if (target->env)
		strv_copy(&x->env, target->env);
	if (open_machine(x, err) < 0) {
		close_transport(&x->base);
		return -1;
	}
	*out = &x->base;
	return 0;
}
