#include "base/table.h"

void table_init(struct table *t, size_t columns)
{
	*t = (struct table){.columns = columns};
}

void table_clear(struct table *t)
{
	strv_clear(&t->cells);
}

void table_cell(struct table *t, const char *text)
{
	strv_add(&t->cells, text ? text : "-");
}

void table_cells(struct table *t, const char *const *texts)
{
	for (size_t i = 0; i < t->columns; i++)
		table_cell(t, texts[i]);
}

/* Display columns of UTF-8 text, one for each character: what prov prints in tables has no wide or
 * combining ones. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

/* An empty last cell leaves the space before it at the end. */
static void end_line(struct str *out)
{
	while (out->len && out->buf[out->len - 1] == ' ')
		out->len--;
	str_add(out, "\n");
}

void table_print(const struct table *t, struct str *out)
{
	AUTO_FREE size_t *widest = xcalloc(t->columns, sizeof(size_t));

	for (size_t i = 0; i < t->cells.n; i++)
		if (width(t->cells.v[i]) > widest[i % t->columns])
			widest[i % t->columns] = width(t->cells.v[i]);
	for (size_t i = 0; i < t->cells.n; i++) {
		size_t column = i % t->columns;
		str_add(out, t->cells.v[i]);
		if (column + 1 == t->columns)
			end_line(out);
		else
			str_addf(out, "%*s", (int)(widest[column] - width(t->cells.v[i]) + 2), "");
	}
}
