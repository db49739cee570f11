/*
 * Events to lines that stay: shared by the terminal and the plain sink. Knows the machines met so
 * far, what each does at the moment, and its half-printed lines of output.
 */
#pragma once

#include "core/event.h"

struct machine_row {
	char *name; /* "" is the lab or a box */
	bool live;  /* between VERB_BEGIN and VERB_END */
	char *verb;
	int64_t begin_ns;
	bool reverting;
	const char *doing;     /* "booting" */
	struct str detail;     /* "kernel running" */
	struct str partial[2]; /* output without its newline, by stream */
};

struct lines {
	bool steps; /* a line for each step and phase */
	bool quiet; /* warnings and errors only */
	bool colour;
	struct machine_row *rows;
	size_t n;
};

/* Takes note of the event and adds the lines that it leaves to out, each with its newline. */
void lines_feed(struct lines *lines, const struct event *event, struct str *out);
/* Adds what is half printed. */
void lines_flush(struct lines *lines, struct str *out);
void lines_clear(struct lines *lines);
