#include "tests/unit/compare/report_open.h"

/* Columns, not bytes. */
static void ck_width(const char *text, size_t width)
{
	size_t column = 0;
	const char *line = text;

	for (const char *p = text; *p; p++) {
		if (*p == '\n') {
			column = 0;
			line = p + 1;
			continue;
		}
		column += (*p & 0xc0) != 0x80;
		ck_assert_msg(column <= width, "wider than %zu: %.*s", width,
		        (int)strcspn(line, "\n"), line);
	}
}

START_TEST(all_reports_show_the_same_figures)
{
	struct result r;
	AUTO_STR json = {0}, terminal = {0}, html = {0}, markdown = {0};
	AUTO_VIEW view;
	size_t checked = 0;

	sample_result(&r, 1, 1);
	result_write_json(&r, &json);
	report_terminal(&r, 200, &terminal);
	report_html(&r, &html);
	report_markdown(&r, &markdown);
	view_make(&r, &view);
	for (size_t i = 0; i < view.n_rows; i++)
		for (size_t k = 0; k < view.n_kinds; k++) {
			AUTO_STR figure = {0}, verdict = {0};
			struct ratio ratio;
			const struct series *s = view.rows[i].cells[k];
			if (!s)
				continue;
			view_figure(&view.rows[i], s, &figure);
			ck_has(json.buf, figure.buf);
			ck_has(html.buf, figure.buf);
			const char *spread = strchr(figure.buf, '[');
			ck_has(terminal.buf, spread ? spread : figure.buf);
			ck_has(markdown.buf, "| runs |");
			view_ratio(s, view.rows[i].base, &ratio);
			figure_verdict(&verdict, NULL, &ratio);
			if (!verdict.len)
				continue;
			ck_has(json.buf, verdict.buf);
			ck_has(html.buf, verdict.buf);
			ck_has(terminal.buf, verdict.buf);
			ck_has(markdown.buf, verdict.buf);
			checked++;
		}
	ck_assert_uint_gt(checked, 50);
	result_clear(&r);
}
END_TEST

START_TEST(terminal_respects_the_width)
{
	struct result r;

	sample_result(&r, 1, 1);
	for (size_t width = 80; width <= 160; width += 20) {
		AUTO_STR out = {0};
		report_terminal(&r, width, &out);
		ck_width(out.buf, width);
		ck_lacks(out.buf, " \n");
	}
	result_clear(&r);
}
END_TEST

START_TEST(the_head_has_a_column_for_each_kind)
{
	struct result r;
	AUTO_STR wide = {0}, small = {0}, whole = {0};

	sample_result(&r, 1, 1);
	report_summary(&r, 100, &wide);
	ck_has(wide.buf, "  process  container  container+init  kvm       kvm-warm\n");
	ck_has(wide.buf, "\nmemory the host pays, each  -        ");
	ck_has(wide.buf, "Medians. Memory: slope of the fall of MemAvailable over ");
	ck_has(wide.buf, "\nDisturbed by others: 1 of the values;");
	ck_assert_uint_lt(count(wide.buf, "\n"), 20);
	report_terminal(&r, 100, &whole);
	/* The whole report begins with the same. */
	ck_assert_uint_eq(
	        strncmp(whole.buf, wide.buf, (size_t)(strstr(wide.buf, "Disturbed by") - wide.buf)),
	        0);
	report_summary(&r, 60, &small);
	ck_has(small.buf,
	        "\nuntil a command runs: process 1.16 ms, container 12.9 ms,\n  container+init");
	ck_width(small.buf, 60);
	result_clear(&r);
}
END_TEST

START_TEST(emulation_is_said_first)
{
	struct result r;
	AUTO_STR terminal = {0}, html = {0}, markdown = {0};

	sample_result(&r, 1, 1);
	report_terminal(&r, 100, &terminal);
	ck_assert(str_starts(terminal.buf, "! /dev/kvm exists but emulates"));
	report_html(&r, &html);
	const char *note = strstr(html.buf, "<strong>Emulated.</strong> /dev/kvm exists");
	ck_assert_ptr_nonnull(note);
	ck_assert(note < strstr(html.buf, "<main>"));
	report_markdown(&r, &markdown);
	ck_assert(str_starts(markdown.buf, "# prov compare\n\n> **Emulated.** /dev/kvm exists"));
	r.host.emulated = false;
	str_reset(&terminal);
	report_terminal(&r, 100, &terminal);
	ck_assert(str_starts(terminal.buf, "debian/12 as web: 5 runs"));
	result_clear(&r);
}
END_TEST

START_TEST(disturbed_runs_are_flagged)
{
	struct result r;
	AUTO_STR terminal = {0}, html = {0}, csv = {0};

	sample_result(&r, 1, 1);
	report_terminal(&r, 100, &terminal);
	ck_has(terminal.buf, "n=5 !1");
	ck_has(terminal.buf, "1 in all");
	report_html(&r, &html);
	ck_has(html.buf, "class=\"flag\">5 runs, 1 disturbed");
	ck_has(html.buf, "kvm, run 4: 17.2 s, disturbed");
	report_csv(&r, &csv);
	ck_assert_uint_eq(count(csv.buf, ",1\r\n"), 1);
	result_clear(&r);
}
END_TEST

START_TEST(reports_of_nothing)
{
	struct result none = {.complete = true};
	AUTO_STR html = {0}, terminal = {0}, markdown = {0}, csv = {0}, diff = {0};

	report_html(&none, &html);
	ck_well_formed(html.buf);
	report_terminal(&none, 0, &terminal);
	report_summary(&none, 0, &terminal);
	report_markdown(&none, &markdown);
	report_csv(&none, &csv);
	ck_assert_str_eq(csv.buf, "id,kind,unit,run,x,value,disturbed\r\n");
	report_diff_terminal(&none, &none, &diff);
	ck_has(diff.buf, "The two results have no figure in common.");
}
END_TEST

START_TEST(unknown_groups_and_kinds_are_shown)
{
	struct result r = {.runs = 1};
	struct series described = {.id = "boat.speed",
	        .kind = "podman",
	        .title = "speed",
	        .group = "boats",
	        .unit = "kn",
	        .method = "log"};
	AUTO_STR html = {0}, terminal = {0};

	series_add(result_series(&r, &described), 7, NAN, false);
	report_terminal(&r, 80, &terminal);
	ck_has(terminal.buf, "boats\n  speed [1]\n    podman  7.00 kn");
	report_html(&r, &html);
	ck_has(html.buf, "boat.speed");
	ck_has(html.buf, "7.00 kn");
	ck_has(html.buf, "</span>podman");
	result_clear(&r);
}
END_TEST

START_TEST(two_results_beside_each_other)
{
	struct result a, b;
	AUTO_STR text = {0}, html = {0};

	sample_result(&a, 1, 1);
	sample_result(&b, 7, 0.5);
	free(b.host.kernel);
	b.host.kernel = xstrdup("6.99.0");
	report_diff_terminal(&a, &b, &text);
	ck_has(text.buf, "host kernel: 6.18.5 in A, 6.99.0 in B");
	ck_has(text.buf, ": better");
	ck_has(text.buf, ": no clear difference");
	report_diff_html(&a, &b, &html);
	ck_has(html.buf, "host kernel: 6.18.5 in A, 6.99.0 in B");
	ck_has(html.buf, "class=\"v-confirmed\">B 0.5");
	ck_well_formed(html.buf);
	result_clear(&a);
	result_clear(&b);
}
END_TEST

START_TEST(p95_stands_in_every_report_from_20_runs_on)
{
	struct result r = {.runs = 20};
	struct series described = {
	        .id = "start.t5", .kind = "kvm", .title = "t", .group = "start", .unit = "s"};
	AUTO_STR html = {0}, terminal = {0}, markdown = {0}, json = {0};

	for (int i = 1; i <= 20; i++)
		series_add(result_series(&r, &described), i, NAN, false);
	report_html(&r, &html);
	report_terminal(&r, 80, &terminal);
	report_markdown(&r, &markdown);
	result_write_json(&r, &json);
	ck_has(html.buf, "10.5 s [1.0–20.0, p95 19.0]");
	ck_has(terminal.buf, "10.5 s  [1.0–20.0, p95 19.0]  n=20");
	ck_has(markdown.buf, "10.5 s \\[1.0–20.0, p95 19.0\\]");
	ck_has(json.buf, "\"text\": \"10.5 s [1.0–20.0, p95 19.0]\"");
	result_clear(&r);
}
END_TEST

START_TEST(every_group_that_is_measured_has_a_title)
{
	static const struct {
		const char *group, *title;
	} rows[] = {{"start", "Start-up"}, {"claim", "What was tried for the claims"},
	        {"load", "What else the host did"}, {"unheard-of", "unheard-of"}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_str_eq(view_group_title(rows[i].group), rows[i].title);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {all_reports_show_the_same_figures,
	        terminal_respects_the_width, the_head_has_a_column_for_each_kind,
	        emulation_is_said_first, disturbed_runs_are_flagged, reports_of_nothing,
	        unknown_groups_and_kinds_are_shown, two_results_beside_each_other,
	        p95_stands_in_every_report_from_20_runs_on,
	        every_group_that_is_measured_has_a_title};

	return suite_run("report", tests, ARRAY_SIZE(tests), NULL, NULL);
}
