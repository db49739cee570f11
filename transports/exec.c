#include "transports/exec_internal.h"

#include "transports/copy.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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
