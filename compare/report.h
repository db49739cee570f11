/* The same result for different readers. All pure: result in, text out. */
#pragma once

#include "compare/result.h"

/* Aligned tables, a ratio and a verdict per row ("no clear difference" where the interval holds 1),
 * unit, method and number of runs. */
void report_terminal(const struct result *result, size_t width, struct str *out);
/* Its head alone: what was compared, on which host, and the few figures that matter most. */
void report_summary(const struct result *result, size_t width, struct str *out);
void report_markdown(const struct result *result, struct str *out);
/* One line per single run: id,kind,unit,run,x,value,disturbed. */
void report_csv(const struct result *result, struct str *out);
/* One self-contained page, charts as inline SVG, no script needed; phone, print and dark mode. */
void report_html(const struct result *result, struct str *out);
/* Two results beside each other: hosts, dates, ratio of each series that both have. */
void report_diff_terminal(const struct result *a, const struct result *b, struct str *out);
void report_diff_html(const struct result *a, const struct result *b, struct str *out);
