/* Aligned columns for people: collected, measured in display columns, printed at once. */
#pragma once

#include "base/str.h"

struct table {
	size_t columns;
	struct strv cells;
};

void table_init(struct table *t, size_t columns);
void table_clear(struct table *t);
void table_cell(struct table *t, const char *text); /* row by row; NULL prints as "-" */
void table_print(const struct table *t,
        struct str *out); /* two spaces between columns, none at the end of a line */
