/* Memory the host pays, density, disk. */
#include "compare/report_cards.h"

#include <math.h>
#include <string.h>

static bool is_part(const struct view_row *row)
{
	return str_starts(row->id, "memory.pss.") || str_eq(row->id, "memory.kernel");
}

/* The sum of the parts, or what is paid if it is larger. */
static double memory_most(const struct view *view)
{
	const struct view_row *each = view_row(view, "memory.each");
	double most = 0;

	for (size_t k = 0; k < view->n_kinds; k++) {
		double sum = 0;
		for (size_t r = 0; r < view->n_rows; r++) {
			double part = card_median(view->rows[r].cells[k]);
			if (is_part(&view->rows[r]) && isfinite(part))
				sum += part;
		}
		most = fmax(most, sum);
		if (each && isfinite(card_median(each->cells[k])))
			most = fmax(most, card_median(each->cells[k]));
	}
	return most;
}

static void memory_row(const struct view *view, size_t kind, double most, struct str *out)
{
	static const char *const shades[] = {"p0", "p2", "p1", "p4", "p3", "p5"};
	const struct view_row *each = view_row(view, "memory.each");
	double paid = each ? card_median(each->cells[kind]) : NAN, from = 0;
	AUTO_STR figure = {0}, note = {0}, bars = {0}, label = {0};
	size_t parts = 0;

	for (size_t r = 0; r < view->n_rows; r++) {
		double part = card_median(view->rows[r].cells[kind]);
		if (!is_part(&view->rows[r]) || !isfinite(part))
			continue;
		svg_bar(&bars, shades[parts++ % ARRAY_SIZE(shades)], from / most * 100,
		        part / most * 100, 0, 16);
		from += part;
		svg_line(&bars, "gap", from / most * 100, 0, from / most * 100, 16);
		str_addf(&note, "%s%s ", note.len ? " · " : "", view->rows[r].title);
		figure_add(&note, part, view->rows[r].unit);
	}
	if (!parts && !isfinite(paid))
		return;
	if (isfinite(paid)) {
		view_figure(each, each->cells[kind], &figure);
		svg_line(&bars, "mark", paid / most * 100, -2, paid / most * 100, 18);
	} else {
		figure_add(&figure, from, "MiB");
	}
	str_addf(&label, "%s: %s; %s", view->kinds[kind], str_text(&figure), str_text(&note));
	row_begin(out, view->kinds[kind], str_text(&figure));
	svg_begin(out, 16, html_kind(view->kinds[kind]), str_text(&label));
	str_add(out, str_text(&bars));
	svg_end(out);
	row_end(out, str_text(&note));
}

void card_memory(const struct view *view, struct str *out)
{
	const struct view_row *each = view_row(view, "memory.each");
	double most = memory_most(view);
	AUTO_STR sub = {0};

	if (!(most > 0))
		return;
	if (each)
		str_addf(&sub, "Upright mark and figure: %s. ", each->method);
	str_add(&sub,
	        "Bars: where it is, by PSS and kernel memory, measured apart: the two need not "
	        "meet.");
	card_begin(out, "Memory the host pays", str_text(&sub));
	for (size_t k = 0; k < view->n_kinds; k++)
		memory_row(view, k, most, out);
	card_end(out);
}

/* Ends where the kind was last measured: beyond, it may leave the chart. */
static void curve_line(const struct series *s, double most_x, double most_y, struct str *out)
{
	double last = 0;
	struct fit fit;

	stats_fit(s->x, s->values, s->n, &fit);
	for (size_t i = 0; i < s->n; i++)
		if (isfinite(s->x[i]))
			last = fmax(last, s->x[i]);
	double begins = fmax(fit.offset, 0);
	double ends = fmin(fmax(fit.offset + fit.slope * last, 0), most_y);
	if (fit.valid)
		svg_line(out, "thin", 0, 150 - begins / most_y * 140, last / most_x * 97,
		        150 - ends / most_y * 140);
}

/* believed: the points make a line that says what one more costs. */
static void curve(
        const struct series *s, bool believed, double most_x, double most_y, struct str *out)
{
	str_addf(out, "<g class=\"%s\">", html_kind(s->kind));
	if (believed)
		curve_line(s, most_x, most_y, out);
	for (size_t i = 0; i < s->n; i++) {
		AUTO_STR tip = {0};
		if (!isfinite(s->x[i]))
			continue;
		str_addf(&tip, "%s, %g: ", s->kind, s->x[i]);
		figure_add(&tip, s->values[i], s->unit);
		svg_dot(out, s->disturbed[i] ? "odd" : "dot", s->x[i] / most_x * 97,
		        150 - fmax(s->values[i], 0) / most_y * 140, 4, str_text(&tip));
	}
	str_add(out, "</g>");
}

/* The axis names where something was measured, not round numbers between. */
static void add_measured(double *list, size_t *n, size_t max, double x)
{
	for (size_t i = 0; i < *n; i++)
		if (list[i] == x)
			return;
	if (*n < max && isfinite(x))
		list[(*n)++] = x;
}

static void density_chart(const struct view *view, const struct view_row *row, struct str *out)
{
	double most_x = 0, most_y = 0, ticks[8], measured[8];
	const struct view_row *could = view_row(view, "density.extrapolated");
	size_t n_measured = 0;

	for (size_t k = 0; k < view->n_kinds; k++)
		for (size_t i = 0; row->cells[k] && row->cells[k]->x && i < row->cells[k]->n; i++) {
			most_x = fmax(most_x, row->cells[k]->x[i]);
			add_measured(
			        measured, &n_measured, ARRAY_SIZE(measured), row->cells[k]->x[i]);
			most_y = fmax(most_y, row->cells[k]->values[i]);
		}
	if (!(most_x > 0) || !(most_y > 0))
		return;
	struct axis up = {.low = 0, .high = most_y};
	struct axis across = {.low = 0, .high = most_x / 0.97, .unit = ""};
	svg_begin(out, 150, "curve", "Memory over the number of instances; figures below");
	size_t n = axis_ticks(&up, ticks, ARRAY_SIZE(ticks));
	for (size_t i = 0; i < n; i++) {
		double y = 150 - ticks[i] / most_y * 140;
		AUTO_STR text = {0};
		str_addf(&text, "%g %s", ticks[i], row->unit);
		svg_line(out, "grid", 0, y, 100, y);
		if (i)
			svg_label(out, 0, y - 3, "start", str_text(&text));
	}
	for (size_t k = 0; k < view->n_kinds; k++)
		if (row->cells[k] && row->cells[k]->x)
			curve(row->cells[k], could && could->cells[k], most_x, most_y, out);
	svg_end(out);
	axis_names(out, &across, measured, n_measured);
}

/* "16.2 MiB each", and how many of them there were or could be. */
static void density_row(const struct view *view, size_t kind, struct str *out)
{
	const struct view_row *each = view_row(view, "memory.each");
	const struct view_row *started = view_row(view, "density.started");
	const struct view_row *could = view_row(view, "density.extrapolated");
	const struct view_row *fall = view_row(view, "memory.delta");
	AUTO_STR note = {0}, figure = {0};

	if (each && each->cells[kind]) {
		figure_add(&figure, card_median(each->cells[kind]), each->unit);
		str_add(&figure, " each");
	}
	if (started && started->cells[kind]) {
		figure_add(&note, card_median(started->cells[kind]), started->unit);
		str_addf(&note, " %s", started->title);
	}
	if (could && could->cells[kind]) {
		str_add(&note, note.len ? " · " : "");
		figure_add(&note, card_median(could->cells[kind]), could->unit);
		str_addf(&note, " extrapolated, %s", could->title);
	} else if (fall && fall->cells[kind]) {
		str_addf(&note, "%snot extrapolated: the fall of MemAvailable was disturbed",
		        note.len ? " · " : "");
	}
	if (!note.len && !figure.len)
		return;
	row_begin(out, view->kinds[kind], str_text(&figure));
	row_end(out, str_text(&note));
}

void card_density(const struct view *view, struct str *out)
{
	const struct view_row *row = view_row(view, "memory.delta");

	if (!row && !view_row(view, "density.started") && !view_row(view, "density.extrapolated"))
		return;
	card_begin(out, "Density",
	        "Points: the fall of MemAvailable, over the number of instances running; hollow: "
	        "disturbed");
	if (row)
		density_chart(view, row, out);
	for (size_t k = 0; k < view->n_kinds; k++)
		density_row(view, k, out);
	card_end(out);
}

static void disk_row(const struct view *view, const struct view_row *const rows[3], size_t kind,
        double most, struct str *out)
{
	double box = rows[0] ? card_median(rows[0]->cells[kind]) : NAN;
	double start = rows[1] ? card_median(rows[1]->cells[kind]) : NAN;
	double end = rows[2] ? card_median(rows[2]->cells[kind]) : NAN;
	AUTO_STR figure = {0}, note = {0}, label = {0};

	if (!isfinite(start) && !isfinite(end))
		return;
	if (isfinite(start))
		figure_add(&figure, start, rows[1]->unit);
	if (isfinite(end)) {
		str_add(&figure, isfinite(start) ? ", then " : "");
		figure_add(&figure, end, rows[2]->unit);
	}
	if (isfinite(box)) {
		str_add(&note, "box, shared: ");
		figure_add(&note, box, rows[0]->unit);
	}
	str_addf(&label, "%s: %s; %s", view->kinds[kind], str_text(&figure), str_text(&note));
	row_begin(out, view->kinds[kind], str_text(&figure));
	svg_begin(out, 12, html_kind(view->kinds[kind]), str_text(&label));
	if (isfinite(box))
		str_addf(out,
		        "<rect class=\"box\" x=\"0\" y=\".5\" width=\"%.2f%%\" height=\"11\"/>",
		        box / most * 99.5);
	if (isfinite(end))
		svg_bar(out, "p2", 0, end / most * 99.5, 0, 12);
	if (isfinite(start))
		svg_bar(out, "bar", 0, start / most * 99.5, 0, 12);
	svg_end(out);
	row_end(out, str_text(&note));
}

void card_disk(const struct view *view, struct str *out)
{
	const struct view_row *rows[3] = {view_row(view, "disk.box"), view_row(view, "disk.delta"),
	        view_row(view, "disk.provisioned")};
	double most = 0;

	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; rows[i] && k < view->n_kinds; k++)
			if (rows[i]->cells[k])
				most = fmax(most, card_median(rows[i]->cells[k]));
	if (!(most > 0) || (!rows[1] && !rows[2]))
		return;
	card_begin(out, "Disk per machine",
	        "Dark: its own after the start; lighter: after provisioning; outline: the box that "
	        "all share.");
	for (size_t k = 0; k < view->n_kinds; k++)
		disk_row(view, rows, k, most, out);
	card_end(out);
}
