/*
 * The pieces of the HTML page: text that is always escaped, and charts as inline SVG without a
 * viewBox: positions across are percentages, positions down pixels, so that a chart fits a phone
 * and its text keeps its size. Names of kinds, ids and values come from results, which anybody may
 * have written: nothing of them reaches the page unescaped.
 */
#pragma once

#include "compare/view.h"

void html_text(struct str *out, const char *text); /* NULL: a dash */
void html_element(struct str *out, const char *tag, const char *class_, const char *text);
const char *html_kind(const char *kind);          /* class that carries the kind's colour */
void html_key(struct str *out, const char *kind); /* coloured square and name */

/* title is read aloud instead of the chart. */
void svg_begin(struct str *out, double height, const char *class_, const char *title);
void svg_end(struct str *out);
/* class is a constant of the style sheet; tip may be NULL. */
void svg_bar(struct str *out, const char *class_, double x, double width, double y, double height);
void svg_line(struct str *out, const char *class_, double x1, double y1, double x2, double y2);
void svg_dot(struct str *out, const char *class_, double x, double y, double r, const char *tip);
void svg_label(struct str *out, double x, double y, const char *anchor, const char *text);

/* Where a value lies across, 0 … 100. */
struct axis {
	double low, high;
	bool log;
	const char *unit; /* borrowed */
	double factor;    /* ticks are round in value * factor */
};
/* Log where the values span more than a factor of 20. */
struct axis axis_over(double low, double high, const char *unit);
double axis_at(const struct axis *axis, double value);
/* At most max round numbers; returns how many. */
size_t axis_ticks(const struct axis *axis, double *ticks, size_t max);
void axis_grid(struct str *out, const struct axis *axis, double height); /* lines at the ticks */
void axis_labels(struct str *out, const struct axis *axis); /* an SVG of its own, 16 px */
void axis_names(struct str *out, const struct axis *axis, const double *ticks, size_t n);

extern const char *const html_style[]; /* parts, to be put together */
extern const size_t html_n_style;
/* <!doctype> … <body>; the page's title. */
void html_begin(struct str *out, const char *title);
void html_end(struct str *out);
void html_emulated(struct str *out, const char *note);

/* Parts of the page. */
void html_cards(const struct result *result, const struct view *view, struct str *out);
void html_distributions(const struct view *view, struct str *out);
void html_figures(const struct view *view, struct str *out);
void html_facts(const struct result *result, const char *group, struct str *out);
void html_claims(const struct result *result, struct str *out);
