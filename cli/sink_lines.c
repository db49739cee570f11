#include "cli/sink_lines.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A guest that never ends its line must not fill the memory. */
enum { LONGEST_LINE = 32768 };

static const char bold[] = "1", red[] = "31", green[] = "32", yellow[] = "33";

static struct machine_row *row_of(struct lines *lines, const char *machine)
{
	const char *name = machine ? machine : "";

	for (size_t i = 0; i < lines->n; i++)
		if (str_eq(lines->rows[i].name, name))
			return &lines->rows[i];
	lines->rows = xrealloc(lines->rows, lines->n + 1, sizeof(*lines->rows));
	struct machine_row *row = &lines->rows[lines->n++];
	*row = (struct machine_row){.name = xstrdup(name), .doing = ""};
	return row;
}

static void paint(const struct lines *lines, struct str *out, const char *colour, const char *text)
{
	if (lines->colour)
		str_addf(out, "\033[%sm%s\033[0m", colour, text);
	else
		str_add(out, text);
}

static void prefix(
        const struct lines *lines, const struct machine_row *row, const char *sep, struct str *out)
{
	paint(lines, out, bold, *row->name ? row->name : "prov");
	str_add(out, sep);
}

/* Text may hold what a guest said (the tail of a console in an error): each of its lines is escaped
 * and gets the prefix. */
static void add_text(const struct lines *lines, const struct machine_row *row, const char *first,
        const char *text, struct str *out)
{
	for (const char *line = text, *end; line; line = *end ? end + 1 : NULL) {
		end = strchrnul(line, '\n');
		if (end == line && line != text && !*end)
			break;
		prefix(lines, row, ": ", out);
		str_add(out, line == text ? first : "  ");
		str_add_escaped(out, line, (size_t)(end - line));
		str_add(out, "\n");
	}
}

/* One line of a script. As on a terminal, a carriage return begins the line again: only what was
 * last shown stays of a progress bar. */
static void output_line(const struct lines *lines, const struct machine_row *row, const char *text,
        size_t n, struct str *out)
{
	while (n && text[n - 1] == '\r')
		n--;
	const char *back = memrchr(text, '\r', n);
	const char *from = back ? back + 1 : text;
	prefix(lines, row, " | ", out);
	str_add_escaped(out, from, n - (size_t)(from - text));
	str_add(out, "\n");
}

static void flush_row(const struct lines *lines, struct machine_row *row, struct str *out)
{
	for (size_t i = 0; i < 2; i++) {
		if (row->partial[i].len)
			output_line(lines, row, row->partial[i].buf, row->partial[i].len, out);
		str_reset(&row->partial[i]);
	}
}

static void feed_output(
        struct lines *lines, struct machine_row *row, const struct event *e, struct str *out)
{
	struct str *partial = &row->partial[e->stream == 2];
	const char *p = e->text, *end = e->text + e->text_n;

	if (lines->quiet)
		return;
	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		str_addn(partial, p, (size_t)((newline ? newline : end) - p));
		if (newline || partial->len > LONGEST_LINE) {
			output_line(lines, row, str_text(partial), partial->len, out);
			str_reset(partial);
		}
		p = newline ? newline + 1 : end;
	}
}

/* What a machine does, in the user's words. */
static const char *doing_of(const char *verb)
{
	static const struct {
		const char *verb, *doing;
	} words[] = {
	        {"up", "starting"},
	        {"reload", "restarting"},
	        {"halt", "halting"},
	        {"suspend", "suspending"},
	        {"resume", "resuming"},
	        {"destroy", "destroying"},
	        {"provision", "provisioning"},
	        {"build", "building"},
	        {"add", "adding"},
	        {"export", "exporting"},
	        {"verify", "verifying"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(words[i].verb, verb))
			return words[i].doing;
	return "working";
}

static const char *phase_doing(enum phase phase)
{
	static const char *const words[N_PHASES] = {
	        [PHASE_CREATE] = "creating",
	        [PHASE_KERNEL] = "booting",
	        [PHASE_INIT] = "booting",
	        [PHASE_NETWORK] = "connecting",
	        [PHASE_TRANSPORT] = "booting",
	        [PHASE_PROVISION] = "provisioning",
	};

	return words[phase];
}

static const char *phase_reached(enum phase phase)
{
	static const char *const words[N_PHASES] = {
	        [PHASE_NONE] = "begun",
	        [PHASE_CREATE] = "created",
	        [PHASE_KERNEL] = "kernel running",
	        [PHASE_INIT] = "init started",
	        [PHASE_NETWORK] = "network up",
	        [PHASE_TRANSPORT] = "answers",
	        [PHASE_PROVISION] = "provisioned",
	};

	return words[phase];
}

static void verb_begin(
        struct lines *lines, struct machine_row *row, const struct event *e, struct str *out)
{
	free(row->verb);
	row->verb = xstrdup(e->text);
	row->begin_ns = e->t_ns;
	row->live = true;
	row->doing = doing_of(row->verb);
	str_reset(&row->detail);
	if (lines->steps && !lines->quiet)
		add_text(lines, row, "", row->verb, out);
}

static void verb_end(
        struct lines *lines, struct machine_row *row, const struct event *e, struct str *out)
{
	char took[16];
	bool good = str_eq(e->text, "done") || str_eq(e->text, "unchanged");

	clock_format(took, e->t_ns - row->begin_ns);
	flush_row(lines, row, out);
	if (!lines->quiet) {
		prefix(lines, row, ": ", out);
		/* One that was skipped has not begun: its step is the verb. */
		const char *verb = row->verb ? row->verb : e->step;
		str_addf(out, "%s%s", verb, *verb ? " " : "");
		paint(lines, out, good ? green : yellow, e->text);
		if (row->live && !str_eq(e->text, "skipped"))
			str_addf(out, " %s %s", str_eq(e->text, "done") ? "in" : "after", took);
		if (e->hint) {
			str_add(out, " (");
			str_add_escaped(out, e->hint, strlen(e->hint));
			str_add(out, ")");
		}
		str_add(out, "\n");
	}
	row->live = false;
}

static void step_begin(
        struct lines *lines, struct machine_row *row, const struct event *e, struct str *out)
{
	(void)lines;
	(void)out;
	row->reverting = str_eq(e->text, "revert");
	row->doing = !row->reverting && e->phase != PHASE_NONE ? phase_doing(e->phase)
	                                                       : doing_of(row->verb);
	if (e->quiet)
		return;
	str_reset(&row->detail);
	str_add_escaped(&row->detail, e->step, strlen(e->step));
}

static void step_end(
        struct lines *lines, struct machine_row *row, const struct event *e, struct str *out)
{
	char took[16];

	flush_row(lines, row, out);
	if (!lines->steps || lines->quiet || e->quiet || !str_eq(e->text, "done"))
		return;
	clock_format(took, e->duration_ns);
	prefix(lines, row, ": ", out);
	str_add_escaped(out, e->step, strlen(e->step));
	str_addf(out, " %s in %s\n", row->reverting ? "undone" : "done", took);
}

static void phase(
        struct lines *lines, struct machine_row *row, const struct event *e, struct str *out)
{
	char took[16];

	str_reset(&row->detail);
	str_add(&row->detail, phase_reached(e->phase));
	/* Each step of making the machine would say "created": only the steps that made it do. */
	if (!lines->steps || lines->quiet || e->phase == PHASE_CREATE ||
	        e->phase == PHASE_PROVISION || !row->live)
		return;
	clock_format(took, e->t_ns - row->begin_ns);
	prefix(lines, row, ": ", out);
	str_addf(out, "%s after %s\n", phase_reached(e->phase), took);
}

static void progress(
        struct lines *lines, struct machine_row *row, const struct event *e, struct str *out)
{
	(void)lines;
	(void)out;
	str_reset(&row->detail);
	str_add_escaped(&row->detail, e->text, strlen(e->text));
	/* More than a hundred of something are bytes. */
	if (e->total > 100) {
		str_addf(&row->detail, " %" PRId64 " %% of ", e->done / (e->total / 100));
		str_add_size(&row->detail, e->total);
	} else if (e->total == 0 && e->done > 100) {
		str_add(&row->detail, " ");
		str_add_size(&row->detail, e->done);
	} else if (e->total > 0)
		str_addf(&row->detail, " %" PRId64 "/%" PRId64, e->done, e->total);
}

static void note(
        struct lines *lines, struct machine_row *row, const struct event *e, struct str *out)
{
	if (!lines->quiet)
		add_text(lines, row, "", e->text, out);
}

static void warning(
        struct lines *lines, struct machine_row *row, const struct event *e, struct str *out)
{
	AUTO_STR first = {0};

	paint(lines, &first, yellow, "warning:");
	str_add(&first, " ");
	add_text(lines, row, first.buf, e->text, out);
}

static void error(
        struct lines *lines, struct machine_row *row, const struct event *e, struct str *out)
{
	AUTO_STR first = {0};

	flush_row(lines, row, out);
	paint(lines, &first, red, "error:");
	str_add(&first, " ");
	if (e->step && *e->step) {
		str_add_escaped(&first, e->step, strlen(e->step));
		str_add(&first, ": ");
	}
	add_text(lines, row, first.buf, e->text, out);
	if (e->hint)
		add_text(lines, row, "  ", e->hint, out);
}

void lines_feed(struct lines *lines, const struct event *event, struct str *out)
{
	static void (*const feeds[N_EVENT_KINDS])(
	        struct lines *, struct machine_row *, const struct event *, struct str *) = {
	        [EVENT_VERB_BEGIN] = verb_begin,
	        [EVENT_VERB_END] = verb_end,
	        [EVENT_STEP_BEGIN] = step_begin,
	        [EVENT_STEP_END] = step_end,
	        [EVENT_PHASE] = phase,
	        [EVENT_PROGRESS] = progress,
	        [EVENT_NOTE] = note,
	        [EVENT_WARNING] = warning,
	        [EVENT_OUTPUT] = feed_output,
	        [EVENT_ERROR] = error,
	};
	struct event copy = *event;

	copy.text = event->text ? event->text : "";
	copy.step = event->step ? event->step : "";
	copy.hint = event->hint && *event->hint ? event->hint : NULL;
	feeds[event->kind](lines, row_of(lines, event->machine), &copy, out);
}

void lines_flush(struct lines *lines, struct str *out)
{
	for (size_t i = 0; i < lines->n; i++)
		flush_row(lines, &lines->rows[i], out);
}

void lines_clear(struct lines *lines)
{
	for (size_t i = 0; i < lines->n; i++) {
		struct machine_row *row = &lines->rows[i];
		free(row->name);
		free(row->verb);
		str_clear(&row->detail);
		str_clear(&row->partial[0]);
		str_clear(&row->partial[1]);
	}
	free(lines->rows);
	*lines = (struct lines){0};
}
