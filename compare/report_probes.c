/* Probes relative to the host, and the summary of the claims. */
#include "compare/report_cards.h"

#include <math.h>

/* How many times slower or dearer: a rate is turned round. */
static bool cost(const struct view_row *row, const struct series *s, struct ratio *out)
{
	view_ratio(s, row->base, out);
	if (!out->valid || !(out->value > 0))
		return false;
	if (row->higher_is_better) {
		if (!(out->low > 0))
			return false;
		double low = 1 / out->high;
		out->high = 1 / out->low;
		out->low = low;
		out->value = 1 / out->value;
	}
	return true;
}

static bool probe_axis(const struct view *view, struct axis *axis)
{
	double low = 0.7, high = 1.5;
	bool any = false;
	struct ratio r;

	for (size_t i = 0; i < view->n_rows; i++)
		for (size_t k = 0; k < view->n_kinds; k++)
			if (str_eq(view->rows[i].group, "probe") &&
			        cost(&view->rows[i], view->rows[i].cells[k], &r)) {
				low = fmin(low, r.low);
				high = fmax(high, r.high);
				any = true;
			}
	*axis = (struct axis){
	        .low = fmax(low / 1.2, 1e-6), .high = high * 1.2, .log = true, .unit = "×"};
	return any;
}

static void probe_row(const struct view *view, const struct view_row *row, const struct axis *axis,
        struct str *out)
{
	AUTO_STR marks = {0}, said = {0};

	for (size_t k = 0; k < view->n_kinds; k++) {
		AUTO_STR tip = {0};
		struct ratio r;
		if (!cost(row, row->cells[k], &r))
			continue;
		figure_verdict(&tip, view->kinds[k], &r);
		str_addf(&said, "%s", said.len ? " · " : "");
		struct ratio bare = {.value = r.value, .valid = true};
		figure_ratio(&said, &bare);
		str_addf(&marks, "<g class=\"%s\">", html_kind(view->kinds[k]));
		svg_line(&marks, "reach", axis_at(axis, r.low), 11, axis_at(axis, r.high), 11);
		svg_dot(&marks, r.clear ? "dot" : "odd", axis_at(axis, r.value), 11, 5.5,
		        str_text(&tip));
		str_add(&marks, "</g>");
	}
	if (!marks.len)
		return;
	AUTO_STR label = {0};
	str_addf(&label, "%s, times the cost on the %s: %s", row->title, row->base->kind,
	        str_text(&said));
	str_add(out, "<div class=\"probe\"><span>");
	html_text(out, row->title);
	str_add(out, "</span>");
	svg_begin(out, 22, "probes", str_text(&label));
	axis_grid(out, axis, 22);
	svg_line(out, "one", axis_at(axis, 1), 0, axis_at(axis, 1), 22);
	str_add(out, str_text(&marks));
	svg_end(out);
	html_element(out, "i", NULL, str_text(&said));
	str_add(out, "</div>\n");
}

void card_probes(const struct view *view, struct str *out)
{
	struct axis axis;

	if (!probe_axis(view, &axis))
		return;
	card_begin(out, "What running costs, relative to the host",
	        "The same program everywhere; log axis, further right is slower (rates are turned "
	        "round); "
	        "line: 95 % interval of the ratio; hollow: no clear difference.");
	str_add(out, "<p class=\"sub\">");
	for (size_t k = 0; k < view->n_kinds; k++)
		for (size_t r = 0; r < view->n_rows; r++) {
			const struct view_row *row = &view->rows[r];
			if (!str_eq(row->group, "probe") || !row->cells[k] ||
			        row->cells[k] == row->base)
				continue;
			html_key(out, view->kinds[k]);
			str_add(out, " &nbsp; ");
			break;
		}
	str_add(out, "</p>\n");
	for (size_t r = 0; r < view->n_rows; r++)
		if (str_eq(view->rows[r].group, "probe"))
			probe_row(view, &view->rows[r], &axis, out);
	str_add(out, "<div class=\"probe\"><span></span>");
	axis_labels(out, &axis);
	str_add(out, "<i></i></div>\n");
	card_end(out);
}

static const struct {
	const char *sign, *word;
} verdicts[] = {
        [VERDICT_CONFIRMED] = {"✓", "confirmed"},
        [VERDICT_REFUTED] = {"✗", "refuted"},
        [VERDICT_PARTLY] = {"≈", "partly"},
        [VERDICT_NOT_TESTABLE] = {"–", "not testable here"},
};

void card_claims(const struct result *result, struct str *out)
{
	size_t count[ARRAY_SIZE(verdicts)] = {0};

	if (!result->n_claims)
		return;
	for (size_t i = 0; i < result->n_claims; i++)
		count[result->claims[i].verdict]++;
	card_begin(out, "What courses claim, tested on this host", NULL);
	str_add(out, "<p class=\"tally\">");
	for (size_t v = 0; v < ARRAY_SIZE(verdicts); v++)
		str_addf(out, "<span class=\"v-%s\">%s %zu %s</span>",
		        verdict_name((enum verdict)v), verdicts[v].sign, count[v],
		        verdicts[v].word);
	str_add(out, "</p>\n<ul class=\"chips\">\n");
	for (size_t i = 0; i < result->n_claims; i++) {
		const struct claim_result *c = &result->claims[i];
		str_addf(out, "<li><a class=\"v-%s\" href=\"#claim-", verdict_name(c->verdict));
		html_text(out, c->id);
		str_add(out, "\" title=\"");
		html_text(out, c->text);
		str_addf(out, "\">%s ", verdicts[c->verdict].sign);
		html_text(out, c->id);
		str_add(out, "</a></li>\n");
	}
	str_add(out, "</ul>\n");
	card_end(out);
}

static void claim_row(const struct claim_result *c, struct str *out)
{
	str_add(out, "<tr id=\"claim-");
	html_text(out, c->id);
	str_add(out, "\"><td>");
	html_text(out, c->id);
	str_addf(out, "</td><td class=\"v-%s\"><strong>%s %s</strong></td><td>",
	        verdict_name(c->verdict), verdicts[c->verdict].sign, verdicts[c->verdict].word);
	html_text(out, c->text);
	str_add(out, "</td><td>");
	html_text(out, c->figure);
	str_add(out, "</td><td class=\"muted\">");
	html_text(out, c->source);
	str_add(out, "</td></tr>\n");
}

void html_claims(const struct result *result, struct str *out)
{
	if (!result->n_claims)
		return;
	str_add(out,
	        "<h2 id=\"claims\">Claims</h2>\n<div class=\"scroll\"><table "
	        "class=\"claims\"><thead><tr>"
	        "<th scope=\"col\">#</th><th scope=\"col\">On this host</th>"
	        "<th scope=\"col\">Statement</th><th scope=\"col\">Figure</th>"
	        "<th scope=\"col\">From</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < result->n_claims; i++)
		claim_row(&result->claims[i], out);
	str_add(out, "</tbody></table></div>\n");
}
