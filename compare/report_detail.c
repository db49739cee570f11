/* The lower part of the page: every run as a dot, every figure in a table, facts. */
#include "compare/html.h"

#include <math.h>

static bool worth_a_strip(const struct view_row *row, size_t kinds)
{
	for (size_t k = 0; k < kinds; k++)
		if (!row->curve && row->cells[k] && row->cells[k]->n > 1)
			return true;
	return false;
}

static void strip(const struct series *s, const struct axis *axis, struct str *out)
{
	struct summary summary;
	AUTO_STR label = {0};

	view_summary(s, &summary);
	str_addf(&label, "%s: ", s->kind);
	figure_summary(&label, &summary, s->unit);
	str_add(out, "<span>");
	html_key(out, s->kind);
	str_add(out, "</span>");
	svg_begin(out, 22, html_kind(s->kind), str_text(&label));
	axis_grid(out, axis, 22);
	for (size_t i = 0; i < s->n; i++) {
		AUTO_STR tip = {0};
		str_addf(&tip, "%s, run %zu: ", s->kind, i + 1);
		figure_add(&tip, s->values[i], s->unit);
		str_add(&tip, s->disturbed[i] ? ", disturbed" : "");
		/* Up and down a little, so that equal runs are seen apart. */
		svg_dot(out, s->disturbed[i] ? "odd" : "run", axis_at(axis, s->values[i]),
		        8 + (double)(i % 3) * 3, 4, str_text(&tip));
	}
	double x = axis_at(axis, summary.median);
	svg_line(out, "mark", x, 1, x, 21);
	svg_end(out);
}

static void distribution(const struct view *view, const struct view_row *row, struct str *out)
{
	double low = INFINITY, high = -INFINITY;
	struct summary s;

	for (size_t k = 0; k < view->n_kinds; k++) {
		if (!row->cells[k] || !row->cells[k]->n)
			continue;
		view_summary(row->cells[k], &s);
		low = fmin(low, s.min);
		high = fmax(high, s.max);
	}
	struct axis axis = axis_over(low, high, row->unit);
	str_add(out, "<section class=\"card\">\n");
	html_element(out, "h3", NULL, row->title);
	str_add(out, "<p class=\"sub\"><code>");
	html_text(out, row->id);
	str_addf(out, "</code>%s%s</p>\n<div class=\"strip\">\n", axis.log ? ", log axis" : "",
	        row->higher_is_better ? ", more is better" : "");
	for (size_t k = 0; k < view->n_kinds; k++)
		if (row->cells[k] && row->cells[k]->n)
			strip(row->cells[k], &axis, out);
	str_add(out, "<span></span>");
	axis_labels(out, &axis);
	str_add(out, "</div>\n</section>\n");
}

void html_distributions(const struct view *view, struct str *out)
{
	str_add(out,
	        "<h2 id=\"runs\">Every run</h2>\n<p class=\"sub\">A dot is one run, the upright "
	        "mark "
	        "the median; a hollow dot is a run disturbed by load or steal time.</p>\n"
	        "<div class=\"strips\">\n");
	for (size_t r = 0; r < view->n_rows; r++)
		if (worth_a_strip(&view->rows[r], view->n_kinds))
			distribution(view, &view->rows[r], out);
	str_add(out, "</div>\n");
}

static void figure_line(const struct view_row *row, const struct series *s, struct str *out)
{
	AUTO_STR figure = {0}, verdict = {0}, runs = {0};

	view_figure(row, s, &figure);
	view_verdict(row, s, &verdict);
	view_runs(s, &runs);
	str_addf(out, "<tr class=\"%s\"><td>", html_kind(s->kind));
	html_key(out, s->kind);
	str_add(out, "</td><td class=\"n\">");
	html_text(out, str_text(&figure));
	str_add(out, "</td>");
	str_add(out, "<td>");
	html_text(out, s == row->base ? "base" : str_text(&verdict));
	str_add(out, view_disturbed(s) ? "</td><td class=\"flag\">" : "</td><td>");
	html_text(out, str_text(&runs));
	str_add(out, "</td></tr>\n");
}

static void figure_row(const struct view *view, const struct view_row *row, struct str *out)
{
	str_add(out, "<tbody><tr><th scope=\"rowgroup\" colspan=\"4\">");
	html_text(out, row->title);
	str_add(out, row->higher_is_better ? ", more is better" : "");
	str_add(out, "<small>");
	html_text(out, row->method);
	str_add(out, " (<code>");
	html_text(out, row->id);
	str_add(out, "</code>)</small></th></tr>\n");
	for (size_t k = 0; k < view->n_kinds; k++)
		if (row->cells[k])
			figure_line(row, row->cells[k], out);
	str_add(out, "</tbody>\n");
}

void html_figures(const struct view *view, struct str *out)
{
	str_add(out, "<h2 id=\"figures\">All figures and how they were read</h2>\n");
	for (size_t g = 0; g < view->n_groups; g++) {
		html_element(out, "h3", NULL, view_group_title(view->groups[g]));
		str_add(out,
		        "<div class=\"scroll\"><table class=\"figures\"><thead><tr>"
		        "<th scope=\"col\">Kind</th>"
		        "<th scope=\"col\">Median [least–greatest]</th>");
		str_add(out,
		        "<th scope=\"col\">Ratio (95 %)</th><th scope=\"col\">Runs</th>"
		        "</tr></thead>\n");
		for (size_t r = 0; r < view->n_rows; r++)
			if (str_eq(view->rows[r].group, view->groups[g]))
				figure_row(view, &view->rows[r], out);
		str_add(out, "</table></div>\n");
	}
}

static bool first_of_id(const struct result *result, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(result->facts[k].id, result->facts[i].id) &&
		        str_eq(result->facts[k].group, result->facts[i].group))
			return false;
	return true;
}

void html_facts(const struct result *result, const char *group, struct str *out)
{
	AUTO_FREE const char **kinds = NULL;
	size_t n = view_fact_kinds(result, group, &kinds);

	if (!n)
		return;
	str_add(out, "<h2>");
	html_text(out, view_group_title(group));
	str_add(out,
	        "</h2>\n<div class=\"scroll\"><table class=\"wide\"><thead><tr><th "
	        "scope=\"col\"></th>");
	for (size_t k = 0; k < n; k++) {
		str_addf(out, "<th scope=\"col\" class=\"%s\">", html_kind(kinds[k]));
		html_key(out, kinds[k]);
		str_add(out, "</th>");
	}
	str_add(out, "<th scope=\"col\">Read from</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < result->n_facts; i++) {
		const struct fact *f = &result->facts[i];
		if (!str_eq(f->group, group) || !first_of_id(result, i))
			continue;
		str_add(out, "<tr><th scope=\"row\">");
		html_text(out, f->title ? f->title : f->id);
		str_add(out, "</th>");
		for (size_t k = 0; k < n; k++) {
			const struct fact *of = result_fact_of(result, f->id, kinds[k]);
			/* On a phone a cell stands alone and names its kind. */
			str_addf(out, "<td class=\"%s\"><span class=\"narrow-only\">",
			        html_kind(kinds[k]));
			html_key(out, kinds[k]);
			str_add(out, ": </span>");
			html_text(out, of ? of->value : NULL);
			str_add(out, "</td>\n");
		}
		html_element(out, "td", "muted", f->method);
		str_add(out, "</tr>\n");
	}
	str_add(out, "</tbody></table></div>\n");
}
