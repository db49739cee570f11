#include "compare/claims.h"

#include "compare/figure.h"

#include <math.h>
#include <stdlib.h>

double claim_median(const struct result *result, const char *id, const char *kind)
{
	const struct series *s = result_find(result, id, kind);
	struct summary summary;

	if (!s || !s->n)
		return NAN;
	stats_summary(s->values, s->n, &summary);
	return summary.median;
}

double claim_max(const struct result *result, const char *id, const char *kind)
{
	const struct series *s = result_find(result, id, kind);
	double max = NAN;

	for (size_t i = 0; s && i < s->n; i++)
		max = isnan(max) || s->values[i] > max ? s->values[i] : max;
	return max;
}

bool claim_figure(struct answer *out, const struct result *result, const char *id,
        const char *label, const char *kind)
{
	const struct series *s = result_find(result, id, kind);

	if (!s || !s->n)
		return false;
	str_addf(&out->figure, "%s%s ", out->figure.len ? "; " : "", label);
	figure_add(&out->figure, claim_median(result, id, kind), s->unit);
	return true;
}

void claim_say(struct answer *out, enum verdict verdict, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	AUTO_FREE char *text = xvasprintf(fmt, ap);
	va_end(ap);
	out->verdict = verdict;
	str_addf(&out->figure, "%s%s", out->figure.len && *text ? "; " : "", text);
}

const char *claim_fact(const struct result *result, const char *id, const char *kind)
{
	const struct fact *fact = result_fact_of(result, id, kind);

	return fact ? fact->value : NULL;
}
