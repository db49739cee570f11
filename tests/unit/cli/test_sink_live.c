/* Events as rows of a terminal that are drawn in place. */
#include "tests/unit/cli/sink_open.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

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
	const TTest *const tests[] = {live_rows_are_drawn_in_place, time_ticks, progress_is_shown,
	        rows_never_wrap, a_narrower_window_is_cleaned, more_machines_than_rows,
	        long_output_scrolls, colours, closing_cleans_up};

	return suite_run("sink_live", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
