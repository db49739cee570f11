#include "oci/call.h"
#include "oci/signals.h"

#include "tests/fake/check_util.h"

#include <signal.h>
#include <stdio.h>

static struct err err;

/* The words of the last call, which it borrows from. */
static char words[256];

static int parse(struct oci_call *call, const char *line)
{
	char name[] = "prov-oci";
	char *argv[32] = {name};
	int argc = 1;

	err_clear(&err);
	snprintf(words, sizeof(words), "%s", line);
	for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	return oci_call_parse(argc, argv, call, &err);
}

START_TEST(options_and_operands)
{
	struct oci_call call;

	ck_assert_int_eq(parse(&call,
	                         "--root /r --log=/l --log-format json create -b /b "
	                         "--pid-file=/p --preserve-fds 2 --no-pivot web"),
	        0);
	ck_assert_int_eq(call.command, CMD_CREATE);
	ck_assert_str_eq(call.o.root, "/r");
	ck_assert_str_eq(call.o.log, "/l");
	ck_assert_str_eq(call.o.bundle, "/b");
	ck_assert_str_eq(call.o.pid_file, "/p");
	ck_assert_str_eq(call.o.preserve_fds, "2");
	ck_assert(call.o.no_pivot);
	ck_assert_uint_eq(call.operands.n, 1);
	ck_assert_str_eq(call.operands.v[0], "web");
	oci_call_clear(&call);
}
END_TEST

/* Both orders are usual; what belongs to the container's program is left alone. */
START_TEST(options_behind_operands)
{
	struct oci_call call;

	ck_assert_int_eq(parse(&call, "delete web --force"), 0);
	ck_assert(call.o.force);
	oci_call_clear(&call);
	ck_assert_int_eq(parse(&call, "exec -t -e A=1 --env B=2 web ls -t --force -- x"), 0);
	ck_assert(call.o.tty && !call.o.force);
	ck_assert_uint_eq(call.o.env.n, 2);
	ck_assert_uint_eq(call.operands.n, 6);
	ck_assert_str_eq(call.operands.v[2], "-t");
	ck_assert_str_eq(call.operands.v[4], "--");
	oci_call_clear(&call);
	ck_assert_int_eq(parse(&call, "update --memory 100 --cpu-quota=5 web"), 0);
	ck_assert_str_eq(call.o.limits.v[0], "memory.limit=100");
	ck_assert_str_eq(call.o.limits.v[1], "cpu.quota=5");
	oci_call_clear(&call);
}
END_TEST

START_TEST(wrong_calls)
{
	static const struct {
		const char *line, *message;
	} rows[] = {
	        {"", "a command is missing: see prov-oci --help"},
	        {"creat web", "there is no command 'creat': see prov-oci --help"},
	        {"--rot x state web", "there is no option --rot"},
	        {"state --force web", "there is no option --force of state"},
	        {"state -z web", "there is no option -z of state"},
	        {"state", "state needs a container: prov-oci state ID"},
	        {"kill web TERM now", "kill does not take 'now'"},
	        {"create web --bundle", "option --bundle needs a value"},
	        {"list web", "list does not take 'web'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct oci_call call;
		ck_assert_int_eq(parse(&call, rows[i].line), -1);
		ck_assert_str_eq(err.message, rows[i].message);
		ck_assert_int_eq(err.kind, ERR_USAGE);
	}
}
END_TEST

START_TEST(help_needs_nothing)
{
	struct oci_call call;
	AUTO_STR text = {0};

	ck_assert_int_eq(parse(&call, "kill --help"), 0);
	oci_call_help(&call, &text);
	ck_assert_ptr_nonnull(strstr(str_text(&text), "kill [OPTIONS] ID [SIGNAL]"));
	ck_assert_ptr_nonnull(strstr(str_text(&text), "--all"));
	oci_call_clear(&call);
}
END_TEST

START_TEST(signals_by_name)
{
	static const struct {
		const char *text;
		int number;
	} rows[] = {{"KILL", SIGKILL}, {"SIGKILL", SIGKILL}, {"sigterm", SIGTERM}, {"9", 9},
	        {"usr1", SIGUSR1}, {"CHLD", SIGCHLD}, {"IOT", SIGABRT}};
	static const char *const wrong[] = {"", "SIG", "0", "99", "-9", "9x", "NOPE", "RTMIN+99"};
	int n;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ck_assert_int_eq(signal_parse(rows[i].text, &n, &err), 0);
		ck_assert_int_eq(n, rows[i].number);
	}
	ck_assert_int_eq(signal_parse("SIGRTMIN+3", &n, &err), 0);
	ck_assert_int_eq(n, SIGRTMIN + 3);
	ck_assert_int_eq(signal_parse("RTMAX-1", &n, &err), 0);
	ck_assert_int_eq(n, SIGRTMAX - 1);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		AUTO_FREE char *message = xasprintf("there is no signal '%s'", wrong[i]);
		ck_assert_int_eq(signal_parse(wrong[i], &n, &err), -1);
		ck_assert_str_eq(err.message, message);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {options_and_operands, options_behind_operands, wrong_calls,
	        help_needs_nothing, signals_by_name};

	return suite_run("oci call", tests, ARRAY_SIZE(tests), NULL, NULL);
}
