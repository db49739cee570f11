#include "transports/exec_internal.h"

#include "core/derive.h"
#include "base/proc.h"
#include "engine/stub.h"
#include "transports/copy.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>

static int put(struct transport *t, const struct transport_file *file, struct err *err)
{
	return copy_put(t, file, ((struct exec_transport *)t)->stop, err);
}

static int get(struct transport *t, const struct transport_file *file, struct err *err)
{
	return copy_get(t, file, ((struct exec_transport *)t)->stop, err);
}

static void close_transport(struct transport *t)
{
	struct exec_transport *x = (struct exec_transport *)t;

	entry_close(&x->entry);
	util_close_fd(&x->stub);
	confine_clear(&x->confine);
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

static int open_host(struct exec_transport *x, struct err *err)
{
	x->entry.root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return x->entry.root < 0 ? err_sys(err, "open '/'") : 0;
}

static int find_tree(struct exec_transport *x, const struct cgroup_tree *known, struct err *err)
{
	if (!known) {
		if (cgroup_tree_find(CGROUP_ROOT, &x->tree, err) < 0)
			return -1;
		cgroup_tree_within(&x->tree, DERIVE_CGROUPS);
		return 0;
	}
	x->tree = *known;
	x->tree.dirs = (struct strv){0};
	strv_copy(&x->tree.dirs, &known->dirs);
	return 0;
}

static int open_stub(struct exec_transport *x, struct err *err)
{
	AUTO_FREE char *stub = module_file("prov-exec");

	x->stub = stub_open(stub, EXEC_STUB_FD + 1, err);
	return x->stub < 0 ? -1 : 0;
}

static int open_machine(struct exec_transport *x, const struct exec_target *target, struct err *err)
{
	if (entry_open(target->pid, &x->entry, err) < 0)
		return -1;
	if (!(x->entry.namespaces & CLONE_NEWUSER) && open_stub(x, err) < 0)
		return -1;
	return x->cgroup ? find_tree(x, target->tree, err) : 0;
}

static void set_confine(struct exec_transport *x, const struct confine *confine)
{
	const struct confine plain = {.umask = 022, .caps = caps_of(caps_container(), true)};

	confine_copy(&x->confine, confine ? confine : &plain);
}

int exec_transport_open(const struct exec_target *target, struct transport **out, struct err *err)
{
	struct exec_transport *x = xcalloc(1, sizeof(*x));

	*x = (struct exec_transport){
	        .base.ops = &ops,
	        .entry = {.pidfd = -1, .root = -1},
	        .stub = -1,
	        .stop = target->stop,
	        .user = xstrdup(target->user),
	        .cgroup = xstrdup(target->cgroup),
	};
	if (target->env)
		strv_copy(&x->env, target->env);
	set_confine(x, target->confine);
	if ((target->pid ? open_machine(x, target, err) : open_host(x, err)) < 0) {
		close_transport(&x->base);
		return -1;
	}
	*out = &x->base;
	return 0;
}
