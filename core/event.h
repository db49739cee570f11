/*
 * What happened, as it happens: emitted by core/run, the workers and the boxes, consumed by sinks
 * (terminal, plain, JSON lines, the comparison's recorder). An event is borrowed for the length of
 * the call. Names are part of the
 * --events format: never rename one.
 */
#pragma once

#include "base/str.h"
#include "base/err.h"

enum phase {
	PHASE_NONE,
	PHASE_CREATE,
	PHASE_KERNEL,
	PHASE_INIT,
	PHASE_NETWORK,
	PHASE_TRANSPORT,
	PHASE_PROVISION,
	N_PHASES
};

enum event_kind {
	EVENT_VERB_BEGIN, /* a worker starts on a machine; text: the verb */
	EVENT_VERB_END, /* text: "done", "unchanged", "failed", "skipped", "interrupted"; step: the
	                   verb; code: exit code */
	EVENT_STEP_BEGIN, /* step; text: "apply" or "revert"; phase: what the step counts towards */
	EVENT_STEP_END,   /* likewise, and duration_ns; text: "done" or "failed" */
	EVENT_PHASE,      /* phase reached, t_ns is the arrival at the host */
	EVENT_PROGRESS,   /* done/total of a long step (bytes, or stages); text: what */
	EVENT_NOTE,       /* one line that a user should read */
	EVENT_WARNING,
	EVENT_OUTPUT, /* bytes of a script or tool; stream 1 or 2 */
	EVENT_ERROR,  /* text: message; hint */
	N_EVENT_KINDS
};

struct event {
	enum event_kind kind;
	int64_t t_ns; /* monotonic clock of the host */
	int64_t wall_ns;
	const char *machine; /* selector; "" for the lab or a box */
	const char *step;
	const char *text; /* NULL is the same as "" */
	size_t text_n;    /* bytes of text in EVENT_OUTPUT, which may hold NUL; else unused */
	const char *hint;
	enum phase phase;
	int stream;
	int code;
	int64_t duration_ns;
	int64_t done, total;
	bool quiet; /* of a STEP_QUIET step: for recorders, not for people */
	bool more;  /* another one follows at once: a sink may wait for it. Not written. */
};

struct event_sink {
	void (*emit)(struct event_sink *sink, const struct event *event);
	void (*close)(struct event_sink *sink); /* frees the sink */
	/* Called by the loop that feeds the sink, every tick_ms (0: not now) while it waits, so
	 * that elapsed time moves on. NULL: nothing to do. */
	void (*tick)(struct event_sink *sink);
	int tick_ms;
	/* For people who see lines alone: what a quiet step says of its begin and end, and that it
	 * made something, is nothing to this sink. It need not get it. */
	bool terse;
};

const char *event_name(enum event_kind kind); /* "step-begin" … */
const char *phase_name(enum phase phase);     /* "create" … */

/* Fills the two times if they are 0 and hands the event to the sink (NULL: dropped); output of more
 * than EVENT_OUTPUT_MAX bytes arrives as several events. */
#define EVENT_OUTPUT_MAX 8192
void event_emit(struct event_sink *sink, struct event *event);

/*
 * One line of JSON without the newline, and back; below 64 KiB (text other than output is cut at
 * EVENT_OUTPUT_MAX). Text that is not UTF-8 survives the trip, see base/jsontext.h. Fields that are
 * 0 or empty are left out. The parsed event borrows from *holder; its strings are never NULL but
 * hint.
 */
void event_write(const struct event *event, struct str *out);
struct event_text {
	void *json;
};
MUST_CHECK int event_read(
        const char *line, size_t n, struct event *out, struct event_text *holder, struct err *err);
void event_text_clear(struct event_text *holder);

/* A sink that writes JSON lines to a descriptor (a worker's pipe, --events). Closing it leaves fd
 * open. */
struct event_sink *event_sink_fd(int fd);
