/* A lab over its life: what comes up in which order, who holds it, what is left. */
#include "tests/unit/lab/lab_open.h"

#include <stdio.h>
#include <unistd.h>

START_TEST(up_again_changes_nothing_and_destroy_leaves_nothing)
{
	struct lab lab;
	struct outcome out;
	struct err err = {0};

	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_fixture_run(&lab, &verb_up, NULL, &recorder, &out, &err), 0);
	ck_assert_msg(out.changed == 5 && out.failed == 0, "%s", str_text(&recorder.lines));
	lab_clear(&lab);
	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_fixture_run(&lab, &verb_up, NULL, &recorder, &out, &err), 0);
	ck_assert_uint_eq(out.unchanged, 5);
	lab_clear(&lab);
	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_fixture_run(&lab, &verb_destroy, NULL, &recorder, &out, &err), 0);
	ck_assert_uint_eq(out.changed, 5);
	ck_assert(fake_empty());
	AUTO_FREE char *machines = xasprintf("%s/machines", lab.dir);
	struct strv left = {0};
	ck_assert_int_eq(fs_list(machines, &left, &err), 0);
	ck_assert_uint_eq(left.n, 0);
	strv_clear(&left);
	lab_clear(&lab);
}
END_TEST

/* An exec in a lab of hundreds does not read hundreds of journals. */
START_TEST(one_machine_is_read_and_the_others_known)
{
	struct lab_options options = {.from = fixture.project, .only = "web"};
	struct problems problems = {0};
	struct lab lab;
	struct outcome out;
	struct err err = {0};
	struct machine *one;

	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_fixture_run(&lab, &verb_up, NULL, &recorder, &out, &err), 0);
	lab_clear(&lab);
	/* One that only its journal knows is known as well. */
	lab_fixture_write(fixture.project,
	        "prov: 1\nlab: shop\nmachines:\n  web: { box: tiny, networks: none }\n");
	ck_assert_int_eq(lab_open(&options, &lab, &problems, &err), 0);
	ck_assert_int_eq(lab_select_one(&lab, "web@kvm", &one, &err), 0);
	ck_assert_uint_gt(one->state.n_steps, 0);
	ck_assert_int_eq(lab_select_one(&lab, "web@container", &one, &err), 0);
	ck_assert_uint_gt(one->state.n_steps, 0);
	ck_assert_int_eq(lab_select_one(&lab, "node-2", &one, &err), 0);
	ck_assert_str_eq(one->spec.selector, "node-2@container");
	ck_assert(one->state.exists);
	ck_assert_uint_eq(one->state.n_steps, 0);
	lab_clear(&lab);
}
END_TEST

static size_t line_of(const char *text, const char *line)
{
	const char *p = strstr(text, line);

	ck_assert_msg(p != NULL, "'%s' is not in:\n%s", line, text);
	return (size_t)(p - text);
}

START_TEST(dependencies_come_up_first_and_go_down_last)
{
	struct lab lab;
	struct outcome out;
	struct err err = {0};

	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_fixture_run(&lab, &verb_up, NULL, &recorder, &out, &err), 0);
	const char *said = str_text(&recorder.lines);
	ck_assert_uint_lt(line_of(said, "db@container verb-end done"),
	        line_of(said, "web@kvm verb-end done"));
	str_reset(&recorder.lines);
	lab_clear(&lab);
	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_fixture_run(&lab, &verb_halt, NULL, &recorder, &out, &err), 0);
	said = str_text(&recorder.lines);
	ck_assert_uint_gt(line_of(said, "db@container verb-end done"),
	        line_of(said, "web@container verb-end done"));
	lab_clear(&lab);
}
END_TEST

START_TEST(a_failed_dependency_gives_skipped)
{
	struct lab lab;
	struct outcome out;
	struct err err = {0};

	fake_fail("apply", "db@container", "fake.disk", "the disk is full");
	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_fixture_run(&lab, &verb_up, NULL, &recorder, &out, &err), 0);
	ck_assert_uint_eq(out.failed, 1);
	ck_assert_uint_eq(out.skipped, 2);
	ck_assert_uint_eq(out.changed, 2); /* the nodes do not care */
	ck_assert_int_eq(out.exit_code, 1);
	const char *said = str_text(&recorder.lines);
	ck_has(said, "db@container error");
	ck_has(said, "the disk is full");
	ck_has(said, "web@kvm warning skipped: it depends on db@container");
	lab_clear(&lab);
	/* Healed, the next up goes on where it stopped. */
	fake_heal();
	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_fixture_run(&lab, &verb_up, NULL, &recorder, &out, &err), 0);
	ck_assert_uint_eq(out.failed + out.skipped, 0);
	ck_assert_uint_eq(out.changed, 3);
	lab_clear(&lab);
}
END_TEST

/* Each has its own way to be had, and is told once. */
START_TEST(every_missing_box_is_told_with_what_to_do)
{
	struct lab lab;
	struct err err = {0};

	lab_fixture_write(fixture.project,
	        "prov: 1\nlab: shop\ndefaults: { networks: none }\nmachines:\n"
	        "  a: { box: one }\n  b: { box: two }\n  c: { box: one }\n");
	lab_fixture_open(fixture.project, &lab);
	struct machine *all[] = {&lab.machines[0], &lab.machines[1], &lab.machines[2]};
	ck_assert_int_eq(prepare_specs(&lab, all, ARRAY_SIZE(all), &err), -1);
	ck_assert_int_eq(err.kind, ERR_MISSING);
	ck_assert_str_eq(err.message, "there is no box 'one'; there is no box 'two'");
	ck_assert_str_eq(err.hint,
	        geteuid() ? "prov needs root for machines, and root has boxes of its own: sudo "
	                    "prov …"
	                  : "'one': build it with 'prov box build one', or 'prov box add' a file "
	                    "or URL; 'two': build it with 'prov box build two', or 'prov box "
	                    "add' a file or URL");
	ck_assert_int_eq(prepare_specs(&lab, all, 1, &err), -1);
	ck_assert_str_eq(err.message, "there is no box 'one'");
	if (!geteuid())
		ck_assert_str_eq(err.hint,
		        "build it with 'prov box build one', or 'prov box add' a file or URL");
	lab_clear(&lab);
}
END_TEST

static int stops_at_db(struct job *job, struct err *err)
{
	if (str_eq(job->machine->spec.selector, "db@container"))
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	return 0;
}

START_TEST(what_was_interrupted_has_not_failed)
{
	static const struct verb verb = {.name = "up", .run = stops_at_db};
	struct lab lab;
	struct outcome out;
	struct err err = {0};

	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_fixture_run(&lab, &verb, NULL, &recorder, &out, &err), 0);
	ck_assert_uint_eq(out.interrupted, 1);
	ck_assert_uint_eq(out.failed, 0);
	ck_assert_uint_eq(out.changed, 4);
	ck_assert_int_eq(out.exit_code, 130);
	ck_has(str_text(&recorder.lines), "db@container verb-end interrupted");
	ck_assert_ptr_null(strstr(str_text(&recorder.lines), " error "));
	lab_clear(&lab);
}
END_TEST

START_TEST(a_second_command_is_told_who_holds_the_lab)
{
	struct lab first, second;
	struct err err = {0};

	lab_fixture_open(fixture.project, &first);
	ck_assert_int_eq(lab_lock(&first, &err), 0);
	lab_fixture_open(fixture.project, &second);
	ck_assert_int_eq(lab_lock(&second, &err), -1);
	ck_assert_int_eq(err.kind, ERR_BUSY);
	AUTO_FREE char *pid = xasprintf("(pid %d)", getpid());
	ck_has(err.message, "lab 'shop' is being changed by test_lab");
	ck_has(err.message, pid);
	lab_clear(&second);
	lab_clear(&first);
}
END_TEST

START_TEST(two_first_commands_make_one_lab)
{
	struct lab first, second;
	struct err err = {0};

	lab_fixture_open(fixture.project, &first);
	lab_fixture_open(fixture.project, &second);
	ck_assert_ptr_null(second.id);
	ck_assert_int_eq(lab_lock(&first, &err), 0);
	ck_assert_int_eq(lab_lock(&second, &err), -1);
	ck_assert_int_eq(err.kind, ERR_BUSY);
	AUTO_FREE char *pid = xasprintf("pid %d", getpid());
	ck_has(err.message, pid);
	ck_assert_str_eq(second.id, first.id);
	lab_clear(&second);
	lab_clear(&first);
}
END_TEST

/* A command that waited, for its lock or for an answer of the user. */
START_TEST(what_changed_before_the_lock_is_not_overlooked)
{
	struct lab lab, late;
	struct outcome out;
	struct err err = {0};

	lab_fixture_open(fixture.project, &late);
	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_fixture_run(&lab, &verb_up, NULL, &recorder, &out, &err), 0);
	lab_clear(&lab);
	ck_assert_int_eq(lab_lock(&late, &err), -1);
	ck_has(err.message, "another prov has just changed lab 'shop'");
	lab_clear(&late);
	lab_fixture_open(fixture.project, &late);
	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_fixture_run(&lab, &verb_destroy, NULL, &recorder, &out, &err), 0);
	lab_clear(&lab);
	ck_assert_int_eq(lab_lock(&late, &err), -1);
	ck_has(err.message, "another prov has just changed lab 'shop'");
	lab_clear(&late);
}
END_TEST

START_TEST(a_machine_gone_from_the_file_can_still_be_destroyed)
{
	struct lab lab;
	struct outcome out;
	struct err err = {0};
	static const char *const old[] = {"db", NULL};

	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_fixture_run(&lab, &verb_up, old, &recorder, &out, &err), 0);
	lab_clear(&lab);
	lab_fixture_write(fixture.project,
	        "prov: 1\nlab: shop\nmachines: { other: { box: tiny, networks: none } }\n");
	lab_fixture_open(fixture.project, &lab);
	ck_assert_uint_eq(lab.n, 2);
	ck_assert(!lab.machines[1].in_file);
	ck_assert_int_eq(lab_fixture_run(&lab, &verb_destroy, old, &recorder, &out, &err), 0);
	ck_assert_uint_eq(out.changed, 1);
	ck_assert(fake_empty());
	lab_clear(&lab);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lab");
	TCase *cases = tcase_create("lab");

	tcase_add_checked_fixture(cases, begin, end);
	tcase_add_test(cases, up_again_changes_nothing_and_destroy_leaves_nothing);
	tcase_add_test(cases, one_machine_is_read_and_the_others_known);
	tcase_add_test(cases, dependencies_come_up_first_and_go_down_last);
	tcase_add_test(cases, a_failed_dependency_gives_skipped);
	tcase_add_test(cases, every_missing_box_is_told_with_what_to_do);
	tcase_add_test(cases, what_was_interrupted_has_not_failed);
	tcase_add_test(cases, a_second_command_is_told_who_holds_the_lab);
	tcase_add_test(cases, two_first_commands_make_one_lab);
	tcase_add_test(cases, what_changed_before_the_lock_is_not_overlooked);
	tcase_add_test(cases, a_machine_gone_from_the_file_can_still_be_destroyed);
	suite_add_tcase(suite, cases);
	return suite_finish(suite);
}
