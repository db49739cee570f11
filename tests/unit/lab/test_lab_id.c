/* The id of a lab: kept when its folder moves, never believed where it was forged. */
#include "tests/unit/lab/lab_open.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The id that the lab of this folder has once a command has locked it. The caller frees. */
static char *locked_id(const char *folder)
{
	struct lab lab;
	struct err err = {0};

	lab_fixture_open(folder, &lab);
	ck_ok(lab_lock(&lab, &err));
	char *id = xstrdup(lab.id);
	lab_clear(&lab);
	return id;
}

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

	AUTO_FREE char *id = locked_id(fixture.project);
	lab_fixture_write(copy, three);
	copy_id(copy, id);
	lab_fixture_open(copy, &lab);
	ck_assert_ptr_null(lab.id);
	ck_has(lab.notice, "is a copy of");
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
	AUTO_FREE char *other = xasprintf("%s/other", fixture.root);

	AUTO_FREE char *id = locked_id(fixture.project);
	lab_fixture_write(other, three);
	AUTO_FREE char *own = locked_id(other);
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
	ck_has(err.message, "as a folder of its own");
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

	AUTO_FREE char *id = locked_id(fixture.project);
	lab_fixture_write(other, three);
	AUTO_FREE char *own = locked_id(other);
	ck_assert_int_eq(fs_remove_tree(fixture.project, &err), 0);
	copy_id(other, id);
	lab_fixture_open(other, &lab);
	ck_assert_str_eq(lab.id, own);
	lab_clear(&lab);
}
END_TEST

/* Root's lab, looked at by somebody else, is not one that never was up. */
START_TEST(a_lab_of_another_home_is_named)
{
	struct lab lab;

	copy_id(fixture.project, "oqobvzxa");
	lab_fixture_open(fixture.project, &lab);
	ck_assert_ptr_null(lab.id);
	ck_has(lab.notice, "this folder's lab oqobvzxa is not below '");
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

int main(void)
{
	Suite *suite = suite_create("lab_id");
	TCase *cases = tcase_create("lab");

	tcase_add_checked_fixture(cases, begin, end);
	tcase_add_test(cases, an_id_is_kept_when_the_folder_moves);
	tcase_add_test(cases, a_copied_folder_gets_an_id_of_its_own);
	tcase_add_test(cases, a_forged_id_is_not_believed);
	tcase_add_test(cases, a_link_is_not_followed_to_write_the_id);
	tcase_add_test(cases, a_forged_id_of_a_lost_folder_is_not_believed);
	tcase_add_test(cases, an_id_that_is_no_file_is_not_waited_for);
	tcase_add_test(cases, a_lab_of_another_home_is_named);
	suite_add_tcase(suite, cases);
	return suite_finish(suite);
}
