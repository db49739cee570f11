#include "base/table.h"

#include <string.h>

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

#define LEAST_ROOM 20 /* for the last column: on a narrower screen the terminal breaks lines */

/* The last cell of a row, broken between words; begun columns are before it. */
static void add_wrapped(struct str *out, const char *text, size_t begun, size_t screen)
{
	size_t room = screen > begun ? screen - begun : 0, used = 0;

	if (room < LEAST_ROOM) {
		str_add(out, text);
		return;
	}
	while (*text) {
		AUTO_FREE char *word = xstrndup(text, strcspn(text, " "));
		size_t n = width(word);
		if (used && used + 1 + n > room) {
			end_line(out);
			str_addf(out, "%*s", (int)begun, "");
			used = 0;
		}
		str_addf(out, "%s%s", used ? " " : "", word);
		used += n + (used > 0);
		text += strlen(word);
		text += strspn(text, " ");
	}
}

void table_print(const struct table *t, struct str *out)
{
	AUTO_FREE size_t *widest = xcalloc(t->columns, sizeof(size_t));
	size_t begun = 0;

	for (size_t i = 0; i < t->cells.n; i++)
		if (width(t->cells.v[i]) > widest[i % t->columns])
			widest[i % t->columns] = width(t->cells.v[i]);
	for (size_t i = 0; i + 1 < t->columns; i++)
		begun += widest[i] + 2;
	for (size_t i = 0; i < t->cells.n; i++) {
		size_t column = i % t->columns;
		if (column + 1 == t->columns) {
			add_wrapped(out, t->cells.v[i], begun, t->screen);
			end_line(out);
			continue;
		}
		str_add(out, t->cells.v[i]);
		str_addf(out, "%*s", (int)(widest[column] - width(t->cells.v[i]) + 2), "");
	}
}
