/* Charts as inline SVG: see html.h for why there is no viewBox. */
#include "compare/html.h"

#include <math.h>

void svg_begin(struct str *out, double height, const char *class_, const char *title)
{
	str_addf(out,
	        "<svg class=\"%s\" width=\"100%%\" height=\"%.0f\" role=\"img\" aria-label=\"",
	        class_, height);
	html_text(out, title);
	str_add(out, "\"><title>");
	html_text(out, title);
	str_add(out, "</title>");
}

void svg_end(struct str *out)
{
	str_add(out, "</svg>\n");
}

/* Two pixels at least: what exists is seen, however small it is beside the rest. */
void svg_bar(struct str *out, const char *class_, double x, double width, double y, double height)
{
	str_addf(out,
	        "<rect class=\"%s\" x=\"%.2f%%\" y=\"%.1f\" width=\"2\" height=\"%.1f\"/>"
	        "<rect class=\"%s\" x=\"%.2f%%\" y=\"%.1f\" width=\"%.2f%%\" height=\"%.1f\"/>",
	        class_, x, y, height, class_, x, y, width, height);
}

void svg_line(struct str *out, const char *class_, double x1, double y1, double x2, double y2)
{
	str_addf(out, "<line class=\"%s\" x1=\"%.2f%%\" y1=\"%.1f\" x2=\"%.2f%%\" y2=\"%.1f\"/>",
	        class_, x1, y1, x2, y2);
}

void svg_dot(struct str *out, const char *class_, double x, double y, double r, const char *tip)
{
	str_addf(
	        out, "<circle class=\"%s\" cx=\"%.2f%%\" cy=\"%.1f\" r=\"%.1f\">", class_, x, y, r);
	if (tip) {
		str_add(out, "<title>");
		html_text(out, tip);
		str_add(out, "</title>");
	}
	str_add(out, "</circle>");
}

void svg_label(struct str *out, double x, double y, const char *anchor, const char *text)
{
	str_addf(out, "<text x=\"%.2f%%\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
	html_text(out, text);
	str_add(out, "</text>");
}

/* Ticks are round in the unit that they are shown in. Decades stay in the series' own unit: a tenth
 * of a MiB is no round number of KiB. */
static void choose_unit(struct axis *axis)
{
	struct figure_scale scale = figure_scale(axis->high, axis->unit);

	axis->factor = 1;
	if (axis->log)
		return;
	axis->factor = scale.factor;
	axis->unit = scale.unit;
}

struct axis axis_over(double low, double high, const char *unit)
{
	struct axis axis = {.low = low, .high = high, .unit = unit};

	if (low > 0 && high / low > 20) {
		axis.log = true;
		axis.low = low / 1.3;
		axis.high = high * 1.3;
		choose_unit(&axis);
		return axis;
	}
	if (low > 0 && low < high * 0.7)
		axis.low = 0;
	double room = (axis.high - axis.low) * 0.06;
	if (!(room > 0))
		room = fabs(high) > 0 ? fabs(high) * 0.06 : 1;
	if (axis.low != 0)
		axis.low -= room;
	axis.high += room;
	choose_unit(&axis);
	return axis;
}

double axis_at(const struct axis *axis, double value)
{
	double at;

	if (axis->log)
		at = log(value / axis->low) / log(axis->high / axis->low);
	else
		at = (value - axis->low) / (axis->high - axis->low);
	return isfinite(at) ? fmin(fmax(at, 0), 1) * 100 : 0;
}

static size_t linear_ticks(const struct axis *axis, double *ticks, size_t max)
{
	static const double rounds[] = {1, 2, 5, 10};
	double by = axis->factor > 0 ? axis->factor : 1;
	double low = axis->low * by, high = axis->high * by;
	double raw = (high - low) / 4, power = pow(10, floor(log10(raw))), step = raw;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rounds); i++)
		if (rounds[i] * power >= raw * 0.999) {
			step = rounds[i] * power;
			break;
		}
	for (double v = ceil(low / step) * step; v <= high && n < max; v += step)
		ticks[n++] = fabs(v) < step / 1000 ? 0 : v / by;
	return n;
}

/* 1, 2, 5 within few decades; else every decade, or every second one, and so on. */
static size_t log_ticks(const struct axis *axis, double *ticks, size_t max)
{
	static const double few[] = {1, 2, 5};
	double decades = log10(axis->high / axis->low);
	double by = pow(10, fmax(1, ceil(decades / (double)(max < 5 ? max : 5))));
	size_t per = decades < 2 ? ARRAY_SIZE(few) : 1, n = 0;

	for (double power = pow(10, floor(log10(axis->low))); power <= axis->high; power *= by)
		for (size_t i = 0; i < per && n < max; i++)
			if (power * few[i] >= axis->low && power * few[i] <= axis->high)
				ticks[n++] = power * few[i];
	return n;
}

size_t axis_ticks(const struct axis *axis, double *ticks, size_t max)
{
	if (!(axis->high > axis->low) || !isfinite(axis->high - axis->low))
		return 0;
	return axis->log ? log_ticks(axis, ticks, max) : linear_ticks(axis, ticks, max);
}

void axis_grid(struct str *out, const struct axis *axis, double height)
{
	double ticks[8];
	size_t n = axis_ticks(axis, ticks, ARRAY_SIZE(ticks));

	for (size_t i = 0; i < n; i++)
		svg_line(out, "grid", axis_at(axis, ticks[i]), 0, axis_at(axis, ticks[i]), height);
}

void axis_labels(struct str *out, const struct axis *axis)
{
	double ticks[8];
	size_t n = axis_ticks(axis, ticks, ARRAY_SIZE(ticks));

	axis_names(out, axis, ticks, n);
}

static void tick_text(const struct axis *axis, double tick, struct str *out)
{
	struct figure_scale scale = {axis->factor > 0 ? axis->factor : 1, axis->unit};

	/* Decades of time are round in every unit of time. */
	if (axis->log &&
	        (str_eq(axis->unit, "s") || str_eq(axis->unit, "ns") || str_eq(axis->unit, "us")))
		scale = figure_scale(tick * 1.0000001, axis->unit);
	str_addf(out, "%.4g", tick * scale.factor);
	if (*scale.unit && !str_eq(scale.unit, "count"))
		str_addf(out, "%s%s", str_eq(scale.unit, "×") ? "" : " ", scale.unit);
}

/* A name that would touch the one before, on a phone, is left out; its line stays. */
void axis_names(struct str *out, const struct axis *axis, const double *ticks, size_t n)
{
	double free_from = 0;

	str_add(out, "<svg class=\"axis\" width=\"100%\" height=\"16\" aria-hidden=\"true\">");
	for (size_t i = 0; i < n; i++) {
		AUTO_STR text = {0};
		double at = axis_at(axis, ticks[i]);
		tick_text(axis, ticks[i], &text);
		double width = (double)text.len * 3.1;
		bool left = at<width / 2, right = at> 100 - width / 2;
		double from = left ? at : right ? at - width : at - width / 2;
		if (from < free_from)
			continue;
		svg_label(out, at, 12, left ? "start" : right ? "end" : "middle", str_text(&text));
		free_from = from + width + 3;
	}
	str_add(out, "</svg>\n");
}
