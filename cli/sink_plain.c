#include "cli/sink.h"

#include "base/io.h"
#include "cli/sink_lines.h"

#include <stdlib.h>

struct plain {
	struct event_sink sink;
	int fd;
	struct lines lines;
	struct str out;
};

/* Where nobody reads any more there is nobody to tell. */
static void write_out(struct plain *self)
{
	if (self->out.len && io_write_all(self->fd, self->out.buf, self->out.len, NULL) < 0)
		self->fd = -1;
	str_reset(&self->out);
}

static void plain_emit(struct event_sink *sink, const struct event *event)
{
	struct plain *self = (struct plain *)sink;

	lines_feed(&self->lines, event, &self->out);
	write_out(self);
}

static void plain_close(struct event_sink *sink)
{
	struct plain *self = (struct plain *)sink;

	lines_flush(&self->lines, &self->out);
	write_out(self);
	lines_clear(&self->lines);
	str_clear(&self->out);
	free(self);
}

struct event_sink *sink_plain(int fd, bool quiet)
{
	struct plain *self = xcalloc(1, sizeof(*self));

	self->sink = (struct event_sink){.emit = plain_emit, .close = plain_close, .terse = true};
	self->fd = fd;
	self->lines = (struct lines){.steps = true, .quiet = quiet};
	return &self->sink;
}
