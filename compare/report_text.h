/* What the plain-text reports share. */
#pragma once

#include "compare/view.h"

/* Footnotes: each different method once, numbered from 1 in the order of its first use. */
struct methods {
	struct strv texts;
};
size_t methods_number(struct methods *methods, const char *text); /* 0: there is no text */
void methods_clear(struct methods *methods);

/* Words filled up to width columns; every line after the first begins with indent spaces. Control
 * characters are escaped. */
void text_wrap(struct str *out, const char *text, size_t indent, size_t width);
size_t text_columns(const char *utf8);
void text_pad(struct str *out, const char *text, size_t columns, bool right);
void text_escaped(struct str *out, const char *text); /* NULL: "–" */

/* The few figures that matter most, a column a kind; below each other where that is too wide. */
void text_heads(struct str *out, const struct view *view, size_t width);
/* "debian/12 as web: 5 runs, 8 at once, warm page cache" */
void text_experiment(struct str *out, const struct result *result);
/* "Linux 6.18.5, Debian …, 2 CPUs (…), 23.5 GiB, TCG" */
void text_host(struct str *out, const struct result *result);
/* How to read medians, intervals and verdicts: true of every report. */
extern const char *const text_reading[];
extern const size_t text_n_reading;
