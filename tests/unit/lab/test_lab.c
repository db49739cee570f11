/* Identity of folders, selection, allocation, and the verbs over several machines with the fake
 * provider. */
#include "tests/fake/check_util.h"
#include "tests/unit/lab/lab_fixture.h"

#include "base/fs.h"
#include "lab/prepare.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char three[] = "prov: 1\n"
                            "lab: shop\n"
                            "defaults: { box: tiny, provider: container, networks: none }\n"
                            "machines:\n"
                            "  db: {}\n"
                            "  web: { depends_on: [db], provider: both, networks: default }\n"
                            "  node: { count: 2 }\n"
                            "  attic: { autostart: false }\n";

static struct fixture fixture;
static struct lab_recorder recorder;

static void begin(void)
{
	lab_fixture_begin(&fixture);
	lab_recorder_init(&recorder);
	lab_fixture_write(fixture.project, three);
}

static void end(void)
{
	recorder.sink.close(&recorder.sink);
	lab_fixture_end(&fixture);
}

static size_t select_count(struct lab *lab, const char *pattern, struct err *err)
{
	struct strv list = {0};
	AUTO_FREE struct machine **chosen = NULL;
	size_t n = 0;

	if (pattern)
		strv_add(&list, pattern);
	int rc = lab_select(lab, &list, &chosen, &n, err);
	strv_clear(&list);
	return rc < 0 ? SIZE_MAX : n;
}

static void expect_text(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "'%s' is not in '%s'", part, text);
}

START_TEST(selects_by_name_kind_and_instance)
{
	struct lab lab;
	struct err err = {0};

	lab_fixture_open(fixture.project, &lab);
	ck_assert_uint_eq(select_count(&lab, NULL, &err), 5); /* attic comes up only by name */
	ck_assert_uint_eq(select_count(&lab, "web", &err), 2);
	ck_assert_uint_eq(select_count(&lab, "web@kvm", &err), 1);
	ck_assert_uint_eq(select_count(&lab, "node", &err), 2);
	ck_assert_uint_eq(select_count(&lab, "node-2", &err), 1);
	ck_assert_uint_eq(select_count(&lab, "attic", &err), 1);
	ck_assert_uint_eq(select_count(&lab, "wbe", &err), SIZE_MAX);
	expect_text(err.message, "there is no machine 'wbe' in lab 'shop'");
	expect_text(err.hint, "did you mean 'web'?");
	ck_assert_int_eq(err.kind, ERR_USAGE);
	lab_clear(&lab);
}
END_TEST

START_TEST(one_machine_is_asked_for)
{
	struct lab lab;
	struct machine *m;
	struct err err = {0};

	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_select_one(&lab, "web", &m, &err), -1);
	expect_text(err.message, "'web' selects several machines");
	expect_text(err.hint, "web@container, web@kvm");
	ck_assert_int_eq(lab_select_one(&lab, "db", &m, &err), 0);
	ck_assert_str_eq(m->spec.selector, "db@container");
	lab_clear(&lab);
}
END_TEST

START_TEST(an_id_is_kept_when_the_folder_moves)
{
	struct lab lab;
	struct err err = {0};
	AUTO_FREE char *elsewhere = xasprintf("%s/elsewhere", fixture.root);

	lab_fixture_open(fixture.project, &lab);
	ck_assert_ptr_null(lab.id);
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	AUTO_FREE char *id = xstrdup(lab.id);
	lab_clear(&lab);
	ck_assert_int_eq(rename(fixture.project, elsewhere), 0);
	lab_fixture_open(elsewhere, &lab);
	ck_assert_str_eq(lab.id, id);
	ck_assert_ptr_null(lab.notice);
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	struct lab_header header;
	ck_assert_int_eq(lab_header_read(journal_state(lab.journal)->spec, &header, &err), 0);
	ck_assert_str_eq(header.folder, elsewhere);
	lab_header_clear(&header);
	lab_clear(&lab);
}
END_TEST

static void copy_id(const char *to_folder, const char *id)
{
	AUTO_FREE char *dir = xasprintf("%s/.prov", to_folder);
	AUTO_FREE char *path = xasprintf("%s/lab-id", dir);
	AUTO_FREE char *text = xasprintf("%s\n", id);

	ck_assert_int_eq(fs_mkdirs(dir, 0755, NULL), 0);
	ck_assert_int_eq(fs_replace(path, text, strlen(text), 0644, NULL), 0);
}

START_TEST(a_copied_folder_gets_an_id_of_its_own)
{
	struct lab lab;
	struct err err = {0};
	AUTO_FREE char *copy = xasprintf("%s/copy", fixture.root);

	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	AUTO_FREE char *id = xstrdup(lab.id);
	lab_clear(&lab);
	lab_fixture_write(copy, three);
	copy_id(copy, id);
	lab_fixture_open(copy, &lab);
	ck_assert_ptr_null(lab.id);
	expect_text(lab.notice, "is a copy of");
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	ck_assert_str_ne(lab.id, id);
	lab_clear(&lab);
	/* From now on it is a lab like any other, and so is the first. */
	lab_fixture_open(copy, &lab);
	ck_assert_ptr_null(lab.notice);
	ck_assert_str_ne(lab.id, id);
	lab_clear(&lab);
	lab_fixture_open(fixture.project, &lab);
	ck_assert_str_eq(lab.id, id);
	lab_clear(&lab);
}
END_TEST

/* A guest that can write .prov must not lead prov to another lab's machines. */
START_TEST(a_forged_id_is_not_believed)
{
	struct lab lab;
	struct err err = {0};
	AUTO_FREE char *other = xasprintf("%s/other", fixture.root);

	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	AUTO_FREE char *id = xstrdup(lab.id);
	lab_clear(&lab);
	lab_fixture_write(other, three);
	lab_fixture_open(other, &lab);
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	AUTO_FREE char *own = xstrdup(lab.id);
	lab_clear(&lab);
	copy_id(other, id);
	lab_fixture_open(other, &lab);
	ck_assert_str_eq(lab.id, own);
	lab_clear(&lab);
	copy_id(other, "../../etc");
	lab_fixture_open(other, &lab);
	ck_assert_str_eq(lab.id, own);
	lab_clear(&lab);
}
END_TEST

START_TEST(a_link_is_not_followed_to_write_the_id)
{
	struct lab lab;
	struct err err = {0};
	AUTO_FREE char *target = xasprintf("%s/target", fixture.root);
	AUTO_FREE char *link = xasprintf("%s/.prov", fixture.project);

	ck_assert_int_eq(fs_mkdirs(target, 0755, &err), 0);
	ck_assert_int_eq(symlink(target, link), 0);
	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_lock(&lab, &err), -1);
	expect_text(err.message, "as a folder of its own");
	struct strv names = {0};
	ck_assert_int_eq(fs_list(target, &names, &err), 0);
	ck_assert_uint_eq(names.n, 0);
	strv_clear(&names);
	lab_clear(&lab);
}
END_TEST

/* Nor to one whose own folder is gone, which a moved folder would take over. */
START_TEST(a_forged_id_of_a_lost_folder_is_not_believed)
{
	struct lab lab;
	struct err err = {0};
	AUTO_FREE char *other = xasprintf("%s/other", fixture.root);

	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	AUTO_FREE char *id = xstrdup(lab.id);
	lab_clear(&lab);
	lab_fixture_write(other, three);
	lab_fixture_open(other, &lab);
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	AUTO_FREE char *own = xstrdup(lab.id);
	lab_clear(&lab);
	ck_assert_int_eq(fs_remove_tree(fixture.project, &err), 0);
	copy_id(other, id);
	lab_fixture_open(other, &lab);
	ck_assert_str_eq(lab.id, own);
	lab_clear(&lab);
}
END_TEST

START_TEST(an_id_that_is_no_file_is_not_waited_for)
{
	struct lab lab;
	AUTO_FREE char *dir = xasprintf("%s/.prov", fixture.project);
	AUTO_FREE char *path = xasprintf("%s/lab-id", dir);

	ck_assert_int_eq(fs_mkdirs(dir, 0755, NULL), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	lab_fixture_open(fixture.project, &lab);
	ck_assert_ptr_null(lab.id);
	lab_clear(&lab);
}
END_TEST

START_TEST(a_number_in_a_name_makes_no_instance)
{
	struct lab lab;
	struct err err = {0};

	lab_fixture_write(fixture.project,
	        "prov: 1\nlab: shop\ndefaults: { box: tiny, networks: none }\n"
	        "machines: { app-0: {}, app-1: {} }\n");
	lab_fixture_open(fixture.project, &lab);
	ck_assert_uint_eq(select_count(&lab, "app-1", &err), 1);
	ck_assert_uint_eq(select_count(&lab, "app", &err), SIZE_MAX);
	lab_clear(&lab);
}
END_TEST

START_TEST(addresses_are_allocated_once)
{
	struct lab lab;
	struct err err = {0};

	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	ck_assert_msg(alloc_network(&lab, &err) == 0, "%s", err.message);
	AUTO_FREE char *first =
	        xstrdup(journal_fact(journal_state(lab.journal), "ip.default.web@container"));
	AUTO_FREE char *second =
	        xstrdup(journal_fact(journal_state(lab.journal), "ip.default.web@kvm"));
	ck_assert_ptr_nonnull(first);
	ck_assert_str_ne(first, second);
	ck_assert_ptr_null(journal_fact(journal_state(lab.journal), "ip.default.db@container"));
	lab_clear(&lab);
	/* Another machine in front takes nobody's address. */
	lab_fixture_write(fixture.project,
	        "prov: 1\nlab: shop\ndefaults: { box: tiny, provider: container }\n"
	        "machines: { early: {}, web: { provider: both } }\n");
	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	ck_assert_int_eq(alloc_network(&lab, &err), 0);
	const struct journal_state *state = journal_state(lab.journal);
	ck_assert_str_eq(journal_fact(state, "ip.default.web@container"), first);
	ck_assert_str_eq(journal_fact(state, "ip.default.web@kvm"), second);
	ck_assert_str_ne(journal_fact(state, "ip.default.early@container"), first);
	ck_assert_str_ne(journal_fact(state, "ip.default.early@container"), second);
	alloc_fill(state, &lab.machines[0].spec);
	ck_assert_uint_eq(lab.machines[0].spec.n_nics, 1);
	ck_assert_int_eq(lab.machines[0].spec.nics[0].prefix, 24);
	ck_assert(str_starts(lab.machines[0].spec.nics[0].address, "10."));
	lab_clear(&lab);
}
END_TEST

START_TEST(two_labs_get_two_subnets)
{
	struct lab a, b;
	struct err err = {0};
	AUTO_FREE char *other = xasprintf("%s/other", fixture.root);

	lab_fixture_write(other, three);
	lab_fixture_open(fixture.project, &a);
	lab_fixture_open(other, &b);
	ck_assert_int_eq(lab_lock(&a, &err), 0);
	ck_assert_int_eq(lab_lock(&b, &err), 0);
	ck_assert_int_eq(alloc_network(&a, &err), 0);
	ck_assert_int_eq(alloc_network(&b, &err), 0);
	ck_assert_str_ne(journal_fact(journal_state(a.journal), "net.default.subnet"),
	        journal_fact(journal_state(b.journal), "net.default.subnet"));
	lab_clear(&a);
	lab_clear(&b);
}
END_TEST

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
	expect_text(said, "db@container error");
	expect_text(said, "the disk is full");
	expect_text(said, "web@kvm warning skipped: it depends on db@container");
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
	expect_text(str_text(&recorder.lines), "db@container verb-end interrupted");
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
	AUTO_FREE char *pid = xasprintf("pid %d", getpid());
	expect_text(err.message, pid);
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
	expect_text(err.message, pid);
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
	expect_text(err.message, "another prov has just changed lab 'shop'");
	lab_clear(&late);
	lab_fixture_open(fixture.project, &late);
	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_fixture_run(&lab, &verb_destroy, NULL, &recorder, &out, &err), 0);
	lab_clear(&lab);
	ck_assert_int_eq(lab_lock(&late, &err), -1);
	expect_text(err.message, "another prov has just changed lab 'shop'");
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
	tcase_add_test(cases, selects_by_name_kind_and_instance);
	tcase_add_test(cases, one_machine_is_asked_for);
	tcase_add_test(cases, an_id_is_kept_when_the_folder_moves);
	tcase_add_test(cases, a_copied_folder_gets_an_id_of_its_own);
	tcase_add_test(cases, a_forged_id_is_not_believed);
	tcase_add_test(cases, a_link_is_not_followed_to_write_the_id);
	tcase_add_test(cases, a_forged_id_of_a_lost_folder_is_not_believed);
	tcase_add_test(cases, an_id_that_is_no_file_is_not_waited_for);
	tcase_add_test(cases, a_number_in_a_name_makes_no_instance);
	tcase_add_test(cases, addresses_are_allocated_once);
	tcase_add_test(cases, two_labs_get_two_subnets);
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
