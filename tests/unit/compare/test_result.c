#include "compare/result.h"

#include "tests/fake/check_util.h"
#include "tests/unit/compare/sample_fixture.h"

#include <jansson.h>
#include <math.h>

static struct err err;

START_TEST(round_trip)
{
	struct result a, b;
	AUTO_STR first = {0}, second = {0};

	sample_result(&a, 1, 1);
	result_write_json(&a, &first);
	ck_ok(result_read_json(first.buf, first.len, &b, &err));
	result_write_json(&b, &second);
	ck_assert_str_eq(first.buf, second.buf);
	ck_assert_uint_gt(b.n_series, 80);
	ck_assert_uint_eq(a.n_series, b.n_series);
	ck_assert_uint_eq(a.notes.n, b.notes.n);
	for (size_t i = 0; i < a.n_series; i++) {
		ck_assert_uint_eq(a.series[i].n, b.series[i].n);
		ck_assert_mem_eq(
		        a.series[i].values, b.series[i].values, a.series[i].n * sizeof(double));
		ck_assert_mem_eq(a.series[i].disturbed, b.series[i].disturbed, a.series[i].n);
	}
	result_clear(&a);
	result_clear(&b);
}
END_TEST

START_TEST(holds_one_series_per_id_and_kind)
{
	struct result r = {0};
	struct series first = {.id = "a", .kind = "kvm", .title = "A", .group = "g", .unit = "s"};
	struct series other = {.id = "a", .kind = "kvm", .title = "B", .group = "g", .unit = "s"};

	series_add(result_series(&r, &first), 1, NAN, false);
	series_add(result_series(&r, &other), NAN, NAN, false);
	series_add(result_series(&r, &other), 2, 8, true);
	ck_assert_uint_eq(r.n_series, 1);
	const struct series *s = result_find(&r, "a", "kvm");
	ck_assert_str_eq(s->title, "A");
	ck_assert_uint_eq(s->n, 2); /* NaN was no run */
	ck_assert(isnan(s->x[0]) && s->x[1] == 8);
	ck_assert(!s->disturbed[0] && s->disturbed[1]);
	ck_assert_ptr_null(result_find(&r, "a", "container"));
	result_clear(&r);
}
END_TEST

START_TEST(text_that_is_not_utf8_is_escaped)
{
	struct result r = {.machine = xstrdup("a\xff\"<b>")}, back;
	AUTO_STR json = {0};

	strv_add(&r.notes, "n\xfe");
	result_write_json(&r, &json);
	ck_ok(result_read_json(json.buf, json.len, &back, &err));
	ck_assert_str_eq(back.machine, "a\\xff\"<b>");
	ck_assert_str_eq(back.notes.v[0], "n\\xfe");
	result_clear(&r);
	result_clear(&back);
}
END_TEST

#define TOP    "{\"schema\":1,\"host\":{}"
#define SERIES "\"id\":\"a\",\"kind\":\"kvm\",\"group\":\"g\",\"unit\":\"s\""
static const struct {
	const char *text, *message;
} refused[] = {
        {"", "result: line 1, column 0: '[' or '{' expected near end of file"},
        {"[1]", "result: there is no schema number: this is no output of prov compare"},
        {"{\"schema\":\"1\"}",
                "result: there is no schema number: this is no output of prov compare"},
        {"{\"schema\":2}", "result: schema 2 is not known, this prov reads schema 1"},
        {"{\"schema\":1}", "result: host: missing"},
        {"{\"schema\":1,\"host\":[]}", "result: host: is no object"},
        {"{\"schema\":1,\"host\":{\"cpu\":3}}", "result: host.cpu: is no text"},
        {"{\"schema\":1,\"host\":{\"cpus\":-1}}",
                "result: host.cpus: is no whole number from 0 to 1000000"},
        {TOP ",\"runs\":1.5}", "result: runs: is no whole number from 0 to 1000000"},
        {TOP ",\"cold\":1}", "result: cold: is neither true nor false"},
        {TOP ",\"series\":{}}", "result: series: is no list"},
        {TOP ",\"series\":[7]}", "result: series[0]: is no object"},
        {TOP ",\"series\":[{}]}", "result: series[0].id: missing"},
        {TOP ",\"series\":[{" SERIES ",\"values\":[1,\"x\"]}]}",
                "result: series[0].values[1]: is no finite number"},
        {TOP ",\"series\":[{" SERIES ",\"values\":[1e301]}]}",
                "result: series[0].values[0]: is no finite number"},
        {TOP ",\"series\":[{" SERIES ",\"values\":[1],\"x\":[true]}]}",
                "result: series[0].x[0]: is no finite number"},
        {TOP ",\"series\":[{" SERIES ",\"values\":[1],\"x\":[]}]}",
                "result: series[0].x: is not as long as values"},
        {TOP ",\"series\":[{" SERIES ",\"values\":[1],\"disturbed\":[0]}]}",
                "result: series[0].disturbed: has an entry that is neither true nor false"},
        {TOP ",\"series\":[{" SERIES "},{" SERIES "}]}",
                "result: series[1].id: the same id and kind stand there twice"},
        {TOP ",\"claims\":[{\"id\":\"1\",\"text\":\"t\",\"figure\":\"f\",\"verdict\":\"maybe\"}]}",
                "result: claims[0].verdict: is none of confirmed, refuted, partly, not-testable"},
        {TOP ",\"notes\":[1]}", "result: notes[0]: is no text of at most 64 KiB"},
        {"{\"schema\":1,\"schema\":2}", NULL},
        {"{\"schema\":1,\"host\":{\"cpu\":\"a\\u0000b\"}}", NULL},
        {TOP ",\"series\":[{" SERIES ",\"values\":[NaN]}]}", NULL},
        {TOP ",\"series\":[{" SERIES ",\"values\":[1e999]}]}", NULL},
};

START_TEST(refuses_and_says_where)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct result out = {.runs = 77};
		const char *text = refused[i].text;
		if (refused[i].message) {
			ck_fails(result_read_json(text, strlen(text), &out, &err), ERR_CONFIG,
			        refused[i].message);
		} else {
			err_clear(&err);
			ck_assert_int_eq(result_read_json(text, strlen(text), &out, &err), -1);
			ck_has(err.message, "result: line 1, column ");
		}
		ck_assert_int_eq(out.runs, 77);
		ck_assert_ptr_null(out.series);
	}
}
END_TEST

START_TEST(refuses_what_is_too_deep_or_cut_off)
{
	struct result a, out;
	AUTO_STR deep = {0}, json = {0};

	for (int i = 0; i < 1000000; i++)
		str_add(&deep, "[");
	ck_assert_int_eq(result_read_json(deep.buf, deep.len, &out, &err), -1);
	ck_has(err.message, "maximum parsing depth reached");
	sample_result(&a, 1, 1);
	result_write_json(&a, &json);
	for (size_t n = 0; n + 2 < json.len; n += 997)
		ck_assert_int_eq(result_read_json(json.buf, n, &out, &err), -1);
	result_clear(&a);
}
END_TEST

/* Any byte changed: refused or read, never worse (the sanitizers watch). */
START_TEST(survives_damage)
{
	struct result a, out;
	AUTO_STR json = {0};
	size_t read = 0, tried = 0;

	sample_result(&a, 1, 1);
	struct result small = a;
	small.n_series = 2, small.n_facts = 2, small.n_claims = 2;
	result_write_json(&small, &json);
	for (size_t i = 0; i < json.len; i += 7, tried++) {
		char was = json.buf[i];
		json.buf[i] = (char)("\"{[9,\xff"[tried % 6]);
		if (result_read_json(json.buf, json.len, &out, &err) == 0) {
			result_clear(&out);
			read++;
		}
		json.buf[i] = was;
	}
	ck_assert_uint_gt(read, 0);
	ck_assert_uint_lt(read, tried);
	result_clear(&a);
}
END_TEST

/* What is written has no key that the schema does not describe, and all that it requires. */
static void ck_described(json_t *schema, json_t *value, const char *where)
{
	json_t *properties = json_object_get(schema, "properties"), *required, *item;
	const char *key;
	size_t i;

	if (json_is_array(value))
		json_array_foreach(value, i, item)
		        ck_described(json_object_get(schema, "items"), item, where);
	if (!json_is_object(value))
		return;
	json_object_foreach(value, key, item)
	{
		json_t *of = json_object_get(properties, key);
		ck_assert_msg(of != NULL, "%s.%s is not in the schema", where, key);
		ck_described(of, item, key);
	}
	json_array_foreach(json_object_get(schema, "required"), i, required)
	        ck_assert_msg(json_object_get(value, json_string_value(required)) != NULL,
	                "%s has no %s", where, json_string_value(required));
}

START_TEST(schema_describes_what_is_written)
{
	struct result r;
	AUTO_STR text = {0};
	json_error_t at;
	json_t *schema = json_load_file("docs/compare.schema.json", 0, &at);

	ck_assert_msg(schema != NULL, "docs/compare.schema.json: line %d: %s", at.line, at.text);
	ck_assert_int_eq(
	        json_integer_value(json_object_get(
	                json_object_get(json_object_get(schema, "properties"), "schema"), "const")),
	        RESULT_SCHEMA);
	sample_result(&r, 1, 1);
	result_write_json(&r, &text);
	json_t *written = json_loads(text.buf, 0, &at);
	ck_assert_ptr_nonnull(written);
	ck_described(schema, written, "result");
	json_decref(written);
	json_decref(schema);
	result_clear(&r);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {round_trip, holds_one_series_per_id_and_kind,
	        text_that_is_not_utf8_is_escaped, refuses_and_says_where,
	        refuses_what_is_too_deep_or_cut_off, survives_damage,
	        schema_describes_what_is_written};

	return suite_run("result", tests, ARRAY_SIZE(tests), NULL, NULL);
}
