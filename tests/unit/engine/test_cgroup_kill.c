/* Control groups of the running kernel: their processes are found, signalled and killed. */
#include "tests/unit/engine/cgroup_kernel.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Only who is in it gets it, and all of them. */
START_TEST(signals_all)
{
	int status;

	if (!begin(_i))
		return;
	pid_t pid = start_pair(0);
	ck_ok(cgroup_signal(&tree, group, SIGHUP, &err));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WTERMSIG(status), SIGHUP);
	end();
}
END_TEST

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
	if (!begin(_i))
		return;
	pid_t pid = start_pair(0);
	ck_ok(cgroup_freeze(&tree, group, true, &err));
	ck_ok(cgroup_kill(&tree, group, &err));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	end();
}
END_TEST

/* Removing a group that is in use waits for its last process. */
static void kill_members(void)
{
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
		usleep(100000);
		kill_members();
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
	Suite *suite = suite_create("cgroup_kill");
	TCase *tc = tcase_create("kernel");
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, kills_all_and_goes, 0, 2);
	tcase_add_loop_test(tc, finds_pid_1, 0, 2);
	tcase_add_loop_test(tc, kills_what_is_frozen, 0, 2);
	tcase_add_loop_test(tc, removal_waits, 0, 2);
	tcase_add_loop_test(tc, signals_all, 0, 2);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
