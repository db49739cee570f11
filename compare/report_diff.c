#include "compare/report_diff.h"
#include "compare/report.h"
#include "compare/report_text.h"

#include <stdlib.h>
#include <string.h>

struct diff_row *diff_rows(const struct view *a, const struct result *b, size_t *n)
{
	struct diff_row *rows = NULL;

	*n = 0;
	for (size_t r = 0; r < a->n_rows; r++)
		for (size_t k = 0; k < a->n_kinds; k++) {
			const struct series *mine = a->rows[r].cells[k], *other;
			if (!mine || !(other = result_find(b, mine->id, mine->kind)) ||
			        !str_eq(mine->unit, other->unit))
				continue;
			rows = xrealloc(rows, *n + 1, sizeof(rows[0]));
			struct diff_row *row = &rows[(*n)++];
			*row = (struct diff_row){.row = &a->rows[r], .a = mine, .b = other};
			view_ratio(other, mine, &row->ratio);
		}
	return rows;
}

void diff_verdict(struct str *out, const struct diff_row *row)
{
	figure_verdict(out, "B", &row->ratio);
	if (!row->ratio.clear)
		return;
	str_add(out, (row->ratio.value > 1) == row->row->higher_is_better ? ": better" : ": worse");
}

void diff_name(struct str *out, const struct result *result)
{
	text_escaped(out, result->host.date);
	str_add(out, ", ");
	AUTO_STR host = {0};
	text_host(&host, result);
	text_escaped(out, str_text(&host));
	str_add(out, "; ");
	str_reset(&host);
	text_experiment(&host, result);
	text_escaped(out, str_text(&host));
}

void diff_warnings(const struct result *a, const struct result *b, struct strv *out)
{
	const struct {
		const char *what, *a, *b;
	} rows[] = {
	        {"box", a->box, b->box},
	        {"accelerator", a->host.accelerator, b->host.accelerator},
	        {"processor", a->host.cpu, b->host.cpu},
	        {"host kernel", a->host.kernel, b->host.kernel},
	        {"page cache", a->cold ? "cold" : "warm", b->cold ? "cold" : "warm"},
	        {"prov", a->host.prov_version, b->host.prov_version},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!str_eq(rows[i].a, rows[i].b))
			strv_addf(out, "%s: %s in A, %s in B", rows[i].what,
			        rows[i].a ? rows[i].a : "unknown",
			        rows[i].b ? rows[i].b : "unknown");
	bool both = view_emulated(a) && str_eq(view_emulated(a), view_emulated(b));
	if (view_emulated(a))
		strv_addf(out, "%s: %s", both ? "A and B" : "A", view_emulated(a));
	if (view_emulated(b) && !both)
		strv_addf(out, "B: %s", view_emulated(b));
}

static void head(const struct result *a, const struct result *b, size_t width, struct str *out)
{
	AUTO_STRV warnings = {0};
	AUTO_STR name = {0};

	str_add(out, "A  ");
	diff_name(&name, a);
	text_wrap(out, str_text(&name), 3, width);
	str_reset(&name);
	str_add(out, "B  ");
	diff_name(&name, b);
	text_wrap(out, str_text(&name), 3, width);
	diff_warnings(a, b, &warnings);
	for (size_t i = 0; i < warnings.n; i++) {
		str_add(out, "!  ");
		text_wrap(out, warnings.v[i], 3, width);
	}
}

static void print_row(const struct diff_row *row, struct str *out)
{
	AUTO_STR kind = {0}, a = {0}, b = {0}, verdict = {0};

	text_escaped(&kind, row->a->kind);
	view_figure(row->row, row->a, &a);
	view_figure(row->row, row->b, &b);
	diff_verdict(&verdict, row);
	str_add(out, "    ");
	text_pad(out, str_text(&kind), 14, false);
	str_add(out, "  A ");
	text_pad(out, str_text(&a), 24, false);
	str_add(out, "  B ");
	text_pad(out, str_text(&b), 24, false);
	str_addf(out, "  %s\n", str_text(&verdict));
}

void report_diff_terminal(const struct result *a, const struct result *b, struct str *out)
{
	AUTO_VIEW view;
	size_t n;
	const char *group = NULL, *id = NULL;

	view_make(a, &view);
	AUTO_FREE struct diff_row *rows = diff_rows(&view, b, &n);
	head(a, b, 100, out);
	for (size_t i = 0; i < n; i++) {
		if (!str_eq(group, rows[i].row->group)) {
			str_add(out, "\n");
			text_escaped(out, view_group_title(rows[i].row->group));
			str_add(out, "\n");
		}
		if (!str_eq(id, rows[i].row->id)) {
			str_add(out, "  ");
			text_escaped(out, rows[i].row->title);
			str_add(out, rows[i].row->higher_is_better ? ", more is better\n" : "\n");
		}
		group = rows[i].row->group;
		id = rows[i].row->id;
		print_row(&rows[i], out);
	}
	if (!n)
		str_add(out, "\nThe two results have no figure in common.\n");
}
