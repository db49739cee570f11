#include "compare/memory_each.h"

#include "compare/measure.h"

#include <math.h>
#include <stdlib.h>

/* The two ways to read the same memory agree within this factor. */
#define AGREE 1.5
/* What a machine takes of the kernel outside of its own accounting at most: its links, mounts,
 * namespaces and their slabs. */
#define OUTSIDE_MIB 2.0
/* So much of the points' movement the line has to explain. */
#define STEADY_R2 0.9

/* One kind that has been started. */
struct payer {
	const char *kind;
	struct fit line;  /* of the fall of MemAvailable; not valid: there is none */
	double accounted; /* median of what the provider says; NAN: it does not say */
	bool quiet;       /* the host was, beside each point of the line */
	bool steady;      /* the line is believed */
};
struct payers {
	struct payer *v;
	size_t n;
};

static double accounted_for(const struct result *result, const char *kind)
{
	const struct series *total = result_find(result, "memory.total", kind);
	struct summary summary;

	if (!total || !total->n)
		return NAN;
	stats_summary(total->values, total->n, &summary);
	return summary.median;
}

static bool agrees(const struct payer *p)
{
	return p->line.slope < AGREE * p->accounted && p->line.slope * AGREE > p->accounted;
}

/* What others do to the host's memory is no line, or is far from the accounting. */
static bool is_steady(const struct payer *p)
{
	bool alone = p->quiet && p->line.n > 2;

	if (!p->line.valid || !(p->line.slope > 0) || p->line.r2 < STEADY_R2)
		return false;
	if (isnan(p->accounted))
		return alone;
	return agrees(p) || (alone && fabs(p->line.slope - p->accounted) <= OUTSIDE_MIB);
}

/* Through the points beside which the host was quiet, if they make a line; else through all. */
static void fit_quiet(const struct series *s, struct payer *out)
{
	AUTO_FREE double *x = xcalloc(s->n, sizeof(*x));
	AUTO_FREE double *y = xcalloc(s->n, sizeof(*y));
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (s->disturbed[i])
			continue;
		x[n] = s->x[i];
		y[n++] = s->values[i];
	}
	out->quiet = n == s->n;
	if (n > 2)
		stats_fit(x, y, n, &out->line);
	else
		stats_fit(s->x, s->values, s->n, &out->line);
}

/* Many machines are not lost in the noise of a few: where they were started, they are asked first.
 */
static void read_line(const struct result *result, struct payer *p)
{
	static const char *const falls[] = {"density.delta", "memory.delta"};

	for (size_t i = 0; i < ARRAY_SIZE(falls) && !p->steady; i++) {
		const struct series *s = result_find(result, falls[i], p->kind);
		if (!s || s->n < 2 || !s->x)
			continue;
		fit_quiet(s, p);
		p->steady = is_steady(p);
	}
}

static bool has(const struct payers *payers, const char *kind)
{
	for (size_t i = 0; i < payers->n; i++)
		if (str_eq(payers->v[i].kind, kind))
			return true;
	return false;
}

static struct payers find_payers(const struct result *result)
{
	struct payers out = {.v = xcalloc(result->n_series + 1, sizeof(*out.v))};

	for (size_t i = 0; i < result->n_series; i++) {
		const struct series *s = &result->series[i];
		if ((!str_eq(s->id, "memory.total") && !str_eq(s->id, "memory.delta")) ||
		        has(&out, s->kind))
			continue;
		struct payer *p = &out.v[out.n++];
		*p = (struct payer){.kind = s->kind, .accounted = accounted_for(result, s->kind)};
		read_line(result, p);
	}
	return out;
}

static void add_slope(struct result *result, const struct payer *p)
{
	struct series described = measure_series(measure_find("memory.slope"), p->kind);

	if (p->line.valid && p->line.slope > 0)
		series_add(result_series(result, &described), p->line.slope, NAN, !p->steady);
}

static void add_each(struct result *result, const struct payer *p, bool by_fall)
{
	struct series described = measure_series(measure_find("memory.each"), p->kind);

	if (by_fall) {
		described.method = measure_find("memory.slope")->method;
		series_add(result_series(result, &described), p->line.slope, NAN, false);
		return;
	}
	if (isnan(p->accounted))
		return;
	struct series *each = result_series(result, &described);
	const struct series *total = result_find(result, "memory.total", p->kind);
	for (size_t i = 0; i < total->n; i++)
		series_add(each, total->values[i], NAN, total->disturbed[i]);
}

/* "container 16.02 MiB (r² 0.31, accounted 0.11 MiB)" */
static void tell(const struct payer *p, struct str *out)
{
	str_addf(out, "%s%s ", out->len ? ", " : "", p->kind);
	if (p->line.valid)
		str_addf(out, "%.2f MiB (r² %.2f, ", p->line.slope, p->line.r2);
	else
		str_add(out, "not measured (");
	if (isnan(p->accounted))
		str_add(out, "not accounted)");
	else
		str_addf(out, "accounted %.2f MiB)", p->accounted);
}

static void add_notes(struct result *result, const struct payers *payers, bool by_fall)
{
	AUTO_STR figures = {0};

	for (size_t i = 0; i < payers->n; i++)
		if (!by_fall || !agrees(&payers->v[i]))
			tell(&payers->v[i], &figures);
	if (!figures.len)
		return;
	if (by_fall)
		strv_addf(&result->notes,
		        "What MemAvailable falls for one more instance is not what its provider "
		        "accounts for: %s. The difference is memory outside of its processes: page "
		        "cache in use, kernel memory, slabs of the network.",
		        str_text(&figures));
	else
		strv_addf(&result->notes,
		        "The memory for each instance is what the providers account for, in every "
		        "kind, since the fall of MemAvailable is not to be believed for all of "
		        "them "
		        "(others' memory moved meanwhile, or it was not measured). It falls for "
		        "one "
		        "more instance: %s.",
		        str_text(&figures));
}

void memory_each(struct result *result, double spare_mib)
{
	struct payers payers = find_payers(result);
	bool by_fall = true;

	for (size_t i = 0; i < payers.n; i++)
		by_fall = by_fall && payers.v[i].steady;
	for (size_t i = 0; i < payers.n; i++) {
		const struct payer *p = &payers.v[i];
		add_slope(result, p);
		add_each(result, p, by_fall);
		/* The accounting alone leaves out what a machine takes of the kernel. */
		double each = by_fall ? p->line.slope : fmax(p->line.slope, p->accounted);
		if (p->steady && spare_mib > 0)
			measure_add(result, "density.extrapolated", p->kind,
			        floor(spare_mib / each), NAN, NULL);
	}
	add_notes(result, &payers, by_fall);
	free(payers.v);
}
