#include "base/err.h"

#include "tests/fake/check_util.h"

#include <errno.h>
#include <limits.h>

static struct err err;

START_TEST(sets_and_wraps)
{
	ck_assert_int_eq(err_set(&err, ERR_CONFIG, "unknown key '%s'", "cpu"), -1);
	ck_assert_int_eq(err_hint(&err, "did you mean '%s'?", "cpus"), -1);
	ck_assert_int_eq(err_wrap(&err, "prov.yaml:%d:%d", 3, 5), -1);
	ck_assert_str_eq(err.message, "prov.yaml:3:5: unknown key 'cpu'");
	ck_assert_str_eq(err.hint, "did you mean 'cpus'?");
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	/* A new error has nothing of the old one. */
	err_set(&err, ERR_FAILED, "other");
	ck_assert_str_eq(err.hint, "");
}
END_TEST

START_TEST(system_errors_say_why)
{
	errno = EACCES;
	ck_assert_int_eq(err_sys(&err, "open '%s'", "/x"), -1);
	ck_assert_str_eq(err.message, "open '/x': Permission denied");
	ck_assert_int_eq(err.sys_errno, EACCES);
	ck_assert_int_eq(err.kind, ERR_FAILED);
	/* Ctrl-C while a lock was waited for is no failure. */
	errno = EINTR;
	err_sys(&err, "lock '%s'", "/x");
	ck_assert_int_eq(err.kind, ERR_INTERRUPTED);
}
END_TEST

START_TEST(what_is_too_long_is_cut)
{
	char text[4096];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	errno = ENOENT;
	err_sys(&err, "%s", text);
	ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
	err_wrap(&err, "%s", text);
	ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
	err_hint(&err, "%s", text);
	ck_assert_uint_eq(strlen(err.hint), sizeof(err.hint) - 1);
}
END_TEST

START_TEST(null_drops_the_text)
{
	ck_assert_int_eq(err_set(NULL, ERR_FAILED, "x"), -1);
	ck_assert_int_eq(err_sys(NULL, "x"), -1);
	ck_assert_int_eq(err_wrap(NULL, "x"), -1);
	ck_assert_int_eq(err_hint(NULL, "x"), -1);
	err_clear(NULL);
}
END_TEST

START_TEST(exit_codes)
{
	static const struct {
		enum err_kind kind;
		int code;
	} rows[] = {{ERR_NONE, 0}, {ERR_FAILED, 1}, {ERR_BUSY, 1}, {ERR_MISSING, 1}, {ERR_USAGE, 2},
	        {ERR_CONFIG, 2}, {ERR_HOST, 3}, {ERR_INTERRUPTED, 130}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		err = (struct err){.kind = rows[i].kind};
		ck_assert_int_eq(err_exit_code(&err), rows[i].code);
	}
}
END_TEST

START_TEST(fits_a_pipe_in_one_piece)
{
	ck_assert_uint_le(sizeof(struct err), PIPE_BUF);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {sets_and_wraps, system_errors_say_why,
	        what_is_too_long_is_cut, null_drops_the_text, exit_codes, fits_a_pipe_in_one_piece};

	return suite_run("err", tests, ARRAY_SIZE(tests), NULL, NULL);
}
