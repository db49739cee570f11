#include "cli/sink.h"

#include "base/clock.h"
#include "tests/fake/check_util.h"
#include "tests/fake/screen.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define SECOND 1000000000

static struct event_sink *sink;
static struct screen screen;
static int fds[2];
static int64_t start;

static void set_up(void)
{
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", "1", 1);
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
	screen_open(&screen, 6, 60);
	start = clock_mono_ns();
	sink = NULL;
}

static void tear_down(void)
{
	if (sink)
		sink->close(sink);
	screen_close(&screen);
	close(fds[0]);
	close(fds[1]);
}

static void emit(struct event event)
{
	event.machine = event.machine ? event.machine : "web@kvm";
	event.t_ns = event.t_ns ? event.t_ns : start;
	event_emit(sink, &event);
}

static void output(const char *machine, int stream, const char *text)
{
	emit((struct event){.kind = EVENT_OUTPUT,
	        .machine = machine,
	        .stream = stream,
	        .text = text,
	        .text_n = strlen(text)});
}

static void check_pipe(const char *expected)
{
	char buf[8192];
	ssize_t n = read(fds[0], buf, sizeof(buf) - 1);

	buf[n > 0 ? n : 0] = '\0';
	ck_assert_str_eq(buf, expected);
}

/* A time that is shown may be later than expected: the clock is the real one. */
static bool later(const char **expected, const char **shown)
{
	char *a, *b;
	double first = strtod(*expected, &a), second = strtod(*shown, &b);

	if (a - *expected < 3 || b - *shown != a - *expected || a[-2] != '.' || b[-2] != '.' ||
	        (!str_starts(a, " s") && *a != '\n') || second < first)
		return false;
	*expected = a;
	*shown = b;
	return true;
}

static bool same_but_later(const char *expected, const char *shown)
{
	while (*expected && *shown) {
		if (!isdigit((unsigned char)*expected) || !later(&expected, &shown))
			if (*expected++ != *shown++)
				return false;
	}
	return *expected == *shown;
}

static void check_screen(const char *expected)
{
	AUTO_FREE char *text = screen_text(&screen);

	if (!same_but_later(expected, text))
		ck_assert_str_eq(text, expected);
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

static void trouble(void)
{
	emit((struct event){.kind = EVENT_WARNING, .text = "slow\033[2J"});
	emit((struct event){.kind = EVENT_ERROR,
	        .step = "kvm.start",
	        .text = "no answer; the console said:\nKernel panic\n",
	        .hint = "prov doctor"});
}

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

/* The elapsed time of the live rows is of the real clock: begun in the past, it is known. */
static void begin(const char *machine, int64_t seconds_ago)
{
	emit((struct event){.machine = machine,
	        .kind = EVENT_VERB_BEGIN,
	        .text = "up",
	        .t_ns = clock_mono_ns() - seconds_ago * SECOND - 20000000});
}

START_TEST(live_rows_are_drawn_in_place)
{
	sink = sink_terminal(screen.slave);
	ck_assert_int_eq(sink->tick_ms, 0);
	begin("web@kvm", 12);
	check_screen("web@kvm  starting        12.0 s  \n");
	ck_assert_int_gt(sink->tick_ms, 0);
	begin("web@container", 1);
	emit((struct event){.machine = "web@kvm",
	        .kind = EVENT_STEP_BEGIN,
	        .step = "kvm.start",
	        .text = "apply",
	        .phase = PHASE_KERNEL});
	check_screen("web@kvm        booting         12.0 s  kvm.start\n"
	             "web@container  starting         1.0 s  \n");
	emit((struct event){.machine = "web@kvm", .kind = EVENT_PHASE, .phase = PHASE_KERNEL});
	output("web@container", 1, "hello\nworld\nhalf");
	check_screen("web@container | hello\n"
	             "web@container | world\n"
	             "web@kvm        booting         12.0 s  kernel running\n"
	             "web@container  starting         1.0 s  \n");
	emit((struct event){.machine = "web@container",
	        .kind = EVENT_VERB_END,
	        .text = "done",
	        .t_ns = clock_mono_ns()});
	check_screen("web@container | hello\n"
	             "web@container | world\n"
	             "web@container | half\n"
	             "web@container: up done in 1.0 s\n"
	             "web@kvm  booting         12.0 s  kernel running\n");
	emit((struct event){.machine = "web@kvm",
	        .kind = EVENT_VERB_END,
	        .text = "failed",
	        .t_ns = clock_mono_ns()});
	ck_assert_int_eq(sink->tick_ms, 0);
	check_screen("web@container | hello\n"
	             "web@container | world\n"
	             "web@container | half\n"
	             "web@container: up done in 1.0 s\n"
	             "web@kvm: up failed after 12.0 s\n");
}
END_TEST

START_TEST(time_ticks)
{
	sink = sink_terminal(screen.slave);
	begin("web@kvm", 12);
	check_screen("web@kvm  starting        12.0 s  \n");
	int64_t until = clock_mono_ns() + 150000000;
	while (clock_mono_ns() < until)
		usleep(10000);
	sink->tick(sink);
	AUTO_FREE char *text = screen_text(&screen);
	ck_has(text, "web@kvm  starting        1");
	ck_lacks(text, "12.0 s");
}
END_TEST

START_TEST(progress_is_shown)
{
	sink = sink_terminal(screen.slave);
	begin("web@kvm", 12);
	emit((struct event){
	        .kind = EVENT_PROGRESS, .text = "waiting for SSH", .done = 1, .total = 2});
	check_screen("web@kvm  starting        12.0 s  waiting for SSH 1/2\n");
	emit((struct event){
	        .kind = EVENT_PROGRESS, .text = "fetching", .done = 43000000, .total = 100000000});
	check_screen("web@kvm  starting        12.0 s  fetching 43 % of 95.4 MiB\n");
	emit((struct event){.kind = EVENT_PROGRESS, .text = "fetching", .done = 2048});
	check_screen("web@kvm  starting        12.0 s  fetching 2.0 KiB\n");
	emit((struct event){.kind = EVENT_PROGRESS, .text = "asking \033[5m"});
	check_screen("web@kvm  starting        12.0 s  asking \\x1b[5m\n");
}
END_TEST

START_TEST(rows_never_wrap)
{
	sink = sink_terminal(screen.slave);
	screen_resize(&screen, 30);
	begin("web@kvm", 12);
	emit((struct event){.kind = EVENT_PROGRESS, .text = "a long text that does not fit"});
	check_screen("web@kvm  starting        12.0\n");
	output(NULL, 1, "out\n");
	check_screen("web@kvm | out\nweb@kvm  starting        12.0\n");
}
END_TEST

START_TEST(a_narrower_window_is_cleaned)
{
	sink = sink_terminal(screen.slave);
	begin("web@kvm", 12);
	emit((struct event){.kind = EVENT_PROGRESS, .text = "waiting for SSH"});
	check_screen("web@kvm  starting        12.0 s  waiting for SSH\n");
	/* What a terminal makes of the row when the window shrinks to half. */
	screen_resize(&screen, 30);
	str_reset(&screen.lines[0]);
	str_add(&screen.lines[0], "web@kvm  starting        12.0 s");
	screen.lines[0].len = 30;
	screen.lines[0].buf[30] = '\0';
	str_add(&screen.lines[1], "s  waiting for SSH");
	screen.row = 1;
	sink->tick(sink);
	check_screen("web@kvm  starting        12.0\n");
}
END_TEST

START_TEST(more_machines_than_rows)
{
	sink = sink_terminal(screen.slave);
	for (int i = 1; i <= 9; i++) {
		char name[16];
		snprintf(name, sizeof(name), "n-%d", i);
		begin(name, 12);
	}
	check_screen("n-1   starting        12.0 s  \n"
	             "n-2   starting        12.0 s  \n"
	             "n-3   starting        12.0 s  \n"
	             "n-4   starting        12.0 s  \n"
	             "… and 5 more\n");
	output("n-9", 1, "out\n");
	check_screen("n-9 | out\n"
	             "n-1   starting        12.0 s  \n"
	             "n-2   starting        12.0 s  \n"
	             "n-3   starting        12.0 s  \n"
	             "n-4   starting        12.0 s  \n"
	             "… and 5 more\n");
	/* The first scrolls away, as any output does. */
	output("n-9", 1, "more\n");
	AUTO_FREE char *text = screen_text(&screen);
	ck_assert(str_starts(text, "n-9 | more\nn-1   starting"));
}
END_TEST

START_TEST(long_output_scrolls)
{
	sink = sink_terminal(screen.slave);
	begin("web@kvm", 12);
	for (int i = 0; i < 40; i++) {
		char line[128];
		snprintf(line, sizeof(line),
		        "%d this line is so long that it is wrapped by the window\n", i);
		output(NULL, 1, line);
	}
	check_screen("window\n"
	             "web@kvm | 38 this line is so long that it is wrapped by the \n"
	             "window\n"
	             "web@kvm | 39 this line is so long that it is wrapped by the \n"
	             "window\n"
	             "web@kvm  starting        12.0 s  \n");
}
END_TEST

START_TEST(colours)
{
	unsetenv("NO_COLOR");
	sink = sink_terminal(screen.slave);
	begin("web@kvm", 12);
	trouble();
	emit((struct event){.kind = EVENT_VERB_END, .text = "done"});
	AUTO_FREE char *text = screen_text(&screen);
	ck_has(screen.raw.buf, "\033[1mweb@kvm\033[0m: \033[31merror:\033[0m kvm.start: no answer");
	ck_has(screen.raw.buf, "\033[33mwarning:\033[0m slow\\x1b[2J");
	ck_has(screen.raw.buf, "up \033[32mdone\033[0m in");
	ck_lacks(text, "\033");
}
END_TEST

START_TEST(closing_cleans_up)
{
	sink = sink_terminal(screen.slave);
	begin("web@kvm", 12);
	output(NULL, 1, "half");
	sink->close(sink);
	sink = NULL;
	check_screen("web@kvm | half\n");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {plain_lines, plain_verbs_and_reverts, plain_errors,
	        plain_quiet, output_in_pieces, output_ends_with_its_step,
	        output_without_end_is_bounded, json_lines, no_terminal_is_plain,
	        live_rows_are_drawn_in_place, time_ticks, progress_is_shown, rows_never_wrap,
	        a_narrower_window_is_cleaned, more_machines_than_rows, long_output_scrolls, colours,
	        closing_cleans_up};

	return suite_run("sink", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
