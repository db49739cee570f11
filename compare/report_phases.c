/* Start-up by phase: bars to scale, and the same marks on a log axis, where a container is more
 * than a sliver. */
#include "compare/report_cards.h"

#include <math.h>

#define PHASES 6

struct phases {
	double at[PHASES]; /* median of t1 … t6; NAN: this kind has no such phase */
	double last;
	size_t n;
};

static const char *const ids[PHASES] = {
        "start.t1", "start.t2", "start.t3", "start.t4", "start.t5", "start.t6"};

static void collect(const struct view *view, size_t kind, struct phases *out)
{
	*out = (struct phases){0};
	for (size_t i = 0; i < PHASES; i++) {
		const struct view_row *row = view_row(view, ids[i]);
		out->at[i] = row ? card_median(row->cells[kind]) : NAN;
		if (!isfinite(out->at[i]))
			continue;
		out->n++;
		out->last = fmax(out->last, out->at[i]);
	}
}

static void describe(const struct phases *p, struct str *out)
{
	for (size_t i = 0; i < PHASES; i++) {
		if (!isfinite(p->at[i]))
			continue;
		str_addf(out, "%st%zu ", out->len ? " · " : "", i + 1);
		figure_add(out, p->at[i], "s");
	}
}

static void stacked(const struct phases *p, double most, const char *kind, struct str *out)
{
	static const char *const shades[PHASES] = {"p0", "p1", "p2", "p3", "p4", "p5"};
	AUTO_STR label = {0}, figure = {0}, note = {0};
	double from = 0;

	for (size_t i = 0; i < PHASES; i++)
		if (p->at[i] == p->last)
			str_addf(&figure, "t%zu ", i + 1);
	figure_add(&figure, p->last, "s");
	describe(p, &note);
	str_addf(&label, "%s: %s", kind, str_text(&note));
	row_begin(out, kind, str_text(&figure));
	svg_begin(out, 14, html_kind(kind), str_text(&label));
	for (size_t i = 0; i < PHASES; i++) {
		/* Medians of phases may cross by noise: a phase never runs backwards. */
		if (!isfinite(p->at[i]) || p->at[i] < from)
			continue;
		svg_bar(out, shades[i], from / most * 100, (p->at[i] - from) / most * 100, 0, 14);
		if (from > 0)
			svg_line(out, "gap", from / most * 100, 0, from / most * 100, 14);
		from = p->at[i];
	}
	svg_end(out);
	row_end(out, str_text(&note));
}

/* Where marks are too near for two names, the later phases keep theirs: t5 is what kinds are
 * compared at. */
static void choose_labels(const struct phases *p, const struct axis *axis, bool *labelled)
{
	static const size_t order[PHASES] = {4, 5, 2, 3, 0, 1};

	for (size_t i = 0; i < PHASES; i++)
		labelled[i] = false;
	for (size_t i = 0; i < PHASES; i++) {
		bool free_here = isfinite(p->at[order[i]]);
		for (size_t k = 0; k < PHASES; k++)
			if (labelled[k] &&
			        fabs(axis_at(axis, p->at[k]) - axis_at(axis, p->at[order[i]])) < 7)
				free_here = false;
		labelled[order[i]] = free_here;
	}
}

static void track(
        const struct phases *p, const struct axis *axis, const char *kind, struct str *out)
{
	AUTO_STR label = {0};
	bool labelled[PHASES];
	double first = NAN;

	choose_labels(p, axis, labelled);
	describe(p, &label);
	for (size_t i = 0; i < PHASES && !isfinite(first); i++)
		first = p->at[i];
	str_add(out, "<div class=\"strip\"><span>");
	html_key(out, kind);
	str_add(out, "</span>");
	svg_begin(out, 30, html_kind(kind), str_text(&label));
	axis_grid(out, axis, 30);
	svg_line(out, "thin", axis_at(axis, first), 20, axis_at(axis, p->last), 20);
	for (size_t i = 0; i < PHASES; i++) {
		AUTO_STR tip = {0};
		char name[8] = {'t', (char)('1' + (int)i), '\0'};
		if (!isfinite(p->at[i]))
			continue;
		double x = axis_at(axis, p->at[i]);
		str_addf(&tip, "%s, %s: ", kind, name);
		figure_add(&tip, p->at[i], "s");
		svg_dot(out, "dot", x, 20, 5, str_text(&tip));
		if (labelled[i])
			svg_label(out, x, 10, "middle", name);
	}
	svg_end(out);
	str_add(out, "</div>\n");
}

static void legend(const struct view *view, struct str *out)
{
	str_add(out, "<p class=\"sub\">t0 the command starts");
	for (size_t i = 0; i < PHASES; i++) {
		const struct view_row *row = view_row(view, ids[i]);
		if (!row)
			continue;
		str_addf(out, " · t%zu ", i + 1);
		html_text(out, row->title);
	}
	str_add(out, "</p>\n");
}

void card_phases(const struct view *view, struct str *out)
{
	double most = 0, least = INFINITY;
	struct phases p;

	for (size_t k = 0; k < view->n_kinds; k++) {
		collect(view, k, &p);
		most = fmax(most, p.last);
		for (size_t i = 0; i < PHASES; i++)
			if (p.at[i] > 0)
				least = fmin(least, p.at[i]);
	}
	if (!(most > 0))
		return;
	card_begin(out, "Start-up, phase by phase", NULL);
	legend(view, out);
	for (size_t k = 0; k < view->n_kinds; k++) {
		collect(view, k, &p);
		if (p.n)
			stacked(&p, most, view->kinds[k], out);
	}
	struct axis axis = axis_over(least, most, "s");
	str_add(out, "<div class=\"tracks\"><p class=\"sub\">The same medians on a log axis</p>\n");
	for (size_t k = 0; k < view->n_kinds; k++) {
		collect(view, k, &p);
		if (p.n)
			track(&p, &axis, view->kinds[k], out);
	}
	str_add(out, "<div class=\"strip\"><span></span>");
	axis_labels(out, &axis);
	str_add(out, "</div></div>\n");
	card_end(out);
}
