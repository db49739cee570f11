#include "engine/cgroup_tree.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <signal.h>
#include <unistd.h>

/* Hierarchies of v1 that are used; where several share one folder it is taken once. */
static const char *const controllers[CGROUP_HIERARCHIES] = {
        "memory", "cpu", "cpuacct", "pids", "freezer"};

static bool is_known(const struct cgroup_tree *tree, const struct stat *st)
{
	struct stat other;

	for (size_t i = 0; i < tree->dirs.n; i++)
		if (stat(tree->dirs.v[i], &other) == 0 && other.st_dev == st->st_dev &&
		        other.st_ino == st->st_ino)
			return true;
	return false;
}

int cgroup_tree_find(const char *root, struct cgroup_tree *out, struct err *err)
{
	AUTO_FREE char *v2 = xasprintf("%s/cgroup.controllers", root);
	struct cgroup_tree tree = {0};
	struct stat st;

	if (fs_exists(v2)) {
		tree.v2 = true;
		strv_add(&tree.dirs, root);
	}
	for (size_t i = 0; !tree.v2 && i < ARRAY_SIZE(controllers); i++) {
		AUTO_FREE char *dir = xasprintf("%s/%s", root, controllers[i]);
		AUTO_FREE char *tasks = xasprintf("%s/tasks", dir);
		if (fs_exists(tasks) && stat(dir, &st) == 0 && !is_known(&tree, &st))
			strv_add(&tree.dirs, dir);
	}
	if (!tree.dirs.n) {
		err_set(err, ERR_HOST, "no cgroups are mounted at '%s'", root);
		return err_hint(err, "mount -t cgroup2 cgroup2 %s", root);
	}
	*out = tree;
	return 0;
}

void cgroup_tree_clear(struct cgroup_tree *tree)
{
	strv_clear(&tree->dirs);
	*tree = (struct cgroup_tree){0};
}

int cgroup_join_open(
        const struct cgroup_tree *tree, const char *group, struct cgroup_join *out, struct err *err)
{
	struct cgroup_join join = {.folder = -1};

	for (size_t i = 0; i < tree->dirs.n && join.n < CGROUP_HIERARCHIES; i++) {
		AUTO_FREE char *path =
		        xasprintf("%s/%s%s", tree->dirs.v[i], group, tree->v2 ? "" : "/tasks");
		int fd = open(
		        path, tree->v2 ? O_RDONLY | O_DIRECTORY | O_CLOEXEC : O_WRONLY | O_CLOEXEC);
		if (fd < 0) {
			int missing = errno == ENOENT;
			err_sys(err, "open '%s'", path);
			cgroup_join_close(&join);
			if (missing && err)
				err->kind = ERR_MISSING;
			return -1;
		}
		if (tree->v2)
			join.folder = fd;
		else
			join.tasks[join.n++] = fd;
	}
	*out = join;
	return 0;
}

void cgroup_join_close(struct cgroup_join *join)
{
	util_close_fd(&join->folder);
	while (join->n)
		util_close_fd(&join->tasks[--join->n]);
}

pid_t cgroup_fork(const struct cgroup_join *join, uint64_t flags, int *pidfd)
{
	struct clone_args args = {
	        .flags = flags | CLONE_PIDFD,
	        .pidfd = (uintptr_t)pidfd,
	        .exit_signal = SIGCHLD,
	};

	if (join && join->folder >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)join->folder;
	}
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

int cgroup_join_self(const struct cgroup_join *join)
{
	for (size_t i = 0; i < join->n; i++)
		if (write(join->tasks[i], "0", 1) != 1)
			return -1;
	return 0;
}
