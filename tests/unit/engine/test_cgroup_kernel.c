/* Control groups of the running kernel: freezing, counting, limits, what is delegated. */
#include "tests/unit/engine/cgroup_kernel.h"

#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* CPU time of all of them, in ticks. */
static int64_t used_ticks(void)
{
	AUTO_FREE pid_t *pids = NULL;
	size_t n;
	int64_t ticks = 0;

	ck_ok(cgroup_pids(&tree, group, &pids, &n, &err));
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *path = xasprintf("/proc/%d/stat", pids[i]);
		AUTO_STR text = {0};
		long user = 0;
		ck_ok(fs_read(path, 4096, &text, &err));
		const char *rest = strrchr(str_text(&text), ')');
		ck_assert_int_eq(
		        sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld", &user),
		        1);
		ticks += user;
	}
	return ticks;
}

static pid_t start_spinner(void)
{
	struct cgroup_join join;
	int pidfd;

	ck_ok(cgroup_join_open(&tree, group, &join, &err));
	pid_t pid = cgroup_fork(&join, 0, &pidfd);
	if (pid == 0) {
		if (cgroup_join_self(&join) < 0)
			_exit(1);
		for (volatile unsigned i = 0;; i++)
			;
	}
	ck_assert_int_gt(pid, 0);
	close(pidfd);
	cgroup_join_close(&join);
	return pid;
}

static bool freezes(void)
{
	if (cgroup_hierarchy(&tree, CG_FREEZER) >= 0)
		return true;
	printf("SKIP cgroups: no freezer at '%s'\n", tree.dirs.v[0]);
	return false;
}

/* Once it says so, nothing runs any more. */
START_TEST(freezes_and_thaws)
{
	if (!begin(_i))
		return;
	pid_t pid = start_spinner();
	for (int round = 0; freezes() && round < 3; round++) {
		ck_assert(!cgroup_is_frozen(&tree, group));
		ck_ok(cgroup_freeze(&tree, group, true, &err));
		ck_ok(cgroup_freeze(&tree, group, true, &err));
		ck_assert(cgroup_is_frozen(&tree, group));
		int64_t before = used_ticks();
		usleep(60000);
		ck_assert_int_eq(used_ticks(), before);
		ck_ok(cgroup_freeze(&tree, group, false, &err));
		ck_assert(!cgroup_is_frozen(&tree, group));
		for (int i = 0; used_ticks() == before && i < 6000; i++)
			usleep(10000);
		ck_assert_int_gt(used_ticks(), before);
	}
	ck_ok(cgroup_kill(&tree, group, &err));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	end();
}
END_TEST

/* Groups that the container made inside its own count as its own, and go with it. */
START_TEST(groups_below_belong_to_it)
{
	AUTO_FREE char *inner = NULL;

	if (!begin(_i))
		return;
	char *outer = group;
	inner = xasprintf("%s/a/b", outer);
	ck_ok(cgroup_create(&tree, inner, CG_USUAL, &err));
	group = inner;
	pid_t pid = start_pair(CLONE_NEWPID);
	group = outer;
	ck_assert_uint_eq(count(), 2);
	ck_assert_int_eq(cgroup_init(&tree, group), pid);
	/* What joins the outer one from outside must get in, where v2 forbids processes there. */
	struct cgroup_join join;
	ck_ok(cgroup_join_open(&tree, group, &join, &err));
	cgroup_join_close(&join);
	ck_ok(cgroup_kill(&tree, group, &err));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	end();
}
END_TEST

/* What a container handed down to groups of its own must not keep its next run out. */
START_TEST(one_that_has_ended_is_joined_again)
{
	AUTO_FREE char *inner = NULL;

	if (!begin(_i))
		return;
	inner = xasprintf("%s/a", group);
	ck_ok(cgroup_create(&tree, inner, CG_USUAL, &err));
	ck_ok(cgroup_create(&tree, group, CG_USUAL, &err));
	pid_t pid = start_pair(0);
	ck_assert_uint_eq(count(), 2);
	ck_ok(cgroup_kill(&tree, group, &err));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	end();
}
END_TEST

static bool has_v2(void)
{
	for (size_t i = 0; i < tree.dirs.n; i++)
		if (tree.controllers[i] & CG_CORE)
			return true;
	printf("SKIP cgroups: there is no v2 at '%s'\n", tree.dirs.v[0]);
	return false;
}

/* Groups so deep that no path names them could neither be walked nor removed. */
START_TEST(what_is_delegated_has_a_depth)
{
	AUTO_STR path = {0};
	char name[251] = "";
	int depth = 0;

	if (!begin(1))
		return;
	if (has_v2()) {
		memset(name, 'x', sizeof(name) - 1);
		ck_ok(cgroup_delegate(&tree, group, 1000, 1000, &err));
		str_addf(&path, "%s/%s", tree.dirs.v[0], group);
		for (int made = 0; made == 0 && depth < 15; depth += made == 0) {
			str_addf(&path, "/%s", name);
			made = mkdir(str_text(&path), 0755);
		}
		ck_assert_int_eq(depth, 12);
	}
	end();
}
END_TEST

/* Who may raise that bound himself makes them all the same. */
START_TEST(removes_what_no_path_names)
{
	AUTO_FREE char *top = NULL;
	char name[251] = "";

	if (!begin(1))
		return;
	if (has_v2()) {
		memset(name, 'x', sizeof(name) - 1);
		top = xasprintf("%s/%s", tree.dirs.v[0], group);
		pid_t pid = fork();
		if (pid == 0) {
			for (int i = 0; i < 20; i++)
				if (chdir(i ? name : top) < 0 || mkdir(name, 0755) < 0)
					_exit(1);
			_exit(0);
		}
		int status;
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
		ck_assert_uint_eq(count(), 0);
		ck_ok(cgroup_kill(&tree, group, &err));
	}
	end();
}
END_TEST

/* Its owner could freeze it, and who joins it with it. */
START_TEST(a_group_of_the_machines_is_not_joined)
{
	struct cgroup_join join;
	struct stat st;

	if (!begin(1))
		return;
	if (has_v2()) {
		AUTO_FREE char *leaf = xasprintf("%s/%s/prov-exec", tree.dirs.v[0], group);
		ck_assert_int_eq(mkdir(leaf, 0755), 0);
		ck_assert_int_eq(chown(leaf, 1000, 1000), 0);
		ck_ok(cgroup_join_open(&tree, group, &join, &err));
		ck_assert_int_eq(fstat(join.folder, &st), 0);
		ck_assert_uint_eq(st.st_uid, 0);
		ck_assert_uint_eq(st.st_nlink, 2);
		cgroup_join_close(&join);
	}
	end();
}
END_TEST

/* A hierarchy that it was not in takes its processes in as well. */
START_TEST(gathers_in_another_hierarchy)
{
	if (!begin(0))
		return;
	pid_t pid = start_pair(0);
	if (tree.v2 || cgroup_hierarchy(&tree, CG_CPUSET) < 0) {
		printf("SKIP cgroups: there is no hierarchy of cpuset alone\n");
	} else {
		struct cgroup_tree cpuset = {0};
		int i = cgroup_hierarchy(&tree, CG_CPUSET);
		AUTO_FREE pid_t *pids = NULL;
		size_t n;
		strv_add(&cpuset.dirs, tree.dirs.v[i]);
		cpuset.controllers[0] = tree.controllers[i];
		ck_ok(cgroup_create(&tree, group, CG_CPUSET, &err));
		ck_ok(cgroup_gather(&tree, group, &err));
		ck_ok(cgroup_pids(&cpuset, group, &pids, &n, &err));
		ck_assert_uint_eq(n, 2);
		cgroup_tree_clear(&cpuset);
	}
	ck_ok(cgroup_kill(&tree, group, &err));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	end();
}
END_TEST

/* Root of a user namespace has no say in devices: that is told, and no error. */
START_TEST(devices_in_a_user_namespace)
{
	struct cgroup_limits limits = {.pids = LIMIT(50)};
	AUTO_STRV left = {0};
	int status;

	if (!begin(0))
		return;
	device_rules_default(&limits);
	pid_t pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(77);
		if (fs_write_attr("/proc/self/uid_map", "0 0 1", NULL) < 0)
			_exit(78);
		if (cgroup_limit(&tree, group, &limits, &left, &err) < 0) {
			printf("%s\n", err.message);
			fflush(stdout);
			_exit(1);
		}
		_exit(left.n && str_starts(left.v[0], "devices") ? 0 : 2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) >= 77)
		printf("SKIP cgroups: a user namespace cannot be made\n");
	else
		ck_assert_int_eq(status, 0);
	/* Who may, must not be let off. */
	ck_ok(cgroup_limit(&tree, group, &limits, &left, &err));
	ck_assert_uint_eq(left.n, 0);
	cgroup_limits_clear(&limits);
	end();
}
END_TEST

/* The kernel takes every limit that it offers, and gives it back. */
START_TEST(the_kernel_takes_the_limits)
{
	struct cgroup_limits limits = {.pids = LIMIT(50)};
	struct cgroup_use use;

	if (!begin(0))
		return;
	limits.memory.bytes = LIMIT(64 << 20);
	limits.memory.with_swap = LIMIT(64 << 20);
	limits.memory.reservation = LIMIT(8 << 20);
	limits.memory.swappiness = LIMIT(10);
	limits.cpu.weight = LIMIT(200);
	limits.cpu.quota = LIMIT(50000);
	limits.cpu.period = LIMIT(100000);
	limits.cpu.burst = LIMIT(10000);
	limits.cpu.cpus = xstrdup("0");
	limits.io.weight = LIMIT(200);
	device_rules_default(&limits);
	ck_ok(cgroup_create(&tree, group, CG_USUAL | cgroup_needs(&limits), &err));
	for (int i = 0; i < 2; i++) {
		ck_ok(cgroup_limit(&tree, group, &limits, NULL, &err));
		ck_ok(cgroup_usage(&tree, group, &use, &err));
		ck_assert_int_eq(use.memory_limit_bytes, limits.memory.bytes.value);
		ck_assert_int_eq(use.pids_limit, 50);
		ck_assert_int_ge(use.cpu_ns, 0);
		ck_assert_int_ge(use.oom_kills, 0);
		ck_assert_int_eq(use.pids, 0);
		/* Growing and shrinking need another order of memory and swap. */
		limits.memory.bytes = limits.memory.with_swap = LIMIT(i ? 32 << 20 : 128 << 20);
	}
	limits.memory.bytes = limits.memory.with_swap = LIMIT(-1);
	limits.pids = LIMIT(-1);
	ck_ok(cgroup_limit(&tree, group, &limits, NULL, &err));
	ck_ok(cgroup_usage(&tree, group, &use, &err));
	ck_assert_int_eq(use.memory_limit_bytes, -1);
	ck_assert_int_eq(use.pids_limit, -1);
	free(limits.cpu.cpus);
	limits.cpu.cpus = xstrdup("99999");
	ck_assert_int_eq(cgroup_limit(&tree, group, &limits, NULL, &err), -1);
	ck_has(err.message, "write '99999' to '");
	ck_has(err.message, "cpuset.cpus'");
	ck_assert_str_ne(err.hint, "");
	cgroup_limits_clear(&limits);
	end();
}
END_TEST

int main(void)
{
	if (geteuid() != 0) {
		printf("SKIP cgroups: only root may make them\n");
		return getenv("PROV_TEST_MUST_RUN") != NULL;
	}
	Suite *suite = suite_create("cgroup_kernel");
	TCase *tc = tcase_create("kernel");
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, freezes_and_thaws, 0, 2);
	tcase_add_loop_test(tc, groups_below_belong_to_it, 0, 2);
	tcase_add_loop_test(tc, one_that_has_ended_is_joined_again, 0, 2);
	tcase_add_test(tc, what_is_delegated_has_a_depth);
	tcase_add_test(tc, removes_what_no_path_names);
	tcase_add_test(tc, a_group_of_the_machines_is_not_joined);
	tcase_add_test(tc, gathers_in_another_hierarchy);
	tcase_add_test(tc, devices_in_a_user_namespace);
	tcase_add_test(tc, the_kernel_takes_the_limits);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
