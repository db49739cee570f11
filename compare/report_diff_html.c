/* Two results beside each other as a page. */
#include "compare/html.h"
#include "compare/report.h"
#include "compare/report_diff.h"

static void name(struct str *out, const char *letter, const struct result *result)
{
	AUTO_STR text = {0};

	str_addf(out, "<p class=\"host\"><strong>%s</strong> ", letter);
	diff_name(&text, result);
	html_text(out, str_text(&text));
	str_add(out, "</p>\n");
}

static void line(const struct diff_row *row, struct str *out)
{
	AUTO_STR a = {0}, b = {0}, verdict = {0};
	const char *class_ = "";

	view_figure(row->row, row->a, &a);
	view_figure(row->row, row->b, &b);
	diff_verdict(&verdict, row);
	if (row->ratio.clear)
		class_ = (row->ratio.value > 1) == row->row->higher_is_better ? "v-confirmed"
		                                                              : "v-refuted";
	str_addf(out, "<tr class=\"%s\"><td>", html_kind(row->a->kind));
	html_key(out, row->a->kind);
	str_add(out, "</td><td class=\"n\">");
	html_text(out, str_text(&a));
	str_add(out, "</td><td class=\"n\">");
	html_text(out, str_text(&b));
	str_addf(out, "</td><td class=\"%s\">", class_);
	html_text(out, str_text(&verdict));
	str_add(out, "</td></tr>\n");
}

static void tables(const struct diff_row *rows, size_t n, struct str *out)
{
	for (size_t i = 0; i < n; i++) {
		bool group = !i || !str_eq(rows[i].row->group, rows[i - 1].row->group);
		bool title = group || !str_eq(rows[i].row->id, rows[i - 1].row->id);
		if (group) {
			if (i)
				str_add(out, "</tbody></table></div>\n");
			html_element(out, "h2", NULL, view_group_title(rows[i].row->group));
			str_add(out,
			        "<div class=\"scroll\"><table><thead><tr><th "
			        "scope=\"col\">Kind</th>"
			        "<th scope=\"col\">A</th><th scope=\"col\">B</th>"
			        "<th scope=\"col\">B of A (95 %)</th></tr></thead>\n");
		}
		if (title) {
			str_add(out, group ? "<tbody>" : "</tbody><tbody>");
			str_add(out, "<tr><th scope=\"rowgroup\" colspan=\"4\">");
			html_text(out, rows[i].row->title);
			str_add(out, rows[i].row->higher_is_better ? ", more is better" : "");
			str_add(out, "</th></tr>\n");
		}
		line(&rows[i], out);
	}
	str_add(out,
	        n ? "</tbody></table></div>\n"
	          : "<p>The two results have no figure in common.</p>\n");
}

void report_diff_html(const struct result *a, const struct result *b, struct str *out)
{
	AUTO_VIEW view;
	AUTO_STRV warnings = {0};
	size_t n;

	view_make(a, &view);
	AUTO_FREE struct diff_row *rows = diff_rows(&view, b, &n);
	html_begin(out, "prov compare: two results");
	str_add(out, "<header><h1>Two results beside each other</h1>\n");
	name(out, "A", a);
	name(out, "B", b);
	diff_warnings(a, b, &warnings);
	if (warnings.n) {
		str_add(out,
		        "<div class=\"emulated\" role=\"note\"><strong>Before comparing</strong>"
		        "<ul class=\"plain\">\n");
		for (size_t i = 0; i < warnings.n; i++)
			html_element(out, "li", NULL, warnings.v[i]);
		str_add(out, "</ul></div>\n");
	}
	str_add(out, "</header>\n<main>\n");
	tables(rows, n, out);
	str_add(out, "</main>\n");
	html_end(out);
}
