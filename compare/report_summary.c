/* The head of the plain-text report: what the page shows in its largest type, a line a figure and a
 * column a kind. */
#include "base/table.h"
#include "compare/report_text.h"

#include <string.h>

static const struct head {
	const char *id, *title;
} heads[] = {
        {"start.t5", "until a command runs"},
        {"storm.t5", "the same, many at once"},
        {"memory.each", "memory the host pays, each"},
        {"start.provision", "the same script"},
        {"disk.delta", "own disk after the start"},
        {"density.started", "really started"},
        {"density.extrapolated", "fit in memory, calculated"},
};

static bool in_heads(const struct view *view, size_t kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		const struct view_row *row = view_row(view, heads[i].id);
		if (row && row->cells[kind])
			return true;
	}
	return false;
}

/* The median alone: spread, runs and ratios stand in the tables of the whole report. */
static void median(const struct view_row *row, size_t kind, struct str *out)
{
	struct summary summary;

	if (!row->cells[kind] || !row->cells[kind]->n)
		return;
	view_summary(row->cells[kind], &summary);
	figure_add(out, summary.median, row->unit);
}

static void fill(const struct view *view, const size_t *kinds, size_t n, struct table *table)
{
	table_init(table, n + 1);
	table_cell(table, "");
	for (size_t k = 0; k < n; k++) {
		AUTO_STR kind = {0};
		text_escaped(&kind, view->kinds[kinds[k]]);
		table_cell(table, str_text(&kind));
	}
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		const struct view_row *row = view_row(view, heads[i].id);
		if (!row)
			continue;
		table_cell(table, heads[i].title);
		for (size_t k = 0; k < n; k++) {
			AUTO_STR figure = {0};
			median(row, kinds[k], &figure);
			table_cell(table, figure.len ? str_text(&figure) : NULL);
		}
	}
}

static bool fits(const char *text, size_t width)
{
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");
		AUTO_FREE char *one = xstrndup(line, n);
		if (text_columns(one) > width)
			return false;
		line += n + (line[n] == '\n');
	}
	return true;
}

/* Too narrow for columns: "until a command runs: container 11.8 ms, kvm 9.80 s". */
static void add_lines(const struct table *t, size_t width, struct str *out)
{
	for (size_t i = t->columns; i < t->cells.n; i += t->columns) {
		AUTO_STR line = {0};
		str_addf(&line, "%s:", t->cells.v[i]);
		for (size_t k = 1; k < t->columns; k++)
			str_addf(&line, "%s %s %s", k > 1 ? "," : "", t->cells.v[k],
			        t->cells.v[i + k]);
		text_wrap(out, str_text(&line), 2, width);
	}
}

void text_heads(struct str *out, const struct view *view, size_t width)
{
	AUTO_FREE size_t *kinds = xcalloc(view->n_kinds + 1, sizeof(*kinds));
	const struct view_row *memory = view_row(view, "memory.each");
	struct table table;
	AUTO_STR columns = {0}, how = {0};
	size_t n = 0;

	for (size_t k = 0; k < view->n_kinds; k++)
		if (in_heads(view, k))
			kinds[n++] = k;
	if (!n)
		return;
	fill(view, kinds, n, &table);
	table_print(&table, &columns);
	str_add(out, "\n");
	if (fits(str_text(&columns), width))
		str_add(out, str_text(&columns));
	else
		add_lines(&table, width, out);
	table_clear(&table);
	if (!memory)
		return;
	str_addf(&how, "Medians. Memory: %s.", memory->method);
	text_wrap(out, str_text(&how), 0, width);
}
