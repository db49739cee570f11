/* How a process gets into a group. */
#include "engine/cgroup/cgroup_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where a group has groups below it (a systemd inside makes them), v2 wants processes in those
 * alone: what joins from outside gets one too. */
#define LEAF "prov-exec"

/* One that the machine made itself is not taken: its owner could have frozen it, and who joins it
 * would never come back. */
static int open_leaf(int folder, const char *name)
{
	struct stat st;

	if (mkdirat(folder, name, 0755) < 0 && errno != EEXIST)
		return -1;
	AUTO_FD int leaf = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return leaf >= 0 && fstat(leaf, &st) == 0 && st.st_uid == geteuid() ? util_steal_fd(&leaf)
	                                                                    : -1;
}

/* The links of a cgroup's folder are "." and one for each group below. */
static int leaf_of(int folder)
{
	char own[32];
	struct stat st;

	if (fstat(folder, &st) < 0 || st.st_nlink <= 2)
		return folder;
	int leaf = open_leaf(folder, LEAF);
	if (leaf < 0) {
		snprintf(own, sizeof(own), LEAF "-%d", getpid());
		leaf = open_leaf(folder, own);
	}
	if (leaf < 0)
		return folder;
	close(folder);
	return leaf;
}

/* 0 also where the group is not in this hierarchy. */
static int open_one(const struct cgroup_tree *tree, size_t i, const char *group,
        struct cgroup_join *join, struct err *err)
{
	bool v2 = tree->controllers[i] & CG_CORE;
	AUTO_FREE char *path = xasprintf("%s/%s%s", tree->dirs.v[i], group, v2 ? "" : "/tasks");
	int fd = open(path, v2 ? O_RDONLY | O_DIRECTORY | O_CLOEXEC : O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	if (v2)
		join->folder = leaf_of(fd);
	else
		join->tasks[join->n++] = fd;
	return 0;
}

int cgroup_join_open(
        const struct cgroup_tree *tree, const char *group, struct cgroup_join *out, struct err *err)
{
	struct cgroup_join join = {.folder = -1};

	for (size_t i = 0; i < tree->dirs.n; i++)
		if (open_one(tree, i, group, &join, err) < 0) {
			cgroup_join_close(&join);
			return -1;
		}
	if (join.folder < 0 && !join.n)
		return err_set(err, ERR_MISSING, "there is no cgroup '%s'", group);
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
