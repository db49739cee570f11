/*
 * prov is killed at every point of up, halt and destroy, and at moments in between: then up
 * finishes, or destroy leaves nothing (the fixture's end looks).
 */
#include "tests/unit/providers/container_fixture.h"

#include "base/clock.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define err ctr_err

static int points_left;

static void count_down(void *ctx, const char *where, const char *step)
{
	(void)ctx;
	(void)where;
	(void)step;
	if (points_left-- == 0)
		kill(getpid(), SIGKILL);
}
static const struct run_hooks hooks = {.point = count_down};

static int destroy(void)
{
	return run_destroy(&ctr.runner, &ctr_err);
}

/* True if it was killed; after that a new process goes on. */
static bool killed_in(int (*verb)(void), int point)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		points_left = point;
		ctr.runner.hooks = &hooks;
		_exit(verb() < 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	ctr_reopen();
	return WIFSIGNALED(status);
}

static void with_command(void)
{
	strv_add(&ctr.spec.container.command, "sleep");
	strv_add(&ctr.spec.container.command, "1000");
}

/* Destroys, looks, and goes on with a machine as new. */
static void start_over(void)
{
	ck_ok(destroy());
	ctr_nothing_left();
	/* Nobody had to be killed. */
	ck_assert_str_eq(str_text(&ctr.notes), "");
	ctr_reopen();
}

static int each_point(int (*before)(void), int (*verb)(void))
{
	int point = 0;

	for (bool killed = true; killed; point++) {
		if (before)
			ck_ok(before());
		killed = killed_in(verb, point);
		start_over();
	}
	return point;
}

START_TEST(killed_in_up)
{
	if (_i)
		with_command();
	ck_assert_int_gt(each_point(NULL, ctr_up), 30);
}
END_TEST

START_TEST(killed_in_halt)
{
	if (_i)
		with_command();
	ck_assert_int_gt(each_point(ctr_up, ctr_halt), 8);
}
END_TEST

START_TEST(killed_in_destroy)
{
	ck_assert_int_gt(each_point(ctr_up, destroy), 20);
}
END_TEST

START_TEST(killed_in_up_then_up)
{
	bool killed = true;

	if (_i)
		with_command();
	for (int point = 0; killed; point++) {
		killed = killed_in(ctr_up, point);
		ck_ok(ctr_up());
		ck_assert_int_eq(ctr_status().state, MACHINE_RUNNING);
		ck_assert_int_eq(ctr_sh("test $(ls -d /proc/[0-9]* | wc -l) -le 6"), 0);
		start_over();
	}
}
END_TEST

/* Runs the verb in a process that is killed after so many microseconds. */
static void killed_after(int (*verb)(void), int64_t us)
{
	int64_t from = clock_mono_ns();
	pid_t pid = fork();

	if (pid == 0)
		_exit(verb() < 0);
	int64_t rest = from + us * 1000 - clock_mono_ns();
	struct timespec pause = {0, rest > 0 ? rest : 0};
	nanosleep(&pause, NULL);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ctr_reopen();
}

/* Between two points lies all that the engine does. */
START_TEST(killed_at_any_moment_of_up)
{
	if (_i)
		with_command();
	for (int64_t us = 100; us < 5000; us += 270) {
		killed_after(ctr_up, us);
		if (us / 270 % 2) {
			ck_ok(ctr_up());
			ck_assert_int_eq(ctr_sh("true"), 0);
		}
		start_over();
	}
}
END_TEST

/* PID 1 may be dying while the next up looks. */
START_TEST(killed_at_any_moment_of_halt)
{
	if (_i)
		with_command();
	for (int64_t us = 0; us < 12000; us += 900) {
		ck_ok(ctr_up());
		killed_after(us / 900 % 2 ? ctr_halt : destroy, us);
		ck_ok(ctr_up());
		ck_assert_int_eq(ctr_sh("true"), 0);
		start_over();
	}
}
END_TEST

static void begin(void)
{
	/* What a killed process leaves is reaped here, not by whoever is PID 1 of this host. */
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	ctr_begin();
}

static void ignore(int sig)
{
	(void)sig;
}

/* As Ctrl-C does, at whatever moment: what prov and the machine in the making wait for of each
 * other still comes. Stopping in order is the runner's. */
START_TEST(signals_in_up)
{
	const struct sigaction action = {.sa_handler = ignore};

	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	for (int i = 1; i <= 100; i++) {
		const struct itimerval once = {.it_value.tv_usec = 100 * i};
		ck_assert_int_eq(setitimer(ITIMER_REAL, &once, NULL), 0);
		ck_ok(ctr_up());
		ck_ok(ctr_halt());
	}
}
END_TEST

int main(void)
{
	if (ctr_world_begin() < 0)
		return getenv("PROV_TEST_MUST_RUN") != NULL;
	Suite *suite = suite_create("container_crash");
	TCase *tc = tcase_create("crash");
	tcase_add_checked_fixture(tc, begin, ctr_end);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, killed_in_up, 0, 2);
	tcase_add_loop_test(tc, killed_in_halt, 0, 2);
	tcase_add_test(tc, killed_in_destroy);
	tcase_add_test(tc, signals_in_up);
	tcase_add_loop_test(tc, killed_in_up_then_up, 0, 2);
	tcase_add_loop_test(tc, killed_at_any_moment_of_up, 0, 2);
	tcase_add_loop_test(tc, killed_at_any_moment_of_halt, 0, 2);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	ctr_world_end();
	return failed != 0;
}
