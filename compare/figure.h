/*
 * How a number is written. Terminal, Markdown, JSON and page all call these, so that a figure reads
 * the same everywhere: three digits, a unit that fits ("35.1 ms", "1.20 GiB"), spread in the
 * median's unit. Units and kinds are escaped: they may come from a file.
 */
#pragma once

#include "base/str.h"
#include "compare/stats.h"

struct figure_scale {
	double factor; /* shown = value * factor */
	const char *unit;
};
/* Times and sizes change to the unit that fits the value; anything else stays as it is. unit is
 * borrowed. "count" has no unit when it is shown. */
struct figure_scale figure_scale(double value, const char *unit);

void figure_add(struct str *out, double value, const char *unit);   /* "35.1 ms" */
void figure_summary(struct str *out, const struct summary *summary, /* "35.1 ms [33.0–41.2]" */
        const char *unit);
/* "12× (11–13)"; without interval "12×". Nothing where the ratio is not valid. */
void figure_ratio(struct str *out, const struct ratio *ratio);
/* "kvm 12× (11–13)", "kvm 1.02× (0.97–1.06): no clear difference", "kvm 12×: too few runs". */
void figure_verdict(struct str *out, const char *kind, const struct ratio *ratio);
/* "1.21 MiB each [1.18–1.25]": what one more instance costs; "does not rise" where the line
 * falls: nothing costs less than nothing, so it was not the instances that were seen. */
void figure_fit(struct str *out, const struct fit *fit, const char *unit);
