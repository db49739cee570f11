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

struct axis axis_over(double low, double high, const char *unit)
{
	struct axis axis = {.low = low, .high = high, .unit = unit};

	if (low > 0 && high / low > 20) {
		axis.log = true;
		axis.low = low / 1.3;
		axis.high = high * 1.3;
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
	double raw = (axis->high - axis->low) / 4, power = pow(10, floor(log10(raw))), step = raw;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rounds); i++)
		if (rounds[i] * power >= raw * 0.999) {
			step = rounds[i] * power;
			break;
		}
	for (double v = ceil(axis->low / step) * step; v <= axis->high && n < max; v += step)
		ticks[n++] = fabs(v) < step / 1000 ? 0 : v;
	return n;
}

size_t axis_ticks(const struct axis *axis, double *ticks, size_t max)
{
	size_t n = 0;

	if (!(axis->high > axis->low) || !isfinite(axis->high - axis->low))
		return 0;
	if (!axis->log)
		return linear_ticks(axis, ticks, max);
	double decades = log10(axis->high / axis->low);
	/* Every second decade, and so on, where there are too many. */
	double by = pow(10, ceil(decades / (double)(max < 5 ? max : 5)));
	for (double v = pow(10, ceil(log10(axis->low))); v <= axis->high && n < max; v *= by)
		ticks[n++] = v;
	return n;
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

void axis_names(struct str *out, const struct axis *axis, const double *ticks, size_t n)
{
	str_add(out, "<svg class=\"axis\" width=\"100%\" height=\"16\" aria-hidden=\"true\">");
	for (size_t i = 0; i < n; i++) {
		struct figure_scale scale = figure_scale(ticks[i], axis->unit);
		double at = axis_at(axis, ticks[i]);
		AUTO_STR text = {0};
		str_addf(&text, "%.4g%s%s", ticks[i] * scale.factor,
		        *scale.unit && !str_eq(scale.unit, "×") ? " " : "", scale.unit);
		/* A phone has room for every other one. */
		str_add(out, i % 2 && n > 3 ? "<g class=\"wide-only\">" : "<g>");
		svg_label(out, at, 12,
		        at < 6            ? "start"
		                : at > 94 ? "end"
		                          : "middle",
		        str_text(&text));
		str_add(out, "</g>");
	}
	str_add(out, "</svg>\n");
}
