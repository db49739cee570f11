/* Commands that prov asks: their words are kept where they are wanted, as many as there is room
 * for. */
#include "core/transport.h"

#include "tests/fake/check_util.h"

#include <string.h>

static struct err err;

/* Prints "out" and "err" on each stream, then more than anybody keeps; ends with 3. */
static int run_talker(
        struct transport *t, const struct transport_cmd *cmd, int *status, struct err *why)
{
	static char block[1 << 20];

	(void)t;
	(void)why;
	ck_assert_int_eq(cmd->in_fd, -1);
	memset(block, '.', sizeof(block));
	cmd->output(cmd->ctx, 1, "out", 3);
	cmd->output(cmd->ctx, 2, "err", 3);
	for (int i = 0; i < 5; i++)
		cmd->output(cmd->ctx, 2, block, sizeof(block));
	*status = 3;
	return 0;
}

static int run_nothing(
        struct transport *t, const struct transport_cmd *cmd, int *status, struct err *why)
{
	(void)t;
	(void)cmd;
	(void)status;
	return err_set(why, ERR_FAILED, "nobody is there");
}

static const struct transport_ops talks = {.run = run_talker}, refuses = {.run = run_nothing};
static const struct transport_cmd cmd = {.in_fd = -1};

START_TEST(words_are_kept_by_stream)
{
	struct transport t = {&talks};
	AUTO_STR out = {0}, errors = {0};

	ck_assert_int_eq(transport_ask(&t, &cmd, &out, &errors, &err), 3);
	ck_assert_str_eq(str_text(&out), "out");
	ck_assert(str_starts(str_text(&errors), "err.."));
	ck_assert_uint_eq(errors.len, (size_t)4 << 20);
}
END_TEST

START_TEST(both_streams_may_be_one)
{
	struct transport t = {&talks};
	AUTO_STR said = {0};

	ck_assert_int_eq(transport_ask(&t, &cmd, &said, &said, &err), 3);
	ck_assert(str_starts(str_text(&said), "outerr.."));
	ck_assert_uint_eq(said.len, (size_t)4 << 20);
}
END_TEST

START_TEST(words_may_be_dropped)
{
	struct transport t = {&talks};

	ck_assert_int_eq(transport_ask(&t, &cmd, NULL, NULL, &err), 3);
}
END_TEST

START_TEST(what_cannot_be_run_is_no_exit_code)
{
	struct transport t = {&refuses};
	AUTO_STR out = {0};

	ck_fails(transport_ask(&t, &cmd, &out, NULL, &err), ERR_FAILED, "nobody is there");
	ck_assert_uint_eq(out.len, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {words_are_kept_by_stream, both_streams_may_be_one,
	        words_may_be_dropped, what_cannot_be_run_is_no_exit_code};

	return suite_run("transport", tests, ARRAY_SIZE(tests), NULL, NULL);
}
