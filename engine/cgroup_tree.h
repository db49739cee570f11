/*
 * Where this host keeps its cgroups, and how a process joins one. With v2 a group is one folder,
 * with v1 one in each hierarchy (kernel: admin-guide/cgroup-v1/cgroups.rst, cgroup-v2.rst). Moving
 * another process costs milliseconds, so a process is born in its group (v2) or moves itself (v1).
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

struct cgroup_tree {
	bool v2;
	struct strv dirs; /* roots: one with v2; with v1 one for each controller that exists */
};
/* ERR_HOST if there is neither. */
MUST_CHECK int cgroup_tree_find(const char *root, struct cgroup_tree *out, struct err *err);
void cgroup_tree_clear(struct cgroup_tree *tree);

enum { CGROUP_HIERARCHIES = 5 };
struct cgroup_join {
	int folder; /* v2; -1: none */
	int tasks[CGROUP_HIERARCHIES];
	size_t n;
};
/* ERR_MISSING if the group does not exist. */
MUST_CHECK int cgroup_join_open(const struct cgroup_tree *tree, const char *group,
        struct cgroup_join *out, struct err *err);
void cgroup_join_close(struct cgroup_join *join);

/*
 * fork() with the flags of clone3(2), into the v2 group of join (NULL: none); the child then calls
 * cgroup_join_self, while it has one thread only. Returns as fork does; pidfd is close-on-exec.
 */
MUST_CHECK pid_t cgroup_fork(const struct cgroup_join *join, uint64_t flags, int *pidfd);
MUST_CHECK int cgroup_join_self(const struct cgroup_join *join); /* -1 with errno */
