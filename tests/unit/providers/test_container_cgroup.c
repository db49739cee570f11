/*
 * Control groups of the running kernel: joining, counting, killing, removing. With v1 in the usual
 * place, with v2 wherever it is mounted (a hybrid host has it without controllers, which is enough
 * here).
 */
#include "engine/cgroup.h"
#include "tests/fake/check_util.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const roots[] = {CGROUP_ROOT, CGROUP_ROOT "/unified"};

static struct err err;
static struct cgroup_tree tree;
static char *group;

static bool begin(int which)
{
	if (cgroup_tree_find(roots[which], &tree, &err) < 0) {
		printf("SKIP cgroups: %s\n", err.message);
		ck_assert(!getenv("PROV_TEST_MUST_RUN") || which == 1);
		return false;
	}
	group = xasprintf("prov-test-%d", getpid());
	ck_ok(cgroup_create(&tree, group, &err));
	ck_ok(cgroup_create(&tree, group, &err));
	return true;
}

static void end(void)
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
static pid_t start_pair(uint64_t flags)
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

static size_t count(void)
{
	AUTO_FREE pid_t *pids = NULL;
	size_t n;

	ck_ok(cgroup_pids(&tree, group, &pids, &n, &err));
	return n;
}

START_TEST(kills_all_and_goes)
{
	int status;

	if (!begin(_i))
		return;
	ck_assert_uint_eq(count(), 0);
	pid_t pid = start_pair(0);
	ck_assert_uint_eq(count(), 2);
	ck_assert_int_eq(cgroup_init(&tree, group), 0); /* no pid namespace */
	ck_ok(cgroup_kill(&tree, group, &err));
	ck_assert_uint_eq(count(), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	end();
}
END_TEST

START_TEST(finds_pid_1)
{
	if (!begin(_i))
		return;
	pid_t pid = start_pair(CLONE_NEWPID);
	ck_assert_int_eq(cgroup_init(&tree, group), pid);
	ck_ok(cgroup_kill(&tree, group, &err));
	ck_assert_int_eq(cgroup_init(&tree, group), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	end();
}
END_TEST

/* v1's freezer holds SIGKILL back; v2 lets it through. */
START_TEST(kills_what_is_frozen)
{
	bool frozen = false;

	if (!begin(_i))
		return;
	pid_t pid = start_pair(0);
	for (size_t i = 0; i < tree.dirs.n; i++) {
		AUTO_FREE char *v1 = xasprintf("%s/%s/freezer.state", tree.dirs.v[i], group);
		AUTO_FREE char *v2 = xasprintf("%s/%s/cgroup.freeze", tree.dirs.v[i], group);
		if (fs_exists(v1))
			ck_ok(fs_write_attr(v1, "FROZEN", &err));
		else if (fs_exists(v2))
			ck_ok(fs_write_attr(v2, "1", &err));
		else
			continue;
		frozen = true;
	}
	ck_assert(frozen);
	ck_ok(cgroup_kill(&tree, group, &err));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	end();
}
END_TEST

/* Removing a group that is in use waits for its last process. */
static void on_alarm(int sig)
{
	(void)sig;
	AUTO_FREE pid_t *pids = NULL;
	size_t n;

	if (cgroup_pids(&tree, group, &pids, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			kill(pids[i], SIGKILL);
}

START_TEST(removal_waits)
{
	if (!begin(_i))
		return;
	pid_t pid = start_pair(0), killer = fork();
	if (killer == 0) {
		signal(SIGALRM, on_alarm);
		ualarm(100000, 0);
		pause();
		_exit(0);
	}
	end();
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(waitpid(killer, NULL, 0), killer);
}
END_TEST

int main(void)
{
	if (geteuid() != 0) {
		printf("SKIP cgroups: only root may make them\n");
		return getenv("PROV_TEST_MUST_RUN") != NULL;
	}
	Suite *suite = suite_create("container_cgroup");
	TCase *tc = tcase_create("kernel");
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, kills_all_and_goes, 0, 2);
	tcase_add_loop_test(tc, finds_pid_1, 0, 2);
	tcase_add_loop_test(tc, kills_what_is_frozen, 0, 2);
	tcase_add_loop_test(tc, removal_waits, 0, 2);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
