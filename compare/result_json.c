/* A result as JSON: every single run, and what is derived from them for programs that do not want
 * to compute it. */
#include "compare/result_fields.h"
#include "compare/view.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOST(name)   offsetof(struct host_info, name)
#define SERIES(name) offsetof(struct series, name)
#define FACT(name)   offsetof(struct fact, name)
#define CLAIM(name)  offsetof(struct claim_result, name)

const struct text_field result_host_fields[] = {
        {"kernel", HOST(kernel), false},
        {"cpu", HOST(cpu), false},
        {"distribution", HOST(distribution), false},
        {"accelerator", HOST(accelerator), false},
        {"date", HOST(date), false},
        {"emulated_note", HOST(emulated_note), false},
        {"prov_version", HOST(prov_version), false},
};
const struct text_field result_series_fields[] = {
        {"id", SERIES(id), true},
        {"kind", SERIES(kind), true},
        {"title", SERIES(title), false},
        {"group", SERIES(group), true},
        {"unit", SERIES(unit), true},
        {"method", SERIES(method), false},
};
const struct text_field result_fact_fields[] = {
        {"id", FACT(id), true},
        {"kind", FACT(kind), true},
        {"title", FACT(title), false},
        {"group", FACT(group), true},
        {"value", FACT(value), true},
        {"method", FACT(method), false},
};
const struct text_field result_claim_fields[] = {
        {"id", CLAIM(id), true},
        {"text", CLAIM(text), true},
        {"source", CLAIM(source), false},
        {"figure", CLAIM(figure), false},
};
const size_t result_n_host_fields = ARRAY_SIZE(result_host_fields);
const size_t result_n_series_fields = ARRAY_SIZE(result_series_fields);
const size_t result_n_fact_fields = ARRAY_SIZE(result_fact_fields);
const size_t result_n_claim_fields = ARRAY_SIZE(result_claim_fields);

static const char *field_text(const void *object, const struct text_field *field)
{
	char *text;

	memcpy(&text, (const char *)object + field->offset, sizeof(text));
	return text;
}

void result_field_set(void *object, const struct text_field *field, char *text)
{
	char *was;

	memcpy(&was, (char *)object + field->offset, sizeof(was));
	free(was);
	memcpy((char *)object + field->offset, &text, sizeof(text));
}

/* What is not UTF-8 is written escaped: JSON cannot hold it and no report would show it. */
static void put_text(json_t *object, const char *key, const char *text)
{
	AUTO_STR safe = {0};

	if (!text)
		return;
	json_t *plain = json_string(text);
	if (!plain) {
		str_add_escaped(&safe, text, strlen(text));
		plain = json_string(str_text(&safe));
	}
	json_object_set_new(object, key, plain);
}

static json_t *texts(const void *object, const struct text_field *fields, size_t n)
{
	json_t *out = json_object();

	for (size_t i = 0; i < n; i++)
		put_text(out, fields[i].key, field_text(object, &fields[i]));
	return out;
}

static void put_number(json_t *object, const char *key, double value)
{
	json_object_set_new(object, key, isfinite(value) ? json_real(value) : json_null());
}

static json_t *numbers(const double *values, size_t n)
{
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
		        out, isfinite(values[i]) ? json_real(values[i]) : json_null());
	return out;
}

static json_t *summary_json(const struct view *view, const struct series *s)
{
	const struct view_row *row = view_row(view, s->id);
	struct summary summary;
	json_t *out = json_object();
	AUTO_STR text = {0};

	view_summary(s, &summary);
	put_number(out, "min", summary.min);
	put_number(out, "median", summary.median);
	put_number(out, "max", summary.max);
	if (summary.has_p95)
		put_number(out, "p95", summary.p95);
	put_number(out, "median_low", summary.low);
	put_number(out, "median_high", summary.high);
	view_figure(row, s, &text);
	put_text(out, "text", str_text(&text));
	return out;
}

static json_t *fit_json(const struct series *s)
{
	struct fit fit;
	json_t *out = json_object();

	stats_fit(s->x, s->values, s->n, &fit);
	put_number(out, "slope", fit.slope);
	put_number(out, "slope_low", fit.slope_low);
	put_number(out, "slope_high", fit.slope_high);
	put_number(out, "offset", fit.offset);
	put_number(out, "r2", fit.r2);
	return out;
}

static json_t *series_json(const struct view *view, const struct series *s)
{
	json_t *out = texts(s, result_series_fields, result_n_series_fields);
	json_t *disturbed = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(disturbed, json_boolean(s->disturbed[i]));
	json_object_set_new(out, "higher_is_better", json_boolean(s->higher_is_better));
	json_object_set_new(out, "values", numbers(s->values, s->n));
	json_object_set_new(out, "disturbed", disturbed);
	if (s->x)
		json_object_set_new(out, "x", numbers(s->x, s->n));
	if (s->n)
		json_object_set_new(out, "summary", summary_json(view, s));
	if (s->n && view_row(view, s->id)->curve && s->x)
		json_object_set_new(out, "fit", fit_json(s));
	return out;
}

static json_t *ratio_json(const struct view_row *row, const struct series *of)
{
	struct ratio ratio;
	AUTO_STR text = {0};

	view_ratio(of, row->base, &ratio);
	if (!ratio.valid)
		return NULL;
	json_t *out = json_object();
	put_text(out, "id", row->id);
	put_text(out, "kind", of->kind);
	put_text(out, "to", row->base->kind);
	put_number(out, "value", ratio.value);
	if (ratio.has_interval) {
		put_number(out, "low", ratio.low);
		put_number(out, "high", ratio.high);
	}
	json_object_set_new(out, "clear", json_boolean(ratio.clear));
	figure_verdict(&text, of->kind, &ratio);
	put_text(out, "text", str_text(&text));
	return out;
}

static json_t *ratios_json(const struct view *view)
{
	json_t *out = json_array();

	for (size_t r = 0; r < view->n_rows; r++)
		for (size_t k = 0; k < view->n_kinds; k++) {
			json_t *ratio = ratio_json(&view->rows[r], view->rows[r].cells[k]);
			if (ratio)
				json_array_append_new(out, ratio);
		}
	return out;
}

static json_t *host_json(const struct host_info *host)
{
	json_t *out = texts(host, result_host_fields, result_n_host_fields);

	json_object_set_new(out, "emulated", json_boolean(host->emulated));
	json_object_set_new(out, "cpus", json_integer(host->cpus));
	put_number(out, "memory_mib", host->memory_mib);
	return out;
}

static json_t *claim_json(const struct claim_result *claim)
{
	json_t *out = texts(claim, result_claim_fields, result_n_claim_fields);

	json_object_set_new(out, "verdict", json_string(verdict_name(claim->verdict)));
	return out;
}

static json_t *lists_json(const struct result *result, json_t *out)
{
	json_t *notes = json_array(), *facts = json_array(), *claims = json_array();
	AUTO_STR safe = {0};

	for (size_t i = 0; i < result->notes.n; i++) {
		json_t *note = json_string(result->notes.v[i]);
		str_reset(&safe);
		str_add_escaped(&safe, result->notes.v[i], strlen(result->notes.v[i]));
		json_array_append_new(notes, note ? note : json_string(str_text(&safe)));
	}
	for (size_t i = 0; i < result->n_facts; i++)
		json_array_append_new(
		        facts, texts(&result->facts[i], result_fact_fields, result_n_fact_fields));
	for (size_t i = 0; i < result->n_claims; i++)
		json_array_append_new(claims, claim_json(&result->claims[i]));
	json_object_set_new(out, "notes", notes);
	json_object_set_new(out, "facts", facts);
	json_object_set_new(out, "claims", claims);
	return out;
}

void result_write_json(const struct result *result, struct str *out)
{
	AUTO_VIEW view;
	json_t *root = json_object(), *series = json_array();

	view_make(result, &view);
	json_object_set_new(root, "schema", json_integer(RESULT_SCHEMA));
	json_object_set_new(root, "what", json_string("prov compare"));
	json_object_set_new(root, "host", host_json(&result->host));
	put_text(root, "box", result->box);
	put_text(root, "machine", result->machine);
	json_object_set_new(root, "runs", json_integer(result->runs));
	json_object_set_new(root, "parallel", json_integer(result->parallel));
	json_object_set_new(root, "cold", json_boolean(result->cold));
	json_object_set_new(root, "complete", json_boolean(result->complete));
	for (size_t i = 0; i < result->n_series; i++)
		json_array_append_new(series, series_json(&view, &result->series[i]));
	json_object_set_new(root, "series", series);
	json_object_set_new(root, "ratios", ratios_json(&view));
	char *text = json_dumps(lists_json(result, root), JSON_INDENT(1) | JSON_REAL_PRECISION(17));
	str_add(out, text ? text : "{}");
	str_add(out, "\n");
	free(text);
	json_decref(root);
}
