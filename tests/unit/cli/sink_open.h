/* What a sink prints, to a pipe or to a screen that understands cursor movements, for the suites of
 * sinks. */
#pragma once

#include "base/clock.h"
#include "cli/sink.h"
#include "tests/fake/check_util.h"
#include "tests/fake/screen.h"

#include <ctype.h>
#include <fcntl.h>
#include <unistd.h>

#define SECOND 1000000000

static struct event_sink *sink;
static struct screen screen;
static int fds[2];
static int64_t start;

static inline void set_up(void)
{
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", "1", 1);
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
	screen_open(&screen, 6, 60);
	start = clock_mono_ns();
	sink = NULL;
}

static inline void tear_down(void)
{
	if (sink)
		sink->close(sink);
	screen_close(&screen);
	close(fds[0]);
	close(fds[1]);
}

static inline void emit(struct event event)
{
	event.machine = event.machine ? event.machine : "web@kvm";
	event.t_ns = event.t_ns ? event.t_ns : start;
	event_emit(sink, &event);
}

static inline void output(const char *machine, int stream, const char *text)
{
	emit((struct event){.kind = EVENT_OUTPUT,
	        .machine = machine,
	        .stream = stream,
	        .text = text,
	        .text_n = strlen(text)});
}

/* A time that is shown may be later than expected: the clock is the real one. */
static inline bool later(const char **expected, const char **shown)
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

static inline bool same_but_later(const char *expected, const char *shown)
{
	while (*expected && *shown) {
		if (!isdigit((unsigned char)*expected) || !later(&expected, &shown))
			if (*expected++ != *shown++)
				return false;
	}
	return *expected == *shown;
}

static inline void check_screen(const char *expected)
{
	AUTO_FREE char *text = screen_text(&screen);

	if (!same_but_later(expected, text))
		ck_assert_str_eq(text, expected);
}

static inline void trouble(void)
{
	emit((struct event){.kind = EVENT_WARNING, .text = "slow\033[2J"});
	emit((struct event){.kind = EVENT_ERROR,
	        .step = "kvm.start",
	        .text = "no answer; the console said:\nKernel panic\n",
	        .hint = "prov doctor"});
}
