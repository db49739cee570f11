/*
 * Kills the process before, within and after every effect and every journal line of each verb; then
 * `up` must finish with the right world, and `destroy` must leave nothing. Counts what it did, so
 * that it cannot pass by doing nothing.
 */
#include "tests/crash/crash_case.h"

static int verb_halt(void)
{
	return rig_halt(&rig, &changed, &err);
}

static int verb_destroy(void)
{
	return rig_destroy(&rig, &err);
}

/* The machine as it stands now is the start; every point of the verb is the end of one run. */
static void kill_everywhere(const char *name, int (*verb)(void), long sane)
{
	struct snapshot start = {0};

	take(&start, root);
	long points = run_killed(verb, -1);
	ck_assert_msg(points >= sane, "%s: only %ld points", name, points);
	for (long at = 0; at < points; at++) {
		restore(&start);
		run_killed(verb, at);
		struct snapshot crashed = {0};
		take(&crashed, root);
		up_finishes(options, name, at);
		destroy_leaves_nothing(name, at);
		restore(&crashed);
		destroy_leaves_nothing(name, at);
		snapshot_clear(&crashed);
	}
	printf("%s: %ld points\n", name, points);
	snapshot_clear(&start);
}

START_TEST(killed_in_the_first_up)
{
	kill_everywhere("first up", verb_up, 60);
}
END_TEST

START_TEST(killed_in_an_up_after_halt)
{
	ck_ok(rig_up(&rig, NULL, &changed, &err));
	ck_ok(rig_halt(&rig, &changed, &err));
	kill_everywhere("up after halt", verb_up, 20);
}
END_TEST

START_TEST(killed_in_an_up_that_restarts)
{
	ck_ok(rig_up(&rig, NULL, &changed, &err));
	rig.spec.memory_bytes = 1024;
	kill_everywhere("up that restarts", verb_up, 50);
}
END_TEST

START_TEST(killed_in_an_up_that_recreates)
{
	static const struct up_options recreate = {.recreate = true};

	ck_ok(rig_up(&rig, NULL, &changed, &err));
	free(rig.spec.box.digest);
	rig.spec.box.digest = xstrdup("box-2");
	options = &recreate;
	kill_everywhere("up that recreates", verb_up, 110);
}
END_TEST

START_TEST(killed_in_an_up_after_a_failure)
{
	fake_fail("apply", WEB, "fake.start", "late");
	ck_assert_int_eq(rig_up(&rig, NULL, &changed, &err), -1);
	fake_heal();
	kill_everywhere("up after a failure", verb_up, 20);
}
END_TEST

START_TEST(killed_in_halt)
{
	ck_ok(rig_up(&rig, NULL, &changed, &err));
	kill_everywhere("halt", verb_halt, 20);
}
END_TEST

START_TEST(killed_in_destroy)
{
	ck_ok(rig_up(&rig, NULL, &changed, &err));
	kill_everywhere("destroy", verb_destroy, 55);
}
END_TEST

/* A destroy of what a killed up left is killed as well. */
START_TEST(killed_twice)
{
	struct snapshot start = {0};
	long runs = 0, points = run_killed(verb_up, -1);

	ck_ok(rig_destroy(&rig, &err));
	take(&start, root);
	for (long at = 0; at < points; at += 6) {
		restore(&start);
		run_killed(verb_up, at);
		struct snapshot crashed = {0};
		take(&crashed, root);
		long again = run_killed(verb_destroy, -1);
		for (long second = 0; second < again; second++) {
			restore(&crashed);
			run_killed(verb_destroy, second);
			destroy_leaves_nothing("killed twice", second);
			runs++;
		}
		snapshot_clear(&crashed);
	}
	ck_assert_int_ge(runs, 250);
	printf("killed twice: %ld runs\n", runs);
	snapshot_clear(&start);
}
END_TEST

/* What a kill between the removals of journal_discard leaves. */
START_TEST(killed_while_the_folder_goes)
{
	ck_ok(rig_up(&rig, NULL, &changed, &err));
	ck_ok(rig_open(&rig, true, &err));
	ck_ok(run_destroy(&rig.runner, &err));
	rig_close(&rig);
	ck_ok(fs_unlink(rig.names.journal, &err));
	ck_assert(fs_is_dir(rig.names.dir));
	destroy_leaves_nothing("without journal", 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {killed_in_the_first_up, killed_in_an_up_after_halt,
	        killed_in_an_up_that_restarts, killed_in_an_up_that_recreates,
	        killed_in_an_up_after_a_failure, killed_in_halt, killed_in_destroy, killed_twice,
	        killed_while_the_folder_goes};

	return suite_run("crash", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
