/* Events as lines: plain, as JSON, without a terminal. */
#include "tests/unit/cli/sink_open.h"

#include <fcntl.h>
#include <unistd.h>

static void check_pipe(const char *expected)
{
	char buf[8192];
	ssize_t n = read(fds[0], buf, sizeof(buf) - 1);

	buf[n > 0 ? n : 0] = '\0';
	ck_assert_str_eq(buf, expected);
}

static void whole_up(void)
{
	emit((struct event){.kind = EVENT_VERB_BEGIN, .text = "up"});
	emit((struct event){.kind = EVENT_STEP_BEGIN,
	        .step = "kvm.disk",
	        .text = "apply",
	        .phase = PHASE_CREATE});
	emit((struct event){.kind = EVENT_PHASE, .step = "kvm.disk", .phase = PHASE_CREATE});
	emit((struct event){.kind = EVENT_STEP_END,
	        .step = "kvm.disk",
	        .text = "done",
	        .duration_ns = 12000000});
	emit((struct event){.kind = EVENT_NOTE, .text = "no KVM here: TCG is used"});
	emit((struct event){
	        .kind = EVENT_STEP_BEGIN, .step = "kvm.wait", .text = "apply", .quiet = true});
	emit((struct event){
	        .kind = EVENT_PHASE, .phase = PHASE_KERNEL, .t_ns = start + 3 * (int64_t)SECOND});
	emit((struct event){
	        .kind = EVENT_STEP_END, .step = "kvm.wait", .text = "done", .quiet = true});
	emit((struct event){
	        .kind = EVENT_VERB_END, .text = "done", .t_ns = start + 14100 * (int64_t)1000000});
}

START_TEST(plain_lines)
{
	sink = sink_plain(fds[1], false);
	whole_up();
	check_pipe("web@kvm: up\n"
	           "web@kvm: kvm.disk done in 12 ms\n"
	           "web@kvm: no KVM here: TCG is used\n"
	           "web@kvm: kernel running after 3.0 s\n"
	           "web@kvm: up done in 14.1 s\n");
}
END_TEST

START_TEST(plain_verbs_and_reverts)
{
	sink = sink_plain(fds[1], false);
	emit((struct event){.kind = EVENT_VERB_BEGIN, .text = "halt"});
	emit((struct event){.kind = EVENT_STEP_BEGIN, .step = "kvm.start", .text = "revert"});
	emit((struct event){.kind = EVENT_STEP_END,
	        .step = "kvm.start",
	        .text = "done",
	        .duration_ns = 2 * (int64_t)SECOND});
	emit((struct event){.kind = EVENT_VERB_END, .text = "unchanged"});
	emit((struct event){.machine = "db@kvm",
	        .kind = EVENT_VERB_END,
	        .step = "halt",
	        .text = "skipped",
	        .hint = "web failed"});
	emit((struct event){.machine = "db@kvm", .kind = EVENT_ERROR, .text = "bad", .hint = ""});
	emit((struct event){.machine = "", .kind = EVENT_NOTE, .text = "all are gone"});
	check_pipe("web@kvm: halt\n"
	           "web@kvm: kvm.start undone in 2.0 s\n"
	           "web@kvm: halt unchanged after 0.0 ms\n"
	           "db@kvm: halt skipped (web failed)\n"
	           "db@kvm: error: bad\n"
	           "prov: all are gone\n");
}
END_TEST

START_TEST(plain_errors)
{
	sink = sink_plain(fds[1], false);
	trouble();
	check_pipe("web@kvm: warning: slow\\x1b[2J\n"
	           "web@kvm: error: kvm.start: no answer; the console said:\n"
	           "web@kvm:   Kernel panic\n"
	           "web@kvm:   prov doctor\n");
}
END_TEST

START_TEST(plain_quiet)
{
	sink = sink_plain(fds[1], true);
	whole_up();
	output(NULL, 1, "hello\n");
	check_pipe("");
	trouble();
	check_pipe("web@kvm: warning: slow\\x1b[2J\n"
	           "web@kvm: error: kvm.start: no answer; the console said:\n"
	           "web@kvm:   Kernel panic\n"
	           "web@kvm:   prov doctor\n");
}
END_TEST

START_TEST(output_in_pieces)
{
	sink = sink_plain(fds[1], false);
	output("web@kvm", 1, "caf\303");
	output("db@kvm", 1, "other\n");
	output("web@kvm", 2, "err");
	check_pipe("db@kvm | other\n");
	output("web@kvm", 1, "\251\nnext");
	check_pipe("web@kvm | caf\303\251\n");
	output("web@kvm", 2, "or\r\n");
	check_pipe("web@kvm | error\n");
	output("web@kvm", 2, " 10 %\r 50 %\r100 %\n\033]0;title\a\n\n");
	check_pipe("web@kvm | 100 %\nweb@kvm | \\x1b]0;title\\x07\nweb@kvm | \n");
	sink->close(sink);
	sink = NULL;
	check_pipe("web@kvm | next\n");
}
END_TEST

START_TEST(output_ends_with_its_step)
{
	sink = sink_plain(fds[1], false);
	output("web@kvm", 1, "no newline");
	emit((struct event){.kind = EVENT_STEP_END, .step = "provision:a", .text = "done"});
	check_pipe("web@kvm | no newline\nweb@kvm: provision:a done in 0.0 ms\n");
}
END_TEST

START_TEST(output_without_end_is_bounded)
{
	AUTO_FREE char *text = xmalloc(100001);
	char buf[65536];
	ssize_t n, total = 0;

	sink = sink_plain(fds[1], false);
	memset(text, 'x', 100000);
	text[100000] = '\0';
	fcntl(fds[1], F_SETPIPE_SZ, 1 << 18);
	output(NULL, 1, text);
	while ((n = read(fds[0], buf, sizeof(buf))) > 0)
		total += n;
	ck_assert_int_gt(total, 60000);
}
END_TEST

START_TEST(json_lines)
{
	char buf[512];

	sink = sink_json(fds[1]);
	output("web@kvm", 2, "\033[1m\n");
	ssize_t n = read(fds[0], buf, sizeof(buf) - 1);
	ck_assert_int_gt(n, 0);
	buf[n] = '\0';
	ck_has(buf, "{\"event\":\"output\",");
	ck_has(buf, "\"stream\":2,\"text\":\"\\u001B[1m\\n\"}\n");
}
END_TEST

START_TEST(no_terminal_is_plain)
{
	sink = sink_terminal(fds[1]);
	emit((struct event){.kind = EVENT_VERB_BEGIN, .text = "up"});
	check_pipe("web@kvm: up\n");
	ck_assert_int_eq(sink->tick_ms, 0);
	sink->close(sink);
	setenv("TERM", "dumb", 1);
	sink = sink_terminal(screen.slave);
	emit((struct event){.kind = EVENT_VERB_BEGIN, .text = "up"});
	check_screen("web@kvm: up\n");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {plain_lines, plain_verbs_and_reverts, plain_errors,
	        plain_quiet, output_in_pieces, output_ends_with_its_step,
	        output_without_end_is_bounded, json_lines, no_terminal_is_plain};

	return suite_run("sink", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
