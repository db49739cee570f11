/* Reports that others read: the page, and what of a result must not reach them as it is. */
#include "tests/unit/compare/report_open.h"

START_TEST(page_is_self_contained_and_accessible)
{
	static const char *const never[] = {"http:", "https:", "src=", "url(", "@import", "<script",
	        "<link", "onclick", "nan%", "inf%"};
	struct result r;
	AUTO_STR html = {0};

	sample_result(&r, 1, 1);
	report_html(&r, &html);
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		ck_lacks(html.buf, never[i]);
	ck_well_formed(html.buf);
	ck_assert_uint_eq(count(html.buf, "<svg "),
	        count(html.buf, "role=\"img\" aria-label=") +
	                count(html.buf, "aria-hidden=\"true\">"));
	ck_assert_uint_eq(count(html.buf, "<h1>"), 1);
	for (size_t i = 0; i < r.n_claims; i++) {
		AUTO_FREE char *id = xasprintf(" id=\"claim-%s\"", r.claims[i].id);
		AUTO_FREE char *link = xasprintf("href=\"#claim-%s\"", r.claims[i].id);
		ck_assert_uint_eq(count(html.buf, id), 1);
		ck_assert_uint_eq(count(html.buf, link), 1);
	}
	for (const char *p = html.buf; (p = strstr(p, "href=\"#")); p++) {
		AUTO_FREE char *id = xstrndup(p + 7, strcspn(p + 7, "\""));
		AUTO_FREE char *target = xasprintf("id=\"%s\"", id);
		ck_has(html.buf, target);
	}
	result_clear(&r);
}
END_TEST

#define EVIL "<script>\"'&\033[31m|`\n"

static void hostile(struct result *r)
{
	*r = (struct result){.box = xstrdup(EVIL), .machine = xstrdup(EVIL), .runs = 1};
	r->host = (struct host_info){.kernel = xstrdup(EVIL),
	        .cpu = xstrdup(EVIL),
	        .distribution = xstrdup(EVIL),
	        .accelerator = xstrdup(EVIL),
	        .date = xstrdup(EVIL),
	        .emulated = true,
	        .emulated_note = xstrdup(EVIL),
	        .prov_version = xstrdup(EVIL)};
	strv_add(&r->notes, EVIL);
	static const char *const ids[] = {"start.t5", "probe.x", "memory.pss.x", "memory.delta",
	        "disk.delta", "storm.t5", "start.provision", EVIL};
	static const double values[] = {0, -1, 1e300, 5e-324, 3, 3};
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		for (int kind = 0; kind < 3; kind++) {
			static const char *const kinds[] = {"container", "kvm", EVIL};
			struct series described = {ids[i], kinds[kind], EVIL,
			        i == 1 ? "probe" : EVIL, EVIL, EVIL, i % 2, NULL, NULL, NULL, 0};
			struct series *s = result_series(r, &described);
			for (size_t v = 0; v < ARRAY_SIZE(values); v++)
				series_add(s, values[v], i == 3 ? values[v] : NAN, v % 2);
		}
	static const char *const groups[] = {"isolation", "identity", "difference", EVIL};
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		result_fact(r, &(struct fact){EVIL, groups[i], EVIL, groups[i], EVIL, EVIL});
	result_fact(r, &(struct fact){"identity.kernel", EVIL, EVIL, "identity", EVIL, EVIL});
	result_claim(r, &(struct claim_result){EVIL, EVIL, EVIL, VERDICT_PARTLY, EVIL});
}

START_TEST(nothing_of_a_result_reaches_the_reader_raw)
{
	struct result r;
	AUTO_STR html = {0}, diff = {0}, terminal = {0}, markdown = {0}, difft = {0}, csv = {0};

	hostile(&r);
	report_html(&r, &html);
	report_diff_html(&r, &r, &diff);
	report_terminal(&r, 80, &terminal);
	report_diff_terminal(&r, &r, &difft);
	report_markdown(&r, &markdown);
	report_csv(&r, &csv);
	ck_has(html.buf, "&lt;script&gt;&quot;&apos;&amp;\\x1b[31m");
	ck_lacks(html.buf, "<script");
	ck_lacks(diff.buf, "<script");
	ck_lacks(markdown.buf, "<script");
	ck_lacks(html.buf, "nan%");
	ck_lacks(html.buf, "inf%");
	ck_well_formed(html.buf);
	ck_well_formed(diff.buf);
	const char *const all[] = {html.buf, diff.buf, terminal.buf, difft.buf, markdown.buf};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		ck_lacks(all[i], "\033");
	ck_has(csv.buf, "\"<script>\"\"'&\033[31m|`\n\"");
	result_clear(&r);
}
END_TEST

START_TEST(csv_holds_every_run)
{
	struct result r;
	AUTO_STR csv = {0};
	size_t runs = 0;

	sample_result(&r, 1, 1);
	report_csv(&r, &csv);
	for (size_t i = 0; i < r.n_series; i++)
		runs += r.series[i].n;
	ck_assert_uint_eq(count(csv.buf, "\r\n"), runs + 1);
	ck_has(csv.buf, "memory.delta,kvm,MiB,8,8,");
	result_clear(&r);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {page_is_self_contained_and_accessible,
	        nothing_of_a_result_reaches_the_reader_raw, csv_holds_every_run};

	return suite_run("report_page", tests, ARRAY_SIZE(tests), NULL, NULL);
}
