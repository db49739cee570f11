/* The page as a whole, and what an engineer would doubt. */
#include "compare/html.h"
#include "compare/report.h"
#include "compare/report_text.h"

static void doubt(struct str *out, const char *question, const char *answer)
{
	html_element(out, "dt", NULL, question);
	html_element(out, "dd", NULL, answer);
}

/* "container 11.8 ms, kvm 9.80 s" */
static void per_kind(const struct view *view, const char *id, struct str *out)
{
	const struct view_row *row = view_row(view, id);
	const char *join = "";

	for (size_t k = 0; row && k < view->n_kinds; k++) {
		struct summary s;
		if (!row->cells[k] || !row->cells[k]->n)
			continue;
		view_summary(row->cells[k], &s);
		str_addf(out, "%s%s ", join, view->kinds[k]);
		figure_add(out, s.median, row->unit);
		join = ", ";
	}
}

/* Each pair of figures that together answer a doubt; shown where both were measured. */
static const struct {
	const char *question, *first, *first_text, *second, *second_text;
} pairs[] = {
        {"Is it the machine that is slow, or its SSH?", "start.t5ssh",
                "Over SSH in every kind: ", "start.t5direct", "Without SSH: "},
        {"Is memory counted that the guest never touched?", "memory.guest",
                "The guest believes it uses: ", "memory.each", "The host pays: "},
        {"Is the density real?", "density.started", "Really started: ", "density.extrapolated",
                "Extrapolated, not started: "},
        {"Is the time spent or waited?", "start.cpu", "CPU time of the host: ", "start.t5",
                "Wall time until a command runs: "},
};

static void doubt_disturbed(const struct result *result, struct str *out)
{
	size_t disturbed = view_all_disturbed(result);
	AUTO_STR text = {0};

	if (disturbed)
		str_addf(&text,
		        "%zu of the values came from a disturbed run. They are kept, counted, "
		        "drawn "
		        "hollow and named in the tables.",
		        disturbed);
	else
		str_add(&text, "No run was disturbed by load or steal time.");
	doubt(out, "Was the host busy meanwhile?", str_text(&text));
}

static void add_doubts(const struct result *result, const struct view *view, struct str *out)
{
	str_add(out,
	        "<h2 id=\"doubts\">What an engineer would doubt</h2>\n<dl class=\"doubts\">\n");
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		AUTO_STR first = {0}, second = {0}, text = {0};
		per_kind(view, pairs[i].first, &first);
		per_kind(view, pairs[i].second, &second);
		if (!first.len || !second.len)
			continue;
		str_addf(&text, "%s%s. %s%s.", pairs[i].first_text, str_text(&first),
		        pairs[i].second_text, str_text(&second));
		str_add(out, "<div>");
		doubt(out, pairs[i].question, str_text(&text));
		str_add(out, "</div>\n");
	}
	str_add(out, "<div>");
	doubt_disturbed(result, out);
	str_add(out, "</div>\n</dl>\n");
	if (!result->notes.n)
		return;
	str_add(out, "<ul class=\"plain\">\n");
	for (size_t i = 0; i < result->notes.n; i++)
		html_element(out, "li", NULL, result->notes.v[i]);
	str_add(out, "</ul>\n");
}

static void add_method(const struct result *result, struct str *out)
{
	AUTO_STR text = {0};

	str_add(out, "<h2 id=\"method\">Method and host</h2>\n<ul class=\"plain\">\n");
	text_host(&text, result);
	html_element(out, "li", NULL, str_text(&text));
	str_reset(&text);
	text_experiment(&text, result);
	html_element(out, "li", NULL, str_text(&text));
	html_element(out, "li", NULL,
	        "Both kinds start from the same root file system. Rounds alternate the order of "
	        "kinds; "
	        "times are stamped on arrival at the host, never by a guest's clock.");
	for (size_t i = 0; i < text_n_reading; i++)
		html_element(out, "li", NULL, text_reading[i]);
	if (result->host.date)
		html_element(out, "li", NULL, result->host.date);
	if (result->host.prov_version) {
		str_reset(&text);
		str_addf(&text, "prov %s", result->host.prov_version);
		html_element(out, "li", NULL, str_text(&text));
	}
	str_add(out, "</ul>\n");
}

static void head(const struct result *result, struct str *out)
{
	AUTO_STR text = {0};

	str_add(out,
	        "<header>\n<h1>The same machine as a container and as a virtual machine</h1>\n");
	text_experiment(&text, result);
	str_add(&text, ". ");
	text_host(&text, result);
	if (result->host.date)
		str_addf(&text, ". %.10s", result->host.date);
	html_element(out, "p", "host", str_text(&text));
	html_emulated(out, view_emulated(result));
	str_add(out,
	        "<nav aria-label=\"Sections\"><a href=\"#runs\">Every run</a> "
	        "<a href=\"#figures\">All figures</a><a href=\"#isolation\">Isolation</a> ");
	if (result->n_claims)
		str_add(out, "<a href=\"#claims\">Claims</a> ");
	str_add(out,
	        "<a href=\"#doubts\">Doubts</a><a href=\"#method\">Method and host</a></nav>\n"
	        "</header>\n<main>\n");
}

void report_html(const struct result *result, struct str *out)
{
	AUTO_VIEW view;

	view_make(result, &view);
	html_begin(out, "prov compare: a container and a virtual machine");
	head(result, out);
	html_cards(result, &view, out);
	str_add(out, "<div class=\"details\">\n");
	html_distributions(&view, out);
	html_figures(&view, out);
	str_add(out, "<div id=\"isolation\">\n");
	html_facts(result, "isolation", out);
	html_facts(result, "identity", out);
	html_facts(result, "difference", out);
	str_add(out, "</div>\n");
	html_claims(result, out);
	add_doubts(result, &view, out);
	add_method(result, out);
	str_add(out, "</div>\n</main>\n");
	html_end(out);
}
