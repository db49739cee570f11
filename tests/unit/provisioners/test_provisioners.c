/* Provision items as steps: what they are given, when they count as done, what is kept of them. Run
 * on this host through the local transport. */
#include "base/digest.h"
#include "tests/unit/provisioners/items.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void digest_now(char out[DIGEST_HEX_LEN + 1])
{
	struct step *steps;
	struct digest digest;
	size_t n;

	provision_steps(&spec, NULL, &steps, &n);
	struct run run = {.spec = &spec, .names = &names, .step = &steps[0], .runner = &runner};
	digest_init(&digest);
	steps[0].inputs(&run, &digest);
	digest_hex(&digest, out);
	provision_steps_free(steps, n);
}

START_TEST(test_log_is_kept)
{
	struct err err = {0};
	AUTO_STR text = {0};

	items[0].name = xstrdup("one");
	items[0].script = xstrdup("echo first");
	applies();
	applies();
	ck_assert_int_eq(fs_read(names.logs, 65536, &text, &err), 0);
	int year;
	const char *line = str_text(&text), *second = strstr(line, "\n---");
	ck_assert_int_eq(sscanf(line, "--- %d-", &year), 1);
	ck_assert_int_ge(year, 2024);
	ck_assert_ptr_nonnull(strstr(line, "Z provision:one\nfirst\n--- "));
	ck_assert_ptr_nonnull(second);
	ck_assert(str_ends(line, "Z provision:one\nfirst\n"));
}
END_TEST

START_TEST(test_file)
{
	struct err err = {0};
	struct stat st;
	AUTO_FREE char *into = in_dir("into/");
	AUTO_FREE char *copied = in_dir("into/site.conf");

	ck_assert_int_eq(fs_mkdirs(into, 0755, &err), 0);
	items[0].type = PROVISION_FILE;
	items[0].name = xstrdup("site");
	items[0].source = in_dir("site.conf");
	items[0].destination = xstrdup(into);
	items[0].mode = 0640;
	items[0].owner = xstrdup("www-data:adm");
	write_file(items[0].source, "x", 0600);
	applies();
	ck_assert_int_eq(stat(copied, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_str_eq(local.owner, "www-data:adm");
	ck_assert_int_eq(unlink(items[0].source), 0);
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_msg(str_starts(err.message, "file 'site': "), "%s", err.message);
}
END_TEST

START_TEST(test_marks_and_flags)
{
	struct step *steps;
	size_t n;
	AUTO_STRV with = {0};

	spec.n_provision = 2;
	items[0].script = xstrdup("true");
	items[1].script = xstrdup("true");
	spec.ready.type = READY_TCP;
	provision_steps(&spec, NULL, &steps, &n);
	ck_assert_uint_eq(n, 3);
	AUTO_FREE char *mark = provision_mark(&items[0]);
	AUTO_FREE char *name = xasprintf("provision:%s", mark);
	AUTO_FREE char *second = xasprintf("provision:%s-2", mark);
	ck_assert(str_starts(mark, "shell-"));
	ck_assert_uint_eq(strlen(mark), 6 + 12);
	ck_assert_str_eq(steps[0].name, name);
	ck_assert_str_eq(steps[1].name, second);
	ck_assert_uint_eq(steps[0].flags, 0);
	ck_assert_int_eq(steps[0].stale, CHANGE_MANUAL);
	ck_assert_str_eq(steps[2].name, "ready");
	ck_assert_uint_eq(steps[2].flags, STEP_ALWAYS | STEP_QUIET | STEP_PROBE | STEP_VOLATILE);
	provision_steps_free(steps, n);
	items[0].run = RUN_ALWAYS;
	items[1].run = RUN_NEVER;
	items[1].name = xstrdup("rare");
	spec.ready.type = READY_NONE;
	provision_steps(&spec, NULL, &steps, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(steps[0].flags, STEP_ALWAYS);
	provision_steps_free(steps, n);
	strv_add(&with, "rare");
	provision_steps(&spec, &with, &steps, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(steps[1].name, "provision:rare");
	provision_steps_free(steps, n);
}
END_TEST

START_TEST(test_edits_are_seen)
{
	char before[DIGEST_HEX_LEN + 1], after[DIGEST_HEX_LEN + 1];
	AUTO_FREE char *below = in_dir("tree/sub/x");
	AUTO_FREE char *sub = in_dir("tree/sub");
	struct err err = {0};

	items[0].path = in_dir("a.sh");
	write_file(items[0].path, "echo 1", 0644);
	AUTO_FREE char *mark = provision_mark(&items[0]);
	digest_now(before);
	digest_now(after);
	ck_assert_str_eq(before, after);
	write_file(items[0].path, "echo 2", 0644);
	digest_now(after);
	ck_assert_str_ne(before, after);
	/* An edit makes a step stale, not another one. */
	AUTO_FREE char *same = provision_mark(&items[0]);
	ck_assert_str_eq(mark, same);
	provision_item_clear(&items[0]);
	provision_item_init(&items[0]);
	items[0].type = PROVISION_FILE;
	items[0].source = in_dir("tree");
	items[0].destination = xstrdup("/x");
	ck_assert_int_eq(fs_mkdirs(sub, 0755, &err), 0);
	write_file(below, "1", 0644);
	digest_now(before);
	ck_assert_int_eq(chmod(below, 0600), 0);
	digest_now(after);
	ck_assert_str_ne(before, after);
	ck_assert_int_eq(chmod(below, 0644), 0);
	digest_now(after);
	ck_assert_str_eq(before, after);
	write_file(below, "2", 0644);
	digest_now(after);
	ck_assert_str_ne(before, after);
	ck_assert_int_eq(fs_remove_tree(items[0].source, &err), 0);
	digest_now(before);
	ck_assert_str_ne(before, after);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
	        test_log_is_kept, test_file, test_marks_and_flags, test_edits_are_seen};
	Suite *s = suite_create("provisioners");
	TCase *tc = tcase_create("provisioners");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(s, tc);
	return suite_finish(s);
}
