#include "compare/merge.h"
#include "compare/report.h"

#include "tests/fake/check_util.h"
#include "tests/unit/compare/sample_fixture.h"

#include <math.h>

#define HEAD "id,kind,unit,run,x,value,disturbed\n"

static struct err err;

static int merge(const char *text, struct result *out)
{
	return merge_read(text, strlen(text), out, &err);
}

START_TEST(reads_figures_facts_and_notes)
{
	struct result r = {0};

	ck_ok(merge("# made by hand\n" HEAD "peer.start,podman,s,1,,0.25,0\r\n"
	            "\"peer.start\",podman,s,2,,2.5e-1,1\n"
	            "# podman version 4\n"
	            "peer.delta,podman,MiB,1,8,12.5,0\n"
	            "isolation.seccomp,podman,text,1,,\"filter, \"\"its own\"\"\",0",
	        &r));
	ck_assert_uint_eq(r.n_series, 2);
	const struct series *s = result_find(&r, "peer.start", "podman");
	ck_assert_uint_eq(s->n, 2);
	ck_assert(s->values[1] == 0.25 && s->disturbed[1] && !s->disturbed[0] && !s->x);
	ck_assert_str_eq(s->group, "peers");
	ck_has(s->method, "whole commands");
	ck_assert(result_find(&r, "peer.delta", "podman")->x[0] == 8);
	const struct fact *f = result_fact_of(&r, "isolation.seccomp", "podman");
	ck_assert_str_eq(f->value, "filter, \"its own\"");
	ck_assert_str_eq(f->group, "isolation");
	ck_assert_uint_eq(r.notes.n, 2);
	ck_assert_str_eq(r.notes.v[1], "podman version 4");
	result_clear(&r);
}
END_TEST

static const struct {
	const char *text, *message;
} refused[] = {
        {"", "holds no figures"},
        {"# a note\n", "holds no figures"},
        {"id,kind\n", "line 1: is not 'id,kind,unit,run,x,value,disturbed'"},
        {HEAD "\n", "line 2: fewer than seven fields"},
        {HEAD "a,b,c,d,e,f\n", "line 2: fewer than seven fields"},
        {HEAD "a,b,c,d,e,f,g,h\n", "line 2: more than seven fields"},
        {HEAD "\"a,b\n", "line 2: a quoted field does not end"},
        {HEAD "\"a\"b,c,d,e,f,g,h\n", "line 2: a quoted field does not end at its quote"},
        {HEAD "a\"b,c,d,e,f,g,h\n", "line 2: a quote inside a field that is not quoted"},
        {HEAD "peer.start,<b>,s,1,,1,0\n", "line 2: '<b>' is no kind"},
        {HEAD "peer.start,,s,1,,1,0\n", "line 2: '' is no kind"},
        {HEAD "peer.speed,crun,s,1,,1,0\n", "line 2: there is no figure 'peer.speed'"},
        {HEAD "peer.start,crun,ms,1,,1,0\n", "line 2: the unit of 'peer.start' is 's', not 'ms'"},
        {HEAD "peer.start,crun,s,1,,nan,0\n", "line 2: 'nan' is no value"},
        {HEAD "peer.start,crun,s,1,,1e999,0\n", "line 2: '1e999' is no value"},
        {HEAD "peer.start,crun,s,1,,0x10,0\n", "line 2: '0x10' is no value"},
        {HEAD "peer.start,crun,s,1,, 1,0\n", "line 2: ' 1' is no value"},
        {HEAD "peer.start,crun,s,1,,,0\n", "line 2: '' is no value"},
        {HEAD "peer.start,crun,s,1,1-2,1,0\n", "line 2: '1-2' is no x"},
        {HEAD "peer.start,crun,s,1,,1,yes\n", "line 2: 'yes' is no disturbed"},
        {HEAD "peer.start,crun,s,2,,1,0\n", "line 2: the runs of a series are numbered 1, 2, 3 …"},
        {HEAD "peer.start,crun,s,1,,1,0\npeer.start,crun,s,1,,1,0\n",
                "line 3: the runs of a series are numbered 1, 2, 3 …"},
        {HEAD "isolation.color,crun,text,1,,red,0\n", "line 2: there is no fact 'isolation.color'"},
        {HEAD "isolation.nnp,crun,text,1,,,0\n", "line 2: '' is no value"},
        {HEAD "isolation.nnp,crun,text,1,,on,0\nisolation.nnp,crun,text,1,,off,0\n",
                "line 3: this fact stands there twice"},
};

START_TEST(refuses_and_names_the_line)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct result r = {.runs = 77};
		ck_fails(merge(refused[i].text, &r), ERR_CONFIG, refused[i].message);
		ck_assert_int_eq(r.runs, 77);
		ck_assert_ptr_null(r.series);
	}
}
END_TEST

START_TEST(is_bounded)
{
	AUTO_STR text = {0};
	struct result r;

	str_add(&text, HEAD);
	for (int i = 0; i < 1025; i++)
		str_add(&text, "a");
	ck_fails(merge(str_text(&text), &r), ERR_CONFIG, "line 2: is longer than 1024 bytes");
	/* Seven fields fill the longest line exactly. */
	text.buf[sizeof(HEAD) - 1 + 1024] = '\0';
	ck_fails(merge(str_text(&text), &r), ERR_CONFIG, "line 2: fewer than seven fields");
	ck_fails(merge_read("id\0", 3, &r, &err), ERR_CONFIG, "line 1: has a zero byte");
	str_reset(&text);
	for (int i = 0; i < 20001; i++)
		str_add(&text, "#\n");
	ck_fails(merge(str_text(&text), &r), ERR_CONFIG, "line 20001: more than 20,000 lines");
	str_reset(&text);
	str_add(&text, HEAD);
	for (int i = 0; i < 1001; i++)
		str_addf(&text, "peer.start,k%d,s,1,,1,0\n", i);
	ck_fails(merge(str_text(&text), &r), ERR_CONFIG, "line 1002: more than 1000 series");
}
END_TEST

/* Any byte changed: refused or read, never worse (the sanitizers watch). */
START_TEST(survives_damage)
{
	char text[] = "# n\n" HEAD "\"peer.start\",podman,s,1,,0.25,0\r\n"
	              "isolation.seccomp,podman,text,1,,\"a \"\"b\"\"\",0\n";
	size_t read = 0, tried = 0;

	for (size_t i = 0; i + 1 < sizeof(text); i++)
		for (size_t k = 0; k < 6; k++, tried++) {
			char was = text[i];
			struct result r;
			text[i] = "\"\n,9\xff\0"[k];
			if (merge_read(text, sizeof(text) - 1, &r, &err) == 0) {
				result_clear(&r);
				read++;
			}
			text[i] = was;
		}
	ck_assert_uint_gt(read, 0);
	ck_assert_uint_lt(read, tried);
}
END_TEST

START_TEST(what_was_added_stands_in_every_report)
{
	struct result all, found;

	sample_result(&all, 1, 1);
	ck_ok(merge(HEAD "peer.start,container,s,1,,0.02,0\npeer.start,crun,s,1,,0.04,0\n"
	                 "isolation.nnp,crun,text,1,,on,0\n# crun version 1.8\n",
	        &found));
	ck_ok(merge_add(&all, &found, &err));
	void (*const reports[])(const struct result *, struct str *) = {
	        report_markdown, report_html, report_csv, result_write_json};
	for (size_t i = 0; i < ARRAY_SIZE(reports); i++) {
		AUTO_STR text = {0};
		reports[i](&all, &text);
		ck_has(str_text(&text), "crun");
	}
	AUTO_STR page = {0}, terminal = {0};
	report_html(&all, &page);
	ck_has(page.buf, "<h3>Beside other tools</h3>");
	ck_has(page.buf, "crun version 1.8");
	report_terminal(&all, 100, &terminal);
	ck_has(terminal.buf, "Beside other tools (× of container)");
	/* A second measurement is never mixed into the first. */
	ck_fails(merge_add(&all, &found, &err), ERR_CONFIG,
	        "the result has 'peer.start' of 'container' already");
	ck_assert_uint_eq(result_find(&all, "peer.start", "crun")->n, 1);
	result_clear(&found);
	result_clear(&all);
}
END_TEST

START_TEST(names_the_file)
{
	char *dir = tmp_begin();
	AUTO_FREE char *path = xasprintf("%s/p.csv", dir);
	AUTO_FREE char *message =
	        xasprintf("'%s': line 1: is not '%.*s'", path, (int)sizeof(HEAD) - 2, HEAD);
	struct result r;

	ck_ok(fs_replace(path, "x\n", 2, 0600, &err));
	ck_fails(merge_read_file(path, &r, &err), ERR_CONFIG, message);
	tmp_end(dir);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {reads_figures_facts_and_notes, refuses_and_names_the_line,
	        is_bounded, survives_damage, what_was_added_stands_in_every_report, names_the_file};

	return suite_run("merge", tests, ARRAY_SIZE(tests), NULL, NULL);
}
