/* The report for a terminal: the head, then one block per group, one line per figure and kind. */
#include "compare/report.h"
#include "compare/report_text.h"

#include <stdio.h>
#include <string.h>

enum { KIND, MEDIAN, SPREAD, RUNS, RATIO, COLUMNS };

struct page {
	const struct result *result;
	struct view view;
	struct methods methods;
	size_t width;
	size_t columns[COLUMNS];
	struct str *out;
};

/* The cells of one line; runs are marked where one was disturbed. */
static void make_cells(
        const struct view_row *row, const struct series *s, const char *kind, struct str *cells)
{
	AUTO_STR figure = {0};

	text_escaped(&cells[KIND], kind);
	view_figure(row, s, &figure);
	const char *text = str_text(&figure), *spread = strstr(text, " [");
	str_addn(&cells[MEDIAN], text, spread ? (size_t)(spread - text) : figure.len);
	str_add(&cells[SPREAD], spread ? spread + 1 : "");
	view_verdict(row, s, &cells[RATIO]);
	str_addf(&cells[RUNS], "n=%zu", s->n);
	if (view_disturbed(s))
		str_addf(&cells[RUNS], " !%zu", view_disturbed(s));
}

static void clear_cells(struct str *cells)
{
	for (size_t c = 0; c < COLUMNS; c++)
		str_clear(&cells[c]);
}

/* The columns become as wide as the cells of this row need. */
static void widen(struct page *page, const struct view_row *row)
{
	for (size_t k = 0; k < page->view.n_kinds; k++) {
		struct str cells[COLUMNS] = {0};
		if (!row->cells[k])
			continue;
		make_cells(row, row->cells[k], page->view.kinds[k], cells);
		for (size_t c = 0; c < COLUMNS; c++) {
			size_t columns = text_columns(str_text(&cells[c]));
			if (columns > page->columns[c])
				page->columns[c] = columns;
		}
		clear_cells(cells);
	}
}

static void measure(struct page *page)
{
	for (size_t r = 0; r < page->view.n_rows; r++)
		widen(page, &page->view.rows[r]);
}

/* Too narrow for the whole line: the verdict goes below. */
static bool narrow(const struct page *page)
{
	size_t n = 4;

	for (size_t c = 0; c < COLUMNS; c++)
		n += page->columns[c] + (c ? 2 : 0);
	return n > page->width;
}

static void trim(struct str *out)
{
	while (out->len && out->buf[out->len - 1] == ' ')
		out->buf[--out->len] = '\0';
	str_add(out, "\n");
}

static void print_line(
        struct page *page, const struct view_row *row, const struct series *s, const char *kind)
{
	struct str cells[COLUMNS] = {0};
	struct str *out = page->out;

	make_cells(row, s, kind, cells);
	str_add(out, "    ");
	for (size_t c = 0; c < COLUMNS; c++) {
		if (c == RATIO && narrow(page)) {
			if (!cells[RATIO].len)
				break;
			trim(out);
			str_addf(out, "%*s", (int)page->columns[KIND] + 6, "");
		}
		text_pad(out, str_text(&cells[c]), page->columns[c], c == MEDIAN);
		str_add(out, "  ");
	}
	trim(out);
	clear_cells(cells);
}

static void print_row(struct page *page, const struct view_row *row)
{
	size_t note = methods_number(&page->methods, row->method);

	str_add(page->out, "  ");
	text_escaped(page->out, row->title);
	if (row->higher_is_better)
		str_add(page->out, ", more is better");
	if (note)
		str_addf(page->out, " [%zu]", note);
	str_add(page->out, "\n");
	for (size_t k = 0; k < page->view.n_kinds; k++)
		if (row->cells[k])
			print_line(page, row, row->cells[k], page->view.kinds[k]);
}

static void print_group(struct page *page, const char *group)
{
	const char *base = NULL;

	str_add(page->out, "\n");
	text_escaped(page->out, view_group_title(group));
	for (size_t r = 0; r < page->view.n_rows; r++)
		if (str_eq(page->view.rows[r].group, group) && page->view.rows[r].base && !base)
			base = page->view.rows[r].base->kind;
	if (base && page->view.n_kinds > 1) {
		str_add(page->out, " (× of ");
		text_escaped(page->out, base);
		str_add(page->out, ")");
	}
	str_add(page->out, "\n");
	for (size_t r = 0; r < page->view.n_rows; r++)
		if (str_eq(page->view.rows[r].group, group))
			print_row(page, &page->view.rows[r]);
}

static void print_facts(struct page *page, const char *group)
{
	const struct result *result = page->result;
	const char *last = NULL;

	for (size_t i = 0; i < result->n_facts; i++) {
		const struct fact *f = &result->facts[i];
		if (!str_eq(f->group, group))
			continue;
		if (!last) {
			str_add(page->out, "\n");
			text_escaped(page->out, view_group_title(group));
			str_add(page->out, "\n");
		}
		if (!str_eq(last, f->id)) {
			str_add(page->out, "  ");
			text_escaped(page->out, f->title ? f->title : f->id);
			str_add(page->out, "\n");
		}
		last = f->id;
		AUTO_STR kind = {0};
		text_escaped(&kind, f->kind);
		str_add(page->out, "    ");
		text_pad(page->out, str_text(&kind), 14, false);
		str_add(page->out, "  ");
		text_wrap(page->out, f->value ? f->value : "–", 20, page->width);
	}
}

static void print_claims(struct page *page)
{
	const struct result *result = page->result;

	if (result->n_claims)
		str_add(page->out, "\nClaims\n");
	for (size_t i = 0; i < result->n_claims; i++) {
		const struct claim_result *c = &result->claims[i];
		AUTO_STR text = {0}, id = {0};
		text_escaped(&id, c->id);
		str_addf(page->out, "  %3s  %-12s  ", str_text(&id), verdict_name(c->verdict));
		str_addf(&text, "%s: %s", c->text, c->figure);
		text_wrap(page->out, str_text(&text), 21, page->width);
	}
}

static void print_numbered(
        struct page *page, const char *title, const struct strv *list, bool number)
{
	if (list->n)
		str_addf(page->out, "\n%s\n", title);
	for (size_t i = 0; i < list->n; i++) {
		if (number)
			str_addf(page->out, "  %3zu  ", i + 1);
		else
			str_add(page->out, "    -  ");
		text_wrap(page->out, list->v[i], 7, page->width);
	}
}

static void print_head(struct page *page)
{
	AUTO_STR line = {0};

	if (view_emulated(page->result)) {
		str_add(page->out, "! ");
		text_wrap(page->out, view_emulated(page->result), 2, page->width);
	}
	text_experiment(&line, page->result);
	text_wrap(page->out, str_text(&line), 0, page->width);
	str_reset(&line);
	text_host(&line, page->result);
	text_wrap(page->out, str_text(&line), 0, page->width);
	if (page->result->host.date)
		text_wrap(page->out, page->result->host.date, 0, page->width);
}

static void print_tail(struct page *page)
{
	size_t disturbed = view_all_disturbed(page->result);
	AUTO_STRV reading = {0};

	strv_add(&reading, "n is the number of runs.");
	for (size_t i = 0; i < text_n_reading; i++)
		strv_add(&reading, text_reading[i]);
	if (disturbed)
		strv_addf(&reading, "!: so many of the n runs were disturbed; %zu in all.",
		        disturbed);
	print_numbered(page, "Methods", &page->methods.texts, true);
	print_numbered(page, "How to read this", &reading, false);
	print_numbered(page, "Notes", &page->result->notes, false);
}

void report_terminal(const struct result *result, size_t width, struct str *out)
{
	struct page page = {.result = result, .width = width < 40 ? 40 : width, .out = out};

	view_make(result, &page.view);
	measure(&page);
	print_head(&page);
	text_heads(out, &page.view, page.width);
	for (size_t g = 0; g < page.view.n_groups; g++)
		print_group(&page, page.view.groups[g]);
	print_facts(&page, "identity");
	print_facts(&page, "isolation");
	print_facts(&page, "difference");
	print_claims(&page);
	print_tail(&page);
	view_clear(&page.view);
	methods_clear(&page.methods);
}

void report_summary(const struct result *result, size_t width, struct str *out)
{
	struct page page = {.result = result, .width = width < 40 ? 40 : width, .out = out};
	size_t disturbed = view_all_disturbed(result);
	AUTO_STR text = {0};

	view_make(result, &page.view);
	print_head(&page);
	text_heads(out, &page.view, page.width);
	if (disturbed)
		str_addf(&text, "Disturbed by others: %zu of the values; the report marks them.",
		        disturbed);
	if (text.len)
		text_wrap(out, str_text(&text), 0, page.width);
	view_clear(&page.view);
}
