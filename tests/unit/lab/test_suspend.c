/* suspend and resume over several machines, with the fake provider. */
#include "tests/fake/check_util.h"
#include "tests/unit/lab/lab_fixture.h"

static const char two[] = "prov: 1\n"
                          "lab: shop\n"
                          "defaults: { box: tiny, provider: container, networks: none }\n"
                          "machines:\n"
                          "  db: {}\n"
                          "  web: { depends_on: [db] }\n";

static struct fixture fixture;
static struct lab_recorder recorder;
static struct err err;

static void begin(void)
{
	lab_fixture_begin(&fixture);
	lab_recorder_init(&recorder);
	lab_fixture_write(fixture.project, two);
}

static void end(void)
{
	recorder.sink.close(&recorder.sink);
	lab_fixture_end(&fixture);
}

static struct outcome run(const struct verb *verb, const char *name)
{
	const char *patterns[] = {name, NULL};
	struct lab lab;
	struct outcome out;

	str_reset(&recorder.lines);
	fake_log_clear();
	lab_fixture_open(fixture.project, &lab);
	ck_ok(lab_fixture_run(&lab, verb, name ? patterns : NULL, &recorder, &out, &err));
	lab_clear(&lab);
	return out;
}

START_TEST(stops_and_goes_on)
{
	ck_assert_uint_eq(run(&verb_up, NULL).changed, 2);
	ck_assert_uint_eq(run(&verb_suspend, NULL).changed, 2);
	ck_assert_uint_eq(run(&verb_suspend, NULL).unchanged, 2);
	ck_assert_uint_eq(fake_log_count("freeze"), 0);
	ck_assert_uint_eq(run(&verb_resume, "web").changed, 1);
	ck_assert_uint_eq(fake_log_count("thaw web@container"), 1);
	ck_assert_uint_eq(run(&verb_resume, NULL).unchanged, 1);
	/* What depends on others stops before them and goes on after them. */
	run(&verb_suspend, NULL);
	run(&verb_resume, NULL);
	const char *said = str_text(&recorder.lines);
	ck_assert(strstr(said, "db@container verb-end done") <
	        strstr(said, "web@container verb-end done"));
}
END_TEST

/* Nothing else is done again, but it counts as changed. */
START_TEST(up_lets_it_go_on)
{
	run(&verb_up, NULL);
	run(&verb_suspend, "web");
	struct outcome out = run(&verb_up, NULL);
	ck_assert_uint_eq(out.changed, 1);
	ck_assert_uint_eq(out.unchanged, 1);
	ck_assert_uint_eq(fake_log_count("apply"), 0);
	ck_assert_uint_eq(fake_log_count("thaw web@container"), 1);
	ck_has(str_text(&recorder.lines), "web@container note resumed");
}
END_TEST

START_TEST(halt_lets_it_obey_and_destroy_need_not)
{
	run(&verb_up, NULL);
	run(&verb_suspend, NULL);
	ck_assert_uint_eq(run(&verb_halt, "web").changed, 1);
	ck_assert_uint_eq(fake_log_count("thaw web@container"), 1);
	ck_assert_uint_eq(run(&verb_destroy, NULL).changed, 2);
	ck_assert_uint_eq(fake_log_count("thaw"), 0);
	ck_assert(fake_empty());
}
END_TEST

START_TEST(what_does_not_run_cannot)
{
	run(&verb_up, "db");
	run(&verb_halt, "db");
	/* Of all machines those that do not run are left alone; a named one is an error. */
	ck_assert_uint_eq(run(&verb_suspend, NULL).unchanged, 2);
	ck_assert_uint_eq(run(&verb_suspend, "db").failed, 1);
	ck_has(str_text(&recorder.lines), "db@container error 'db@container' is halted");
	ck_assert_uint_eq(run(&verb_resume, "web").failed, 1);
	ck_has(str_text(&recorder.lines), "web@container error 'web@container' is not up");
	ck_assert_uint_eq(run(&verb_provision, "web").failed, 1);
	run(&verb_up, NULL);
	run(&verb_suspend, NULL);
	ck_assert_uint_eq(run(&verb_provision, "web").failed, 1);
	ck_has(str_text(&recorder.lines), "web@container error 'web@container' is suspended");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {stops_and_goes_on, up_lets_it_go_on,
	        halt_lets_it_obey_and_destroy_need_not, what_does_not_run_cannot};

	return suite_run("suspend", tests, ARRAY_SIZE(tests), begin, end);
}
