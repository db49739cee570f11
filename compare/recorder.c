#include "compare/recorder.h"

#include "base/clock.h"
#include "base/fs.h"

#include <stdlib.h>
#include <string.h>

static struct timeline *line_of(struct compare_recorder *r, const char *machine)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->lines[i].machine, machine))
			return &r->lines[i];
	r->lines = xrealloc(r->lines, r->n + 1, sizeof(*r->lines));
	r->lines[r->n] = (struct timeline){.machine = xstrdup(machine)};
	return &r->lines[r->n++];
}

const struct timeline *recorder_of(const struct compare_recorder *r, const char *machine)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->lines[i].machine, machine))
			return &r->lines[i];
	return NULL;
}

static void take_begin(struct timeline *t, const struct event *e)
{
	t->begin_ns = e->t_ns;
}

static void take_end(struct timeline *t, const struct event *e)
{
	t->end_ns = e->t_ns;
	t->failed = e->code != 0 || str_eq(e->text, "failed") || str_eq(e->text, "skipped");
}

static void take_phase(struct timeline *t, const struct event *e)
{
	if (e->phase > PHASE_NONE && e->phase < N_PHASES)
		t->phase_ns[e->phase] = e->t_ns;
}

static void take_step_end(struct timeline *t, const struct event *e)
{
	if (e->phase == PHASE_PROVISION)
		t->provision_ns += e->duration_ns;
}

static void take_error(struct timeline *t, const struct event *e)
{
	if (!t->error)
		t->error = xasprintf("%s%s%s", e->step ? e->step : "",
		        e->step && *e->step ? ": " : "", e->text ? e->text : "");
}

static void (*const takes[N_EVENT_KINDS])(struct timeline *, const struct event *) = {
        [EVENT_VERB_BEGIN] = take_begin,
        [EVENT_VERB_END] = take_end,
        [EVENT_PHASE] = take_phase,
        [EVENT_STEP_END] = take_step_end,
        [EVENT_ERROR] = take_error,
};

static void record(struct event_sink *sink, const struct event *event)
{
	struct compare_recorder *r = (struct compare_recorder *)sink;
	const char *machine = event->machine ? event->machine : "";

	if (*machine && takes[event->kind])
		takes[event->kind](line_of(r, machine), event);
	struct err unread = {0};
	if (event->kind == EVENT_PHASE && event->phase == PHASE_TRANSPORT &&
	        load_read(&r->answered, &unread) < 0)
		r->answered = (struct load_sample){0};
	if (event->kind == EVENT_NOTE && event->text && str_starts(event->text, "accelerator ")) {
		free(r->accelerator);
		r->accelerator = xstrdup(event->text + strlen("accelerator "));
	}
	if (r->other && (event->kind == EVENT_WARNING || event->kind == EVENT_ERROR))
		r->other->emit(r->other, event);
}

static void look(struct timeline *t)
{
	AUTO_STR text = {0};

	if (!t->phases_file || t->channel_ns || fs_read(t->phases_file, 65536, &text, NULL) < 0)
		return;
	if (str_eq(str_text(&text), "ssh\n") || str_ends(str_text(&text), "\nssh\n"))
		t->channel_ns = clock_mono_ns();
}

static void tick(struct event_sink *sink)
{
	struct compare_recorder *r = (struct compare_recorder *)sink;

	for (size_t i = 0; i < r->n; i++)
		look(&r->lines[i]);
	if (r->other && r->other->tick)
		r->other->tick(r->other);
}

static void close_nothing(struct event_sink *sink)
{
	(void)sink;
}

void recorder_init(struct compare_recorder *r, struct event_sink *other)
{
	*r = (struct compare_recorder){
	        .sink = {.emit = record, .close = close_nothing, .tick = tick}, .other = other};
}

void recorder_watch(struct compare_recorder *r, const char *machine, const char *phases_file)
{
	struct timeline *t = line_of(r, machine);

	free(t->phases_file);
	t->phases_file = xstrdup(phases_file);
	r->sink.tick_ms = RECORDER_TICK_MS;
}

void recorder_reset(struct compare_recorder *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->lines[i].machine);
		free(r->lines[i].phases_file);
		free(r->lines[i].error);
	}
	free(r->lines);
	r->lines = NULL;
	r->n = 0;
	r->sink.tick_ms = 0;
	r->answered = (struct load_sample){0};
}

void recorder_clear(struct compare_recorder *r)
{
	recorder_reset(r);
	free(r->accelerator);
	r->accelerator = NULL;
}
