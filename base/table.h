/* Aligned columns for people: collected, measured in display columns, printed at once. */
#pragma once

#include "base/str.h"

struct table {
	size_t columns;
	struct strv cells;
	size_t screen; /* display columns: the last column goes on below itself where it is longer;
	                  0: on one line */
};

void table_init(struct table *t, size_t columns);
void table_clear(struct table *t);
/* A whole row: as many strings as there are columns. */
#define table_row(t, ...) table_cells((t), (const char *const[]){__VA_ARGS__})
void table_cells(struct table *t, const char *const *texts);
void table_cell(struct table *t, const char *text); /* row by row; NULL prints as "-" */
void table_print(const struct table *t,
        struct str *out); /* two spaces between columns, none at the end of a line */
