/* Scripts as steps: how each is run, and ended. On this host, through the local transport. */
#include "tests/unit/provisioners/items.h"

#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Neither here nor in the "machine" is anything of a script left. */
static void nothing_left(void)
{
	AUTO_FREE char *mine = in_dir("script.*");
	glob_t found;

	ck_assert_int_eq(glob(mine, 0, NULL, &found), GLOB_NOMATCH);
	globfree(&found);
}

START_TEST(test_inline)
{
	items[0].name = xstrdup("say");
	items[0].script = xstrdup("echo \"$0\"; echo \"$MACHINE|$BOTH|$ITEM\"; env | grep ^PROV_ | "
	                          "sort; cat; echo oops >&2\nfalse\necho not reached\n");
	strv_add(&items[0].env, "BOTH=item");
	strv_add(&items[0].env, "ITEM=it's\ntwo lines");
	struct err err = {0};
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_str_eq(err.message, "script 'say' exited with 1");
	ck_assert_int_eq(err.code, 1);
	ck_assert_ptr_nonnull(strstr(err.hint, names.logs));
	ck_assert_ptr_nonnull(strstr(err.hint, "prov provision"));
	char *said = printed[0].buf;
	char *own = strstr(said, "PROV_SCRIPT=");
	ck_assert_ptr_nonnull(own);
	own[0] = '\0'; /* a digest, which sorts last */
	ck_assert_msg(str_starts(said, "/tmp/prov-"), "%s", said);
	char *rest = strchr(said, '\n');
	*rest++ = '\0';
	ck_assert_str_eq(rest,
	        "of the machine|item|it's\ntwo lines\nPROV_COUNT=3\nPROV_INDEX=2\n"
	        "PROV_LAB=shop\nPROV_MACHINE=web-2\nPROV_PROVIDER=container\n");
	ck_assert_str_eq(str_text(&printed[1]), "oops\n");
	ck_assert_msg(access(said, F_OK) < 0, "'%s' is left", said);
	ck_assert_str_eq(local.owner, "");
	nothing_left();
}
END_TEST

/* Its mark is a digest, which is nowhere in the file. */
START_TEST(test_without_a_name)
{
	struct err err = {0};

	items[0].script = xstrdup("exit 7");
	items[0].place = xstrdup("prov.yaml:12");
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_str_eq(err.message, "the script at prov.yaml:12 exited with 7");
}
END_TEST

START_TEST(test_interpreter)
{
	static const struct {
		const char *script, *wanted;
	} cases[] = {
	        {"#!/bin/sh\nfalse\necho \"still $1\"", "still an arg\n"},
	        {"#!/usr/bin/awk -f\nBEGIN { print \"awk\" }", "awk\n"},
	        {"false || true\necho \"$1\"", "an arg\n"},
	};

	strv_add(&items[0].args, "an arg");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		free(items[0].script);
		items[0].script = xstrdup(cases[i].script);
		str_reset(&printed[0]);
		applies();
		ck_assert_str_eq(str_text(&printed[0]), cases[i].wanted);
	}
}
END_TEST

START_TEST(test_path)
{
	struct err err = {0};

	items[0].name = xstrdup("setup");
	items[0].path = in_dir("setup.sh");
	items[0].user = xstrdup("");
	strv_add(&items[0].args, "a b");
	strv_add(&items[0].args, "");
	write_file(items[0].path, "printf '<%s>' \"$@\"; false; exit 3", 0644);
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_str_eq(err.message, "script 'setup' exited with 3");
	ck_assert_int_eq(err.code, 3);
	ck_assert_str_eq(str_text(&printed[0]), "<a b><>");
	ck_assert_str_eq(local.owner, "student");
	/* The one that cleans up is root. */
	ck_assert_str_eq(local.user, "");
	ck_assert_int_eq(unlink(items[0].path), 0);
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_msg(str_starts(err.message, "script 'setup': read '") &&
	                strstr(err.message, "setup.sh': No such file"),
	        "%s", err.message);
}
END_TEST

START_TEST(test_windows_line_ends)
{
	struct err err = {0};

	items[0].name = xstrdup("dos");
	items[0].script = xstrdup("#!/bin/sh\r\necho x\r\n");
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_str_eq(err.message,
	        "script 'dos': its first line ends as on Windows (CR LF), so "
	        "that no interpreter is found");
	ck_assert_uint_eq(local.runs, 0);
	nothing_left();
}
END_TEST

START_TEST(test_timeout_and_stop)
{
	struct err err = {0};

	items[0].name = xstrdup("slow");
	items[0].script = xstrdup("echo $0; sleep 1000");
	/* On a busy host it may not have begun within so short a time: then it gets more. */
	for (int64_t ms = 300; ms < 100000 && printed[0].len == 0; ms *= 10) {
		items[0].timeout_ns = ms * 1000000;
		ck_assert_int_eq(apply(&err), -1);
		ck_assert_msg(str_starts(err.message, "script 'slow': "), "%s", err.message);
		ck_assert_ptr_nonnull(strstr(err.message, "ran longer than"));
		nothing_left();
	}
	ck_assert_uint_gt(printed[0].len, 0);
	printed[0].buf[printed[0].len - 1] = '\0';
	ck_assert_msg(access(printed[0].buf, F_OK) < 0, "'%s' is left", printed[0].buf);
	items[0].timeout_ns = 0;
	stop = 1;
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_int_eq(err.kind, ERR_INTERRUPTED);
	stop = 0;
	nothing_left();
}
END_TEST

/* Of the process whose number is in the file; a zombie does not live. */
static bool lives(const char *file)
{
	AUTO_STR number = {0}, stat = {0};

	if (fs_read(file, 64, &number, NULL) < 0 || number.len == 0)
		return false;
	AUTO_FREE char *path = xasprintf("/proc/%d/stat", atoi(str_text(&number)));
	return fs_read(path, 4096, &stat, NULL) == 0 && !strstr(str_text(&stat), ") Z ");
}

START_TEST(test_what_a_killed_run_left_is_ended)
{
	AUTO_FREE char *file = in_dir("left");

	items[0].name = xstrdup("slow");
	items[0].script = xasprintf("setsid sleep 4331 & echo $! >%s; wait", file);
	pid_t killed = fork();
	if (killed == 0)
		_exit(apply(NULL) == 0);
	while (!lives(file) && kill(killed, 0) == 0)
		poll(NULL, 0, 10);
	ck_assert_int_eq(kill(killed, SIGKILL), 0);
	ck_assert_int_eq(waitpid(killed, NULL, 0), killed);
	free(items[0].script);
	items[0].script = xstrdup("echo again");
	/* What a run that came to its end left behind it left on purpose. */
	applies();
	ck_assert(lives(file));
	resumed = true;
	applies();
	ck_assert(!lives(file));
}
END_TEST

int main(void)
{
	const TTest *tests[] = {test_what_a_killed_run_left_is_ended, test_inline,
	        test_without_a_name, test_interpreter, test_path, test_windows_line_ends,
	        test_timeout_and_stop};
	Suite *s = suite_create("scripts");
	TCase *tc = tcase_create("provisioners");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(s, tc);
	return suite_finish(s);
}
