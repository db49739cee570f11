/* A group of its own in the running kernel, for the suites that need one: with v1 in the usual
 * place, with v2 wherever it is mounted (a hybrid host has it without controllers, which is enough
 * here). */
#pragma once

#include "engine/cgroup/cgroup.h"
#include "tests/fake/check_util.h"

#include <stdio.h>
#include <unistd.h>

static const char *const roots[] = {CGROUP_ROOT, CGROUP_ROOT "/unified"};

static struct err err;
static struct cgroup_tree tree;
static char *group;

static inline bool begin(int which)
{
	if (cgroup_tree_find(roots[which], &tree, &err) < 0) {
		printf("SKIP cgroups: %s\n", err.message);
		ck_assert(!getenv("PROV_TEST_MUST_RUN") || which == 1);
		return false;
	}
	group = xasprintf("prov-test-%d", getpid());
	ck_ok(cgroup_create(&tree, group, CG_USUAL, &err));
	ck_ok(cgroup_create(&tree, group, CG_USUAL, &err));
	return true;
}

static inline void end(void)
{
	ck_ok(cgroup_remove(&tree, group, &err));
	for (size_t i = 0; i < tree.dirs.n; i++) {
		AUTO_FREE char *dir = xasprintf("%s/%s", tree.dirs.v[i], group);
		ck_assert(!fs_exists(dir));
	}
	cgroup_tree_clear(&tree);
	free(group);
}

/* A process in the group, with a child there; it has joined once this returns. */
static inline pid_t start_pair(uint64_t flags)
{
	struct cgroup_join join;
	int pidfd, ready[2];
	char byte;

	ck_ok(cgroup_join_open(&tree, group, &join, &err));
	ck_assert_int_eq(pipe(ready), 0);
	pid_t pid = cgroup_fork(&join, flags, &pidfd);
	if (pid == 0) {
		if (cgroup_join_self(&join) < 0 || fork() < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	ck_assert_int_gt(pid, 0);
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(pidfd);
	cgroup_join_close(&join);
	return pid;
}

static inline size_t count(void)
{
	AUTO_FREE pid_t *pids = NULL;
	size_t n;

	ck_ok(cgroup_pids(&tree, group, &pids, &n, &err));
	return n;
}
