/*
 * Live lines: the last rows on the terminal belong to the sink. To print a line that stays, it goes
 * up to the first of them, clears to the end of the screen, prints the line and draws them again,
 * in one write. The cursor rests at the end of the last row, so that whatever ends the program
 * leaves a whole picture. (ECMA-48: CUU, ED, SGR.)
 */
#include "cli/sink.h"

#include "base/clock.h"
#include "base/io.h"
#include "cli/sink_lines.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { TICK_MS = 100 };

struct terminal {
	struct event_sink sink;
	int fd;
	struct lines lines;
	struct str out;
	size_t *drawn; /* the columns of each row on the screen */
	size_t n_drawn;
};

/* Asked at every draw: no signal has to be caught, and a resized window is right at the next. */
static struct winsize size_of(int fd)
{
	struct winsize size = {0};

	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0)
		size = (struct winsize){.ws_row = 24, .ws_col = 80};
	return size;
}

static size_t columns_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

/* Rows that were drawn in a wider window are wrapped by now. */
static void erase(struct terminal *self, size_t width)
{
	size_t up = 0;

	for (size_t i = 0; i < self->n_drawn; i++)
		up += self->drawn[i] ? (self->drawn[i] + width - 1) / width : 1;
	if (self->n_drawn) {
		str_add(&self->out, "\r");
		if (up > 1)
			str_addf(&self->out, "\033[%zuA", up - 1);
		str_add(&self->out, "\033[J");
	}
	self->n_drawn = 0;
}

/* One row, cut so that it never wraps. */
static void draw_row(struct terminal *self, const char *text, size_t width)
{
	size_t columns = 0, bytes = 0;

	while (text[bytes]) {
		size_t next = bytes + 1;
		while ((text[next] & 0xc0) == 0x80)
			next++;
		if (columns + 1 >= width)
			break;
		columns++;
		bytes = next;
	}
	if (self->n_drawn)
		str_add(&self->out, "\n");
	str_addn(&self->out, text, bytes);
	self->drawn = xrealloc(self->drawn, self->n_drawn + 1, sizeof(*self->drawn));
	self->drawn[self->n_drawn++] = columns;
}

static void row_text(const struct machine_row *row, size_t widest, struct str *out)
{
	const char *name = *row->name ? row->name : "prov";
	char elapsed[16];

	clock_format(elapsed, clock_mono_ns() - row->begin_ns);
	str_addf(out, "%s%*s  %-12s  %8s  ", name, (int)(widest - columns_of(name)), "", row->doing,
	        elapsed);
	str_add(out, str_text(&row->detail));
}

static void draw(struct terminal *self, struct winsize size)
{
	size_t live = 0, widest = 4, shown = 0;
	AUTO_STR text = {0};

	for (size_t i = 0; i < self->lines.n; i++) {
		const struct machine_row *row = &self->lines.rows[i];
		size_t columns = columns_of(row->name);
		live += row->live;
		widest = row->live && columns > widest ? columns : widest;
	}
	/* One row of the window is left to what stays. */
	size_t room = size.ws_row > 2 ? size.ws_row - 1u : 1;
	size_t most = live <= room ? live : room - 1;
	for (size_t i = 0; i < self->lines.n && shown < most; i++) {
		if (!self->lines.rows[i].live)
			continue;
		str_reset(&text);
		row_text(&self->lines.rows[i], widest, &text);
		draw_row(self, str_text(&text), size.ws_col);
		shown++;
	}
	if (shown < live) {
		str_reset(&text);
		str_addf(&text, "… and %zu more", live - shown);
		draw_row(self, str_text(&text), size.ws_col);
	}
	self->sink.tick_ms = live ? TICK_MS : 0;
}

static void write_out(struct terminal *self)
{
	if (self->out.len && io_write_all(self->fd, self->out.buf, self->out.len, NULL) < 0)
		self->fd = -1;
	str_reset(&self->out);
}

static void terminal_emit(struct event_sink *sink, const struct event *event)
{
	struct terminal *self = (struct terminal *)sink;
	struct winsize size = size_of(self->fd);

	erase(self, size.ws_col);
	lines_feed(&self->lines, event, &self->out);
	draw(self, size);
	write_out(self);
}

static void terminal_tick(struct event_sink *sink)
{
	struct terminal *self = (struct terminal *)sink;
	struct winsize size = size_of(self->fd);

	erase(self, size.ws_col);
	draw(self, size);
	write_out(self);
}

static void terminal_close(struct event_sink *sink)
{
	struct terminal *self = (struct terminal *)sink;

	erase(self, size_of(self->fd).ws_col);
	lines_flush(&self->lines, &self->out);
	write_out(self);
	lines_clear(&self->lines);
	str_clear(&self->out);
	free(self->drawn);
	free(self);
}

struct event_sink *sink_terminal(int fd)
{
	const char *kind = getenv("TERM"), *no_colour = getenv("NO_COLOR");

	if (!isatty(fd) || !kind || str_eq(kind, "dumb"))
		return sink_plain(fd, false);
	struct terminal *self = xcalloc(1, sizeof(*self));
	self->sink = (struct event_sink){
	        .emit = terminal_emit, .close = terminal_close, .tick = terminal_tick};
	self->fd = fd;
	self->lines.colour = !no_colour || !*no_colour;
	return &self->sink;
}
