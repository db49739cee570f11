/* log_reader: which lines of a followed log are printed, whatever is written in between. */
#include "base/fs.h"
#include "cli/log_reader.h"

#include "tests/fake/check_util.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/prov-log-reader-XXXXXX";
static char path[64], old_path[64];
static struct str seen;
static struct err err;

static void on_line(void *ctx, const char *text, size_t n)
{
	(void)ctx;
	str_addn(&seen, text, n);
	str_add(&seen, "/");
}

static void say(const char *text)
{
	FILE *f = fopen(path, "a");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/log", dir);
	snprintf(old_path, sizeof(old_path), "%s/log.1", dir);
}

static void teardown(void)
{
	str_clear(&seen);
	ck_assert_msg(fs_remove_tree(dir, &err) == 0, "%s", err.message);
}

/* What is printed where `meanwhile` happens between the watch and the first look. */
static void expect_lines(size_t lines, void (*meanwhile)(void), const char *wanted)
{
	struct log_reader r;

	log_reader_init(&r, path, on_line, NULL);
	ck_assert_msg(log_reader_watch(&r, &err) == 0, "%s", err.message);
	meanwhile();
	ck_assert_msg(log_reader_print(&r, lines, &err) == 0, "%s", err.message);
	ck_assert_str_eq(str_text(&seen), wanted);
	/* The events of all that say nothing new. */
	ck_assert_msg(log_reader_more(&r, &err) == 0, "%s", err.message);
	ck_assert_str_eq(str_text(&seen), wanted);
	say("later\n");
	str_reset(&seen);
	ck_assert_msg(log_reader_more(&r, &err) == 0, "%s", err.message);
	ck_assert_str_eq(str_text(&seen), "later/");
	log_reader_clear(&r);
}

static void say_four(void)
{
	say("four\n");
}

static void rotate(void)
{
	say("four\n");
	ck_assert_int_eq(rename(path, old_path), 0);
	say("five\n");
}

static const struct {
	const char *before;
	size_t lines;
	void (*meanwhile)(void);
	const char *wanted;
} cases[] = {
        {"one\ntwo\nthree\n", 0, say_four, "four/"},
        {"one\ntwo\nthree\n", 2, say_four, "two/three/four/"},
        {"one\ntwo\nthree\n", SIZE_MAX, say_four, "one/two/three/four/"},
        {"one\ntwo\nthree\n", 0, rotate, "four/five/"},
        {"one\ntwo\nthree\n", 1, rotate, "three/four/five/"},
        {"one\ntwo\nthree\n", SIZE_MAX, rotate, "one/two/three/four/five/"},
        {NULL, 0, say_four, "four/"},
        {NULL, 5, rotate, "four/five/"},
};

START_TEST(nothing_is_lost)
{
	if (cases[_i].before)
		say(cases[_i].before);
	expect_lines(cases[_i].lines, cases[_i].meanwhile, cases[_i].wanted);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log_reader");
	TCase *tc = tcase_create("follow");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, nothing_is_lost, 0, ARRAY_SIZE(cases));
	suite_add_tcase(s, tc);
	return suite_finish(s);
}
