/* Two results beside each other: the series that both have. */
#pragma once

#include "compare/view.h"

struct diff_row {
	const struct view_row *row; /* of the first result */
	const struct series *a, *b;
	struct ratio ratio; /* of b to a */
};
/* The caller frees. */
struct diff_row *diff_rows(const struct view *a, const struct result *b, size_t *n);
/* "b 1.20× (1.10–1.31): slower"; says which is better where it is clear. */
void diff_verdict(struct str *out, const struct diff_row *row);
/* A name for each: host kernel, date, accelerator. */
void diff_name(struct str *out, const struct result *result);
/* What makes the two hard to compare: other box, other accelerator … one line each. */
void diff_warnings(const struct result *a, const struct result *b, struct strv *out);
