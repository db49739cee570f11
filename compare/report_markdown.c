/* Markdown tables (GitHub's form), for a README or a report. */
#include "compare/report.h"
#include "compare/report_text.h"

#include <string.h>

/* What could end the cell, or be taken for markup or HTML, is escaped. */
static void cell(struct str *out, const char *text)
{
	AUTO_STR safe = {0};

	text_escaped(&safe, text);
	for (const char *p = str_text(&safe); *p; p++) {
		if (*p == '<')
			str_add(out, "&lt;");
		else if (*p == '&')
			str_add(out, "&amp;");
		else {
			if (strchr("|\\*_`[]#", *p))
				str_add(out, "\\");
			str_addn(out, p, 1);
		}
	}
}

static void heading(struct str *out, const char *title)
{
	str_add(out, "\n## ");
	cell(out, title);
	str_add(out, "\n\n");
}

static void line(struct str *out, const struct view_row *row, const struct series *s, size_t note)
{
	AUTO_STR figure = {0}, verdict = {0}, runs = {0};

	view_figure(row, s, &figure);
	view_verdict(row, s, &verdict);
	view_runs(s, &runs);
	str_add(out, "| ");
	cell(out, row->title);
	if (row->higher_is_better)
		str_add(out, ", more is better");
	if (note)
		str_addf(out, " (%zu)", note);
	str_add(out, " | ");
	cell(out, s->kind);
	str_add(out, " | ");
	cell(out, str_text(&figure));
	str_add(out, " | ");
	cell(out, str_text(&verdict));
	if (verdict.len)
		str_add(out, " of "), cell(out, row->base->kind);
	str_addf(out, " | %s%s |\n", str_text(&runs), view_disturbed(s) ? " **!**" : "");
}

static void group(
        struct str *out, const struct view *view, const char *name, struct methods *methods)
{
	heading(out, view_group_title(name));
	str_add(out,
	        "| figure | kind | median [least–greatest] | ratio | runs |\n"
	        "|:--|:--|--:|:--|:--|\n");
	for (size_t r = 0; r < view->n_rows; r++)
		for (size_t k = 0; k < view->n_kinds; k++) {
			const struct view_row *row = &view->rows[r];
			if (str_eq(row->group, name) && row->cells[k])
				line(out, row, row->cells[k], methods_number(methods, row->method));
		}
}

static void facts(struct str *out, const struct result *result)
{
	if (!result->n_facts)
		return;
	heading(out, "Facts read from the running machines");
	str_add(out, "| fact | kind | value |\n|:--|:--|:--|\n");
	for (size_t i = 0; i < result->n_facts; i++) {
		const struct fact *f = &result->facts[i];
		str_add(out, "| ");
		cell(out, f->title ? f->title : f->id);
		str_add(out, " | ");
		cell(out, f->kind);
		str_add(out, " | ");
		cell(out, f->value);
		str_add(out, " |\n");
	}
}

static void claims(struct str *out, const struct result *result)
{
	if (!result->n_claims)
		return;
	heading(out, "Claims");
	str_add(out, "| # | statement | verdict | figure |\n|--:|:--|:--|:--|\n");
	for (size_t i = 0; i < result->n_claims; i++) {
		const struct claim_result *c = &result->claims[i];
		str_add(out, "| ");
		cell(out, c->id);
		str_add(out, " | ");
		cell(out, c->text);
		str_addf(out, " | %s | ", verdict_name(c->verdict));
		cell(out, c->figure);
		str_add(out, " |\n");
	}
}

static void list(struct str *out, const char *title, const struct strv *texts, bool numbered)
{
	if (!texts->n)
		return;
	heading(out, title);
	for (size_t i = 0; i < texts->n; i++) {
		if (numbered)
			str_addf(out, "%zu. ", i + 1);
		else
			str_add(out, "- ");
		cell(out, texts->v[i]);
		str_add(out, "\n");
	}
}

void report_markdown(const struct result *result, struct str *out)
{
	AUTO_VIEW view;
	struct methods methods = {0};
	AUTO_STR text = {0};
	AUTO_STRV reading = {0};

	view_make(result, &view);
	str_add(out, "# prov compare\n\n");
	if (view_emulated(result)) {
		str_add(out, "> **Emulated.** ");
		cell(out, view_emulated(result));
		str_add(out, "\n\n");
	}
	text_experiment(&text, result);
	str_add(&text, ". ");
	text_host(&text, result);
	cell(out, str_text(&text));
	if (result->host.date)
		str_add(out, ". "), cell(out, result->host.date);
	str_add(out, "\n");
	for (size_t g = 0; g < view.n_groups; g++)
		group(out, &view, view.groups[g], &methods);
	facts(out, result);
	claims(out, result);
	list(out, "Methods", &methods.texts, true);
	for (size_t i = 0; i < text_n_reading; i++)
		strv_add(&reading, text_reading[i]);
	list(out, "How to read this", &reading, false);
	list(out, "Notes", &result->notes, false);
	methods_clear(&methods);
}
