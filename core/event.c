#include "core/event.h"

#include "base/clock.h"
#include "base/io.h"

#include <stdlib.h>
#include <string.h>

const char *event_name(enum event_kind kind)
{
	static const char *const names[N_EVENT_KINDS] = {
	        [EVENT_VERB_BEGIN] = "verb-begin",
	        [EVENT_VERB_END] = "verb-end",
	        [EVENT_STEP_BEGIN] = "step-begin",
	        [EVENT_STEP_END] = "step-end",
	        [EVENT_PHASE] = "phase",
	        [EVENT_PROGRESS] = "progress",
	        [EVENT_NOTE] = "note",
	        [EVENT_WARNING] = "warning",
	        [EVENT_OUTPUT] = "output",
	        [EVENT_ERROR] = "error",
	};

	return names[kind];
}

const char *phase_name(enum phase phase)
{
	static const char *const names[N_PHASES] = {
	        [PHASE_NONE] = "none",
	        [PHASE_CREATE] = "create",
	        [PHASE_KERNEL] = "kernel",
	        [PHASE_INIT] = "init",
	        [PHASE_NETWORK] = "network",
	        [PHASE_TRANSPORT] = "transport",
	        [PHASE_PROVISION] = "provision",
	};

	return names[phase];
}

/* Where to cut text of n > max bytes: not within a character, if the text is UTF-8. */
static size_t cut_at(const char *text, size_t max)
{
	size_t n = max;

	while (n > max - 4 && (text[n] & 0xc0) == 0x80)
		n--;
	return n > max - 4 ? n : max;
}

static bool is_of_use(const struct event_sink *sink, const struct event *event)
{
	return !sink->terse || !event->quiet ||
	        (event->kind != EVENT_STEP_BEGIN && event->kind != EVENT_STEP_END &&
	                (event->kind != EVENT_PHASE || event->phase != PHASE_CREATE));
}

void event_emit(struct event_sink *sink, struct event *event)
{
	if (!event->t_ns)
		event->t_ns = clock_mono_ns();
	if (!event->wall_ns)
		event->wall_ns = clock_wall_ns();
	if (!sink || !is_of_use(sink, event))
		return;
	if (event->kind != EVENT_OUTPUT) {
		sink->emit(sink, event);
		return;
	}
	struct event part = *event;
	for (size_t left = event->text_n; left; left -= part.text_n, part.text += part.text_n) {
		part.text_n = left > EVENT_OUTPUT_MAX ? cut_at(part.text, EVENT_OUTPUT_MAX) : left;
		sink->emit(sink, &part);
	}
}

struct fd_sink {
	struct event_sink sink;
	int fd;
	struct str line;
};

/* A reader that has gone away is no reason to stop: events are lost, the machine is not. */
static void fd_flush(struct fd_sink *self)
{
	if (self->line.len)
		(void)!io_write_all(self->fd, self->line.buf, self->line.len, NULL);
	str_reset(&self->line);
}

static void fd_emit(struct event_sink *sink, const struct event *event)
{
	struct fd_sink *self = (struct fd_sink *)sink;

	event_write(event, &self->line);
	str_add(&self->line, "\n");
	if (!event->more)
		fd_flush(self);
}

static void fd_close(struct event_sink *sink)
{
	struct fd_sink *self = (struct fd_sink *)sink;

	fd_flush(self);
	str_clear(&self->line);
	free(self);
}

struct event_sink *event_sink_fd(int fd)
{
	struct fd_sink *self = xcalloc(1, sizeof(*self));

	self->sink = (struct event_sink){.emit = fd_emit, .close = fd_close};
	self->fd = fd;
	return &self->sink;
}
