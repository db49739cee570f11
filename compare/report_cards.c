/* The upper part of the page, one slide's worth: each card answers one question. A card whose
 * series were not measured is left out. */
#include "compare/report_cards.h"

#include <math.h>
#include <string.h>

void card_begin(struct str *out, const char *title, const char *sub)
{
	str_add(out, "<section class=\"card\">\n");
	html_element(out, "h3", NULL, title);
	if (sub)
		html_element(out, "p", "sub", sub);
}

void card_end(struct str *out)
{
	str_add(out, "</section>\n");
}

double card_median(const struct series *series)
{
	struct summary summary;

	if (!series || !series->n)
		return NAN;
	view_summary(series, &summary);
	return summary.median;
}

void row_begin(struct str *out, const char *kind, const char *figure)
{
	str_addf(out, "<div class=\"row %s\"><div class=\"rl\"><span>", html_kind(kind));
	html_key(out, kind);
	str_add(out, "</span><b>");
	html_text(out, figure);
	str_add(out, "</b></div>\n");
}

void row_end(struct str *out, const char *note)
{
	if (note && *note)
		html_element(out, "div", "rn", note);
	str_add(out, "</div>\n");
}

static double greatest(const struct view *view, const struct view_row *row)
{
	double most = 0;

	for (size_t k = 0; k < view->n_kinds; k++) {
		double median = card_median(row->cells[k]);
		if (median > most)
			most = median;
	}
	return most > 0 ? most : 1;
}

/* One bar per kind: the same script's time. */
static void card_bars(const struct view *view, const char *id, const char *title, const char *sub,
        struct str *out)
{
	const struct view_row *row = view_row(view, id);

	if (!row)
		return;
	double most = greatest(view, row);
	card_begin(out, title, sub);
	for (size_t k = 0; k < view->n_kinds; k++) {
		AUTO_STR figure = {0}, verdict = {0}, label = {0};
		if (!row->cells[k])
			continue;
		view_figure(row, row->cells[k], &figure);
		view_verdict(row, row->cells[k], &verdict);
		if (verdict.len)
			str_addf(&verdict, " of %s", row->base->kind);
		row_begin(out, view->kinds[k], str_text(&figure));
		str_addf(&label, "%s: %s", view->kinds[k], str_text(&figure));
		svg_begin(out, 12, html_kind(view->kinds[k]), str_text(&label));
		svg_bar(out, "bar", 0, card_median(row->cells[k]) / most * 100, 0, 12);
		svg_end(out);
		row_end(out, str_text(&verdict));
	}
	card_end(out);
}

/* Bar to the median, line to the slowest. */
static void card_storm(const struct result *result, const struct view *view, struct str *out)
{
	const struct view_row *row = view_row(view, "storm.t5");
	double most = 0;
	AUTO_STR title = {0};

	if (!row)
		return;
	for (size_t k = 0; k < view->n_kinds; k++)
		for (size_t i = 0; row->cells[k] && i < row->cells[k]->n; i++)
			most = fmax(most, row->cells[k]->values[i]);
	str_addf(&title, "%d at once", result->parallel);
	card_begin(out, result->parallel > 1 ? str_text(&title) : "Many at once",
	        "Until a command runs in each: bar to the median, line to the slowest.");
	for (size_t k = 0; k < view->n_kinds; k++) {
		AUTO_STR figure = {0}, note = {0}, label = {0};
		struct summary s;
		if (!row->cells[k])
			continue;
		view_summary(row->cells[k], &s);
		figure_add(&figure, s.median, row->unit);
		str_add(&figure, ", slowest ");
		figure_add(&figure, s.max, row->unit);
		row_begin(out, view->kinds[k], str_text(&figure));
		str_addf(&label, "%s: median %s", view->kinds[k], str_text(&figure));
		svg_begin(out, 12, html_kind(view->kinds[k]), str_text(&label));
		svg_line(out, "reach", 0, 6, s.max / most * 99, 6);
		svg_bar(out, "bar", 0, s.median / most * 99, 0, 12);
		svg_dot(out, "dot", s.max / most * 99, 6, 4.5, NULL);
		svg_end(out);
		row_end(out, str_text(&note));
	}
	card_end(out);
}

static void kernel(struct str *out, const struct result *result, const char *kind)
{
	const struct fact *own = result_fact_of(result, "identity.kernel", kind);
	const struct fact *host = result_fact_of(result, "identity.kernel", "host");
	const char *say = "";

	if (str_eq(kind, "host"))
		say = "";
	else if (host)
		say = str_eq(own->value, host->value) ? " the host's" : " its own";
	str_addf(out, "<div class=\"%s\"><dt>", html_kind(kind));
	html_text(out, kind);
	str_add(out, "</dt><dd>");
	html_text(out, own->value);
	str_addf(out, "<span>%s</span></dd></div>\n", say);
}

static void card_kernels(const struct result *result, struct str *out)
{
	AUTO_FREE const char **kinds = NULL;
	size_t n = view_fact_kinds(result, "identity", &kinds);
	bool any = false;

	for (size_t k = 0; k < n; k++)
		any |= result_fact_of(result, "identity.kernel", kinds[k]) != NULL;
	if (!any)
		return;
	card_begin(out, "Whose kernel?", "uname -r, read in each");
	str_add(out, "<dl class=\"kernels\">\n");
	for (size_t k = 0; k < n; k++)
		if (result_fact_of(result, "identity.kernel", kinds[k]))
			kernel(out, result, kinds[k]);
	str_add(out, "</dl>\n");
	bool heading = false;
	for (size_t k = 0; k < n; k++) {
		const struct fact *in = result_fact_of(result, "pid.inside", kinds[k]);
		const struct fact *outside = result_fact_of(result, "pid.outside", kinds[k]);
		if (!in || !outside)
			continue;
		if (!heading)
			str_add(out,
			        "<h3 class=\"tracks\">One process, two PIDs</h3>\n"
			        "<dl class=\"kernels\">\n");
		heading = true;
		str_addf(out, "<div class=\"%s\"><dt>", html_kind(kinds[k]));
		html_text(out, kinds[k]);
		str_add(out, "</dt><dd><span>inside</span> ");
		html_text(out, in->value);
		str_add(out, " <span>· on the host</span> ");
		html_text(out, outside->value);
		str_add(out, "</dd></div>\n");
	}
	if (heading)
		str_add(out, "</dl>\n");
	card_end(out);
}

static void hero(const struct view *view, const char *id, const char *title, struct str *out)
{
	static const char *const kinds[] = {"container", "kvm"};
	const struct view_row *row = view_row(view, id);
	AUTO_STR verdict = {0};

	if (!row)
		return;
	str_add(out, "<div>");
	html_element(out, "h2", NULL, title);
	str_add(out, "<dl>\n");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (size_t k = 0; k < view->n_kinds; k++) {
			AUTO_STR figure = {0};
			struct ratio ratio;
			const struct series *s = row->cells[k];
			if (!s || !str_eq(view->kinds[k], kinds[i]) || !s->n)
				continue;
			figure_add(&figure, card_median(s), row->unit);
			str_add(out, "<dt>");
			html_key(out, kinds[i]);
			str_add(out, "</dt><dd>");
			html_text(out, str_text(&figure));
			str_add(out, "</dd>\n");
			view_ratio(s, row->base, &ratio);
			if (i && ratio.valid)
				figure_verdict(&verdict, kinds[i], &ratio);
		}
	str_add(out, "</dl>");
	if (verdict.len)
		html_element(out, "p", NULL, str_text(&verdict));
	/* Which of two ways it was read is part of what it says. */
	if (str_eq(id, "memory.each"))
		html_element(out, "p", NULL, row->method);
	str_add(out, "</div>\n");
}

void html_cards(const struct result *result, const struct view *view, struct str *out)
{
	str_addf(out,
	        "<p class=\"sub\">Medians [least–greatest] of %d run%s. How each figure was read, "
	        "its number of runs, and every single run stand below.</p>\n",
	        result->runs, result->runs == 1 ? "" : "s");
	str_add(out, "<div class=\"hero\">\n");
	hero(view, "start.t5", "Until a command runs", out);
	hero(view, "memory.each", "Memory the host pays for each", out);
	hero(view, "start.provision", "The same script", out);
	hero(view, "disk.delta", "Own disk after the start", out);
	str_add(out, "</div>\n<div class=\"cards\">\n<div>\n");
	card_phases(view, out);
	card_memory(view, out);
	card_probes(view, out);
	card_claims(result, out);
	str_add(out, "</div>\n<div>\n");
	card_kernels(result, out);
	card_density(view, out);
	card_storm(result, view, out);
	card_bars(view, "start.provision", "The same script",
	        "From the first command to provisioned (t5 to t6).", out);
	card_disk(view, out);
	card_bars(view, "peer.start", "Beside other tools",
	        "Whole commands: made, until one has run in it, without network. What isolates "
	        "each stands in the table below.",
	        out);
	card_bars(view, "peer.pss", "Beside other tools: memory",
	        "PSS of PID 1 and of the monitor or shim that stays with it.", out);
	str_add(out, "</div>\n</div>\n");
}
