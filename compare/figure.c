#include "compare/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct step_unit {
	const char *unit;
	double size;  /* in the first unit of its family */
	double until; /* in the first unit: a larger value takes the next unit */
};
static const struct step_unit times[] = {{"ns", 1e-9, 1e-6}, {"µs", 1e-6, 1e-3}, {"ms", 1e-3, 1},
        {"s", 1, 600}, {"min", 60, INFINITY}};
static const struct step_unit sizes[] = {{"B", 1, 1024}, {"KiB", 1024, 1048576},
        {"MiB", 1048576, 1073741824}, {"GiB", 1073741824, 1099511627776},
        {"TiB", 1099511627776, INFINITY}};
static const struct step_unit rates[] = {{"B/s", 1, 1024}, {"KiB/s", 1024, 1048576},
        {"MiB/s", 1048576, 1073741824}, {"GiB/s", 1073741824, INFINITY}};
static const struct {
	const struct step_unit *units;
	size_t n;
} families[] = {{times, ARRAY_SIZE(times)}, {sizes, ARRAY_SIZE(sizes)}, {rates, ARRAY_SIZE(rates)}};

static const struct step_unit *find_unit(const struct step_unit *units, size_t n, const char *unit)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(units[i].unit, unit) || (units == times && i == 1 && str_eq(unit, "us")))
			return &units[i];
	return NULL;
}

struct figure_scale figure_scale(double value, const char *unit)
{
	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		const struct step_unit *units = families[f].units;
		const struct step_unit *own = find_unit(units, families[f].n, unit);
		if (!own)
			continue;
		if (value == 0)
			return (struct figure_scale){1, own->unit};
		double first = fabs(value) * own->size;
		size_t i = 0;
		while (i + 1 < families[f].n && first >= units[i].until)
			i++;
		return (struct figure_scale){own->size / units[i].size, units[i].unit};
	}
	return (struct figure_scale){1, !unit || str_eq(unit, "count") ? "" : unit};
}

/* Decimals that leave three digits, judged after rounding: 9.996 is "10.0", not "10.00". */
static int decimals(double value)
{
	double v = fabs(value);

	if (!isfinite(v) || v == 0 || v >= 99.95)
		return 0;
	if (v >= 9.995)
		return 1;
	if (v >= 0.9995)
		return 2;
	return v < 1e-9 ? 9 : 2 - (int)floor(log10(v));
}

static void add_grouped(struct str *out, double value)
{
	char digits[400];
	int n = snprintf(digits, sizeof(digits), "%.0f", fabs(value));

	if (value < 0 && strcmp(digits, "0") != 0)
		str_add(out, "−");
	for (int i = 0; i < n; i++) {
		str_addn(out, &digits[i], 1);
		if (n > 4 && i + 1 < n && (n - i - 1) % 3 == 0)
			str_add(out, ",");
	}
}

static void add_fixed(struct str *out, double value, int places)
{
	if (!isfinite(value))
		str_add(out, "–");
	else if (fabs(value) >= 1e15)
		str_addf(out, "%s%.3g", value < 0 ? "−" : "", fabs(value));
	else if (places <= 0)
		add_grouped(out, value);
	else
		str_addf(out, "%s%.*f", value < 0 ? "−" : "", places, fabs(value));
}

/* "35.1", "12,400" */
static void add_number(struct str *out, double value)
{
	/* Whole numbers (counts, most of all) are shown whole. */
	add_fixed(out, value, value == floor(value) ? 0 : decimals(value));
}

static void add_scaled(struct str *out, double value, const char *unit, double by)
{
	struct figure_scale scale = figure_scale(by, unit);

	if (!*scale.unit)
		add_number(out, value * scale.factor);
	else
		add_fixed(out, value * scale.factor, decimals(by * scale.factor));
}

void figure_add(struct str *out, double value, const char *unit)
{
	struct figure_scale scale = figure_scale(value, unit);

	add_scaled(out, value, unit, value);
	if (*scale.unit) {
		str_add(out, " ");
		str_add_escaped(out, scale.unit, strlen(scale.unit));
	}
}

/* "[33.0–41.2, p95 40.9]" */
static void add_spread(struct str *out, const struct summary *summary, const char *unit)
{
	str_add(out, "[");
	add_scaled(out, summary->min, unit, summary->median);
	str_add(out, "–");
	add_scaled(out, summary->max, unit, summary->median);
	if (summary->has_p95) {
		str_add(out, ", p95 ");
		add_scaled(out, summary->p95, unit, summary->median);
	}
	str_add(out, "]");
}

void figure_summary(struct str *out, const struct summary *summary, const char *unit)
{
	if (!summary->n) {
		str_add(out, "–");
		return;
	}
	figure_add(out, summary->median, unit);
	if (summary->n < 2)
		return;
	str_add(out, " ");
	add_spread(out, summary, unit);
}

static int ratio_places(double value)
{
	double v = fabs(value);

	if (!isfinite(v) || v >= 9.95)
		return 0;
	if (v >= 1.995)
		return 1;
	if (v >= 0.0995)
		return 2;
	return v < 1e-6 ? 7 : 1 - (int)floor(log10(v));
}

void figure_ratio(struct str *out, const struct ratio *ratio)
{
	int places = ratio_places(ratio->value);

	if (!ratio->valid)
		return;
	add_fixed(out, ratio->value, places);
	str_add(out, "×");
	if (!ratio->has_interval)
		return;
	str_add(out, " (");
	add_fixed(out, ratio->low, places);
	str_add(out, "–");
	add_fixed(out, ratio->high, places);
	str_add(out, ")");
}

void figure_verdict(struct str *out, const char *kind, const struct ratio *ratio)
{
	if (!ratio->valid)
		return;
	if (kind) {
		str_add_escaped(out, kind, strlen(kind));
		str_add(out, " ");
	}
	figure_ratio(out, ratio);
	if (!ratio->has_interval)
		str_add(out, ": too few runs");
	else if (!ratio->clear)
		str_add(out, ": no clear difference");
}

void figure_fit(struct str *out, const struct fit *fit, const char *unit)
{
	if (!fit->valid) {
		str_add(out, "–");
		return;
	}
	if (!(fit->slope > 0)) {
		str_add(out, "does not rise");
		return;
	}
	figure_add(out, fit->slope, unit);
	str_add(out, " each [");
	add_scaled(out, fit->slope_low, unit, fit->slope);
	str_add(out, "–");
	add_scaled(out, fit->slope_high, unit, fit->slope);
	str_add(out, "]");
}
