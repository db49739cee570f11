/* Labs whose first command was killed between drawing their id and writing their header. */
#include "tests/fake/check_util.h"
#include "tests/unit/lab/lab_fixture.h"

#include "base/fs.h"
#include "lab/prepare.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char one[] = "prov: 1\nlab: shop\nmachines: { web: { box: tiny, networks: none } }\n";

static struct fixture fixture;
static struct lab_recorder recorder;

static void begin(void)
{
	lab_fixture_begin(&fixture);
	lab_recorder_init(&recorder);
	lab_fixture_write(fixture.project, one);
}

static void end(void)
{
	recorder.sink.close(&recorder.sink);
	lab_fixture_end(&fixture);
}

/* A command was killed after it had drawn the id, before the header was whole. */
static void expect_blank_lab_goes(bool folder_stays)
{
	struct lab lab;
	struct err err = {0};
	AUTO_STRV ids = {0};

	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	AUTO_FREE char *id = xstrdup(lab.id);
	AUTO_FREE char *home = xstrdup(lab.home);
	AUTO_FREE char *path = xasprintf("%s/lab.journal", lab.dir);
	lab_clear(&lab);
	ck_assert_int_eq(fs_replace(path, "", 0, 0600, &err), 0);
	if (folder_stays) {
		lab_fixture_open(fixture.project, &lab);
		ck_assert_str_eq(lab.id, id);
	} else {
		struct lab_options o = {.lab_id = id, .journal_only = true};
		ck_assert_int_eq(fs_remove_tree(fixture.project, &err), 0);
		ck_assert_int_eq(lab_open(&o, &lab, NULL, &err), 0);
	}
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	ck_assert_msg(lab_steps_down(&lab, &recorder.sink, &err) == 0, "%s", err.message);
	ck_assert_str_eq(str_text(&recorder.lines), "");
	lab_clear(&lab);
	ck_assert_int_eq(lab_ids(home, &ids, &err), 0);
	ck_assert_uint_eq(ids.n, 0);
}

START_TEST(a_lab_that_was_killed_before_its_header_can_be_destroyed)
{
	expect_blank_lab_goes(true);
	expect_blank_lab_goes(false);
}
END_TEST

/* A folder that claims one which is just being made does not get it. */
START_TEST(a_forged_id_of_a_lab_in_the_making_is_not_believed)
{
	struct lab lab, forged;
	struct err err = {0};
	AUTO_FREE char *other = xasprintf("%s/other", fixture.root);

	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	AUTO_FREE char *journal = xasprintf("%s/lab.journal", lab.dir);
	AUTO_FREE char *aside = xasprintf("%s/aside", lab.dir);
	AUTO_FREE char *id = xstrdup(lab.id);
	lab_clear(&lab);
	lab_fixture_write(other, one);
	AUTO_FREE char *mark = xasprintf("%s/.prov", other);
	AUTO_FREE char *mark_file = xasprintf("%s/lab-id", mark);
	ck_assert_int_eq(fs_mkdirs(mark, 0755, &err), 0);
	ck_assert_int_eq(fs_replace(mark_file, id, strlen(id), 0644, &err), 0);
	ck_assert_int_eq(rename(journal, aside), 0);
	lab_fixture_open(other, &forged);
	ck_assert_int_eq(rename(aside, journal), 0);
	ck_assert_int_eq(lab_lock(&forged, &err), -1);
	ck_assert_str_eq(err.message, "another prov has just changed lab 'shop'");
	lab_clear(&forged);
	lab_fixture_open(fixture.project, &lab);
	ck_assert_str_eq(lab.id, id);
	lab_clear(&lab);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("blank labs");
	TCase *cases = tcase_create("identity");

	tcase_add_checked_fixture(cases, begin, end);
	tcase_add_test(cases, a_lab_that_was_killed_before_its_header_can_be_destroyed);
	tcase_add_test(cases, a_forged_id_of_a_lab_in_the_making_is_not_believed);
	suite_add_tcase(suite, cases);
	return suite_finish(suite);
}
