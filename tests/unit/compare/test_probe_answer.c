/* What a machine says is not trusted. */
#include "compare/probes.h"

#include "tests/fake/check_util.h"
#include "tests/unit/compare/probe_fixture.h"

static struct err err;

static const struct {
	const char *text, *message;
} hostile[] = {
        {"", "system call: the probe gave no answer"},
        {"NOTE probe.syscall hello\n", "system call: the probe gave no answer"},
        {"probe.syscall 1.0 ns 3 1.0 1.0\nprobe.syscall 2.0 ns 3 2.0 2.0\n",
                "system call: the probe gave more than one answer"},
        {"FAIL probe.syscall \033[31mred\n", "system call: \\x1b[31mred"},
        {"probe.syscall nan ns 3 1 2\n",
                "system call: the answer 'probe.syscall nan ns 3 1 2' is not understood"},
        {"probe.syscall -1 ns 3 1 2\n",
                "system call: the answer 'probe.syscall -1 ns 3 1 2' is not understood"},
        {"probe.syscall 0 ns 3 0 2\n",
                "system call: the answer 'probe.syscall 0 ns 3 0 2' is not understood"},
        {"probe.syscall 0x10 ns 3 1 20\n",
                "system call: the answer 'probe.syscall 0x10 ns 3 1 20' is not understood"},
        {"probe.syscall 1e3 ns 3 1 2000\n",
                "system call: the answer 'probe.syscall 1e3 ns 3 1 2000' is not understood"},
        {"probe.syscall 9999999999999999999 ns 3 1 2\n",
                "system call: the answer 'probe.syscall 9999999999999999999 ns 3 1 2' is not "
                "understood"},
        {"probe.syscall 5 us 3 4 6\n",
                "system call: the answer 'probe.syscall 5 us 3 4 6' is not understood"},
        {"probe.syscall 5 ns 2.5 4 6\n",
                "system call: the answer 'probe.syscall 5 ns 2.5 4 6' is not understood"},
        {"probe.syscall 5 ns 3 6 7\n",
                "system call: the answer 'probe.syscall 5 ns 3 6 7' is not understood"},
        {"probe.syscall 5 ns 3 4 6 7\n",
                "system call: the answer 'probe.syscall 5 ns 3 4 6 7' is not understood"},
        {"probe.syscall 5 ns\n", "system call: the answer 'probe.syscall 5 ns' is not understood"},
        {"probe.cpu 5 ops/s 3 4 6\n",
                "system call: the answer 'probe.cpu 5 ops/s 3 4 6' is not understood"},
        {"NOTE probe.cpu hello\n",
                "system call: the answer 'NOTE probe.cpu hello' is not understood"},
        {"\r\007", "system call: the answer '\\x0d\\x07' is not understood"},
};

START_TEST(what_is_no_answer_is_refused)
{
	struct probe_answer answer = {.n = 7};

	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++)
		ck_fails(probe_parse(probe_of("probe.syscall"), hostile[i].text,
		                 strlen(hostile[i].text), &answer, &err),
		        ERR_FAILED, hostile[i].message);
	ck_fails(probe_parse(probe_of("probe.syscall"), "a\0b", 3, &answer, &err), ERR_FAILED,
	        "system call: the answer holds a NUL byte");
	ck_assert_int_eq(answer.n, 7);
}
END_TEST

START_TEST(an_answer_is_read)
{
	static const char text[] = "NOTE probe.syscall busy\033\n"
	                           "probe.syscall 105.25 ns 9 100 110.5\n";
	struct probe_answer answer;

	ck_ok(probe_parse(probe_of("probe.syscall"), text, sizeof(text) - 1, &answer, &err));
	ck_assert_double_eq(answer.value, 105.25);
	ck_assert_double_eq(answer.min, 100);
	ck_assert_double_eq(answer.max, 110.5);
	ck_assert_int_eq(answer.n, 9);
	ck_assert_uint_eq(answer.notes.n, 1);
	ck_assert_str_eq(answer.notes.v[0], "busy\\x1b");
	probe_answer_clear(&answer);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {what_is_no_answer_is_refused, an_answer_is_read};

	return suite_run("probe_answer", tests, ARRAY_SIZE(tests), NULL, NULL);
}
