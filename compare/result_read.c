/* JSON back to a result. The text may come from anywhere: sizes are limited, every value's type is
 * checked, and an error names the place ("series[3].values[2]"). */
#include "compare/result_fields.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT   (64u << 20)
#define MAX_STRING (64u << 10)
#define MAX_LIST   10000
#define MAX_VALUES 1000000
#define MAX_NUMBER 1e300

struct reader {
	struct err *err;
	char place[64]; /* "series[3]", "host", "" for the top */
};

static int wrong(const struct reader *r, const char *key, const char *what)
{
	return err_set(r->err, ERR_CONFIG, "result: %s%s%s: %s", r->place,
	        *r->place && *key ? "." : "", key, what);
}

static int read_text(
        const struct reader *r, json_t *object, const char *key, bool required, char **out)
{
	json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return required ? wrong(r, key, "missing") : 0;
	if (!json_is_string(value))
		return wrong(r, key, "is no text");
	if (json_string_length(value) > MAX_STRING)
		return wrong(r, key, "is longer than 64 KiB");
	free(*out);
	*out = xstrdup(json_string_value(value));
	return 0;
}

static int read_texts(const struct reader *r, json_t *json, const struct text_field *fields,
        size_t n, void *object)
{
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *text = NULL;
		if (read_text(r, json, fields[i].key, fields[i].required, &text) < 0)
			return -1;
		result_field_set(object, &fields[i], STEAL(text));
	}
	return 0;
}

static void drop_texts(const struct text_field *fields, size_t n, void *object)
{
	for (size_t i = 0; i < n; i++)
		result_field_set(object, &fields[i], NULL);
}

static int read_bool(const struct reader *r, json_t *object, const char *key, bool *out)
{
	json_t *value = json_object_get(object, key);

	if (value && !json_is_boolean(value))
		return wrong(r, key, "is neither true nor false");
	*out = json_is_true(value);
	return 0;
}

static int read_int(const struct reader *r, json_t *object, const char *key, int *out)
{
	json_t *value = json_object_get(object, key);

	if (!value)
		return 0;
	json_int_t n = json_integer_value(value);
	if (!json_is_integer(value) || n < 0 || n > 1000000)
		return wrong(r, key, "is no whole number from 0 to 1000000");
	*out = (int)n;
	return 0;
}

static bool number(json_t *value, double *out)
{
	*out = json_number_value(value);
	return json_is_number(value) && isfinite(*out) && fabs(*out) <= MAX_NUMBER;
}

/* A list under a key; NULL and 0 where it is missing and may be. */
static int read_list(
        const struct reader *r, json_t *object, const char *key, size_t max, json_t **out)
{
	json_t *list = json_object_get(object, key);

	*out = list;
	if (list && !json_is_array(list))
		return wrong(r, key, "is no list");
	if (json_array_size(list) > max)
		return wrong(r, key, "has too many entries");
	return 0;
}

static int read_runs(const struct reader *r, json_t *json, struct series *s)
{
	json_t *values, *disturbed, *xs;
	AUTO_FREE char *place = NULL;

	if (read_list(r, json, "values", MAX_VALUES, &values) < 0 ||
	        read_list(r, json, "disturbed", MAX_VALUES, &disturbed) < 0 ||
	        read_list(r, json, "x", MAX_VALUES, &xs) < 0)
		return -1;
	if (disturbed && json_array_size(disturbed) != json_array_size(values))
		return wrong(r, "disturbed", "is not as long as values");
	if (xs && json_array_size(xs) != json_array_size(values))
		return wrong(r, "x", "is not as long as values");
	for (size_t i = 0; i < json_array_size(values); i++) {
		json_t *at = json_array_get(xs, i), *flag = json_array_get(disturbed, i);
		double value, x = NAN;
		if (!number(json_array_get(values, i), &value))
			place = xasprintf("values[%zu]", i);
		else if (xs && !json_is_null(at) && !number(at, &x))
			place = xasprintf("x[%zu]", i);
		if (place)
			return wrong(r, place, "is no finite number");
		if (flag && !json_is_boolean(flag))
			return wrong(r, "disturbed", "has an entry that is neither true nor false");
		series_add(s, value, x, json_is_true(flag));
	}
	return 0;
}

static int read_series(const struct reader *r, json_t *json, struct result *out)
{
	struct series described = {0};
	struct series *s = NULL;
	bool higher = false;
	int rc = read_texts(r, json, result_series_fields, result_n_series_fields, &described);

	if (rc == 0)
		rc = read_bool(r, json, "higher_is_better", &higher);
	if (rc == 0 && result_find(out, described.id, described.kind))
		rc = wrong(r, "id", "the same id and kind stand there twice");
	if (rc == 0) {
		described.higher_is_better = higher;
		s = result_series(out, &described);
		rc = read_runs(r, json, s);
	}
	drop_texts(result_series_fields, result_n_series_fields, &described);
	return rc;
}

static int read_fact(const struct reader *r, json_t *json, struct result *out)
{
	struct fact described = {0};
	int rc = read_texts(r, json, result_fact_fields, result_n_fact_fields, &described);

	if (rc == 0 && result_fact_of(out, described.id, described.kind))
		rc = wrong(r, "id", "the same id and kind stand there twice");
	if (rc == 0)
		result_fact(out, &described);
	drop_texts(result_fact_fields, result_n_fact_fields, &described);
	return rc;
}

static int read_verdict(const struct reader *r, json_t *json, enum verdict *out)
{
	const char *name = json_string_value(json_object_get(json, "verdict"));

	for (int v = VERDICT_CONFIRMED; v <= VERDICT_NOT_TESTABLE; v++)
		if (str_eq(name, verdict_name((enum verdict)v))) {
			*out = (enum verdict)v;
			return 0;
		}
	return wrong(r, "verdict", "is none of confirmed, refuted, partly, not-testable");
}

static int read_claim(const struct reader *r, json_t *json, struct result *out)
{
	struct claim_result described = {0};
	int rc = read_texts(r, json, result_claim_fields, result_n_claim_fields, &described);

	if (rc == 0)
		rc = read_verdict(r, json, &described.verdict);
	if (rc == 0)
		result_claim(out, &described);
	drop_texts(result_claim_fields, result_n_claim_fields, &described);
	return rc;
}

static int read_note(const struct reader *r, json_t *json, struct result *out)
{
	if (!json_is_string(json) || json_string_length(json) > MAX_STRING)
		return wrong(r, "", "is no text of at most 64 KiB");
	strv_add(&out->notes, json_string_value(json));
	return 0;
}

static int read_host(struct reader *r, json_t *root, struct host_info *host)
{
	json_t *json = json_object_get(root, "host");
	json_t *memory = json_object_get(json, "memory_mib");

	if (!json_is_object(json))
		return wrong(r, "host", json ? "is no object" : "missing");
	strcpy(r->place, "host");
	if (memory && !json_is_null(memory) && !number(memory, &host->memory_mib))
		return wrong(r, "memory_mib", "is no finite number");
	if (read_texts(r, json, result_host_fields, result_n_host_fields, host) < 0 ||
	        read_bool(r, json, "emulated", &host->emulated) < 0)
		return -1;
	return read_int(r, json, "cpus", &host->cpus);
}

static int read_top(struct reader *r, json_t *root, struct result *out)
{
	if (read_text(r, root, "box", false, &out->box) < 0 ||
	        read_text(r, root, "machine", false, &out->machine) < 0 ||
	        read_int(r, root, "runs", &out->runs) < 0 ||
	        read_int(r, root, "parallel", &out->parallel) < 0 ||
	        read_bool(r, root, "cold", &out->cold) < 0 ||
	        read_bool(r, root, "complete", &out->complete) < 0)
		return -1;
	return read_host(r, root, &out->host);
}

static const struct {
	const char *key;
	bool objects;
	int (*read)(const struct reader *, json_t *, struct result *);
} lists[] = {
        {"series", true, read_series},
        {"facts", true, read_fact},
        {"claims", true, read_claim},
        {"notes", false, read_note},
};

static int read_lists(struct reader *r, json_t *root, struct result *out)
{
	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		json_t *list;
		r->place[0] = '\0';
		if (read_list(r, root, lists[l].key, MAX_LIST, &list) < 0)
			return -1;
		for (size_t i = 0; i < json_array_size(list); i++) {
			json_t *entry = json_array_get(list, i);
			AUTO_FREE char *place = xasprintf("%s[%zu]", lists[l].key, i);
			memccpy(r->place, place, '\0', sizeof(r->place));
			if (lists[l].objects && !json_is_object(entry))
				return wrong(r, "", "is no object");
			if (lists[l].read(r, entry, out) < 0)
				return -1;
		}
	}
	return 0;
}

static int check_schema(json_t *root, struct err *err)
{
	json_t *schema = json_object_get(root, "schema");

	if (!json_is_object(root) || !json_is_integer(schema))
		return err_set(err, ERR_CONFIG,
		        "result: there is no schema number: this is no output of prov compare");
	if (json_integer_value(schema) == RESULT_SCHEMA)
		return 0;
	err_set(err, ERR_CONFIG, "result: schema %lld is not known, this prov reads schema %d",
	        (long long)json_integer_value(schema), RESULT_SCHEMA);
	return err_hint(err, "a newer prov wrote it: read it with that one");
}

int result_read_json(const char *text, size_t n, struct result *out, struct err *err)
{
	struct reader r = {.err = err};
	struct result read = {0};
	json_error_t at;
	int rc;

	if (n > MAX_TEXT)
		return err_set(err, ERR_CONFIG, "result: larger than 64 MiB");
	json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &at);
	if (!root)
		return err_set(err, ERR_CONFIG, "result: line %d, column %d: %s", at.line,
		        at.column, at.text);
	rc = check_schema(root, err);
	if (rc == 0)
		rc = read_top(&r, root, &read);
	if (rc == 0)
		rc = read_lists(&r, root, &read);
	json_decref(root);
	if (rc < 0) {
		result_clear(&read);
		return -1;
	}
	*out = read;
	return 0;
}
