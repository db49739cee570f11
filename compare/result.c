#include "compare/result.h"

#include <math.h>
#include <stdlib.h>

static void drop(const char *text)
{
	free((void *)(uintptr_t)text);
}

static void series_clear(struct series *s)
{
	drop(s->id);
	drop(s->kind);
	drop(s->title);
	drop(s->group);
	drop(s->unit);
	drop(s->method);
	free(s->values);
	free(s->disturbed);
	free(s->x);
}

static void fact_clear(struct fact *f)
{
	drop(f->id);
	drop(f->kind);
	drop(f->title);
	drop(f->group);
	drop(f->value);
	drop(f->method);
}

static void claim_clear(struct claim_result *c)
{
	drop(c->id);
	drop(c->text);
	drop(c->source);
	drop(c->figure);
}

static void host_clear(struct host_info *h)
{
	free(h->kernel);
	free(h->cpu);
	free(h->distribution);
	free(h->accelerator);
	free(h->date);
	free(h->emulated_note);
	free(h->prov_version);
}

void result_clear(struct result *result)
{
	host_clear(&result->host);
	free(result->box);
	free(result->machine);
	strv_clear(&result->notes);
	for (size_t i = 0; i < result->n_series; i++)
		series_clear(&result->series[i]);
	for (size_t i = 0; i < result->n_facts; i++)
		fact_clear(&result->facts[i]);
	for (size_t i = 0; i < result->n_claims; i++)
		claim_clear(&result->claims[i]);
	free(result->series);
	free(result->facts);
	free(result->claims);
	*result = (struct result){0};
}

const struct series *result_find(const struct result *result, const char *id, const char *kind)
{
	for (size_t i = 0; i < result->n_series; i++)
		if (str_eq(result->series[i].id, id) && str_eq(result->series[i].kind, kind))
			return &result->series[i];
	return NULL;
}

struct series *result_series(struct result *result, const struct series *described)
{
	const struct series *known = result_find(result, described->id, described->kind);

	if (known)
		return &result->series[known - result->series];
	result->series = xrealloc(result->series, result->n_series + 1, sizeof(result->series[0]));
	struct series *s = &result->series[result->n_series++];
	*s = (struct series){.id = xstrdup(described->id),
	        .kind = xstrdup(described->kind),
	        .title = xstrdup(described->title),
	        .group = xstrdup(described->group),
	        .unit = xstrdup(described->unit),
	        .method = xstrdup(described->method),
	        .higher_is_better = described->higher_is_better};
	return s;
}

void series_add(struct series *series, double value, double x, bool disturbed)
{
	size_t n = series->n;

	if (!isfinite(value))
		return;
	series->values = xrealloc(series->values, n + 1, sizeof(double));
	series->disturbed = xrealloc(series->disturbed, n + 1, sizeof(bool));
	if (isfinite(x) && !series->x) {
		series->x = xcalloc(n + 1, sizeof(double));
		for (size_t i = 0; i < n; i++)
			series->x[i] = NAN;
	} else if (series->x) {
		series->x = xrealloc(series->x, n + 1, sizeof(double));
	}
	series->values[n] = value;
	series->disturbed[n] = disturbed;
	if (series->x)
		series->x[n] = x;
	series->n++;
}

const struct fact *result_fact_of(const struct result *result, const char *id, const char *kind)
{
	for (size_t i = 0; i < result->n_facts; i++)
		if (str_eq(result->facts[i].id, id) && str_eq(result->facts[i].kind, kind))
			return &result->facts[i];
	return NULL;
}

void result_fact(struct result *result, const struct fact *described)
{
	const struct fact *known = result_fact_of(result, described->id, described->kind);

	if (known) {
		struct fact *f = &result->facts[known - result->facts];
		drop(f->value);
		f->value = xstrdup(described->value);
		return;
	}
	result->facts = xrealloc(result->facts, result->n_facts + 1, sizeof(result->facts[0]));
	result->facts[result->n_facts++] = (struct fact){.id = xstrdup(described->id),
	        .kind = xstrdup(described->kind),
	        .title = xstrdup(described->title),
	        .group = xstrdup(described->group),
	        .value = xstrdup(described->value),
	        .method = xstrdup(described->method)};
}

void result_claim(struct result *result, const struct claim_result *described)
{
	result->claims = xrealloc(result->claims, result->n_claims + 1, sizeof(result->claims[0]));
	result->claims[result->n_claims++] = (struct claim_result){.id = xstrdup(described->id),
	        .text = xstrdup(described->text),
	        .source = xstrdup(described->source),
	        .verdict = described->verdict,
	        .figure = xstrdup(described->figure)};
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {"confirmed", "refuted", "partly", "not-testable"};

	return names[verdict];
}
