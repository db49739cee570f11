#include "compare/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RESAMPLES 2000
#define SEED      UINT64_C(0x70726f7620636d70)

/* SplitMix64 (Steele, Lea, Flood 2014): full period, good enough for choosing runs. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static size_t below(uint64_t *state, size_t n)
{
	return (size_t)(((next(state) >> 32) * (uint64_t)n) >> 32);
}

static int ascending(const void *a, const void *b)
{
	double x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* The finite values, ascending; the caller frees. */
static double *sorted_copy(const double *values, size_t n, size_t *kept)
{
	double *out = xcalloc(n, sizeof(double));

	*kept = 0;
	for (size_t i = 0; i < n; i++)
		if (isfinite(values[i]))
			out[(*kept)++] = values[i];
	qsort(out, *kept, sizeof(double), ascending);
	return out;
}

static double middle(const double *sorted, size_t n)
{
	return n % 2 ? sorted[n / 2] : sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
}

/* The smallest of ascending values that at least percent % of them reach. */
static double nearest_rank(const double *sorted, size_t n, double percent)
{
	size_t rank = (size_t)ceil(percent / 100 * (double)n - 1e-9);

	return sorted[rank < 1 ? 0 : rank > n ? n - 1 : rank - 1];
}

/* A resample needs no sorting: how often each of the sorted values was drawn gives its median. */
static double resampled_median(const double *sorted, size_t n, uint32_t *drawn, uint64_t *state)
{
	size_t seen = 0, i = 0;

	memset(drawn, 0, n * sizeof(*drawn));
	for (size_t k = 0; k < n; k++)
		drawn[below(state, n)]++;
	while ((seen += drawn[i]) < (n + 1) / 2)
		i++;
	if (n % 2 || seen > n / 2)
		return sorted[i];
	double lower = sorted[i];
	while (!drawn[++i])
		;
	return lower / 2 + sorted[i] / 2;
}

static void interval(double *draws, size_t n, double *low, double *high)
{
	if (!n)
		return;
	qsort(draws, n, sizeof(double), ascending);
	*low = nearest_rank(draws, n, 2.5);
	*high = nearest_rank(draws, n, 97.5);
}

void stats_summary(const double *values, size_t n, struct summary *out)
{
	size_t kept;
	AUTO_FREE double *sorted = sorted_copy(values, n, &kept);
	AUTO_FREE double *draws = xcalloc(RESAMPLES, sizeof(double));
	AUTO_FREE uint32_t *drawn = xcalloc(kept, sizeof(*drawn));
	uint64_t state = SEED;

	*out = (struct summary){.n = kept};
	if (!kept)
		return;
	out->min = sorted[0];
	out->median = middle(sorted, kept);
	out->max = sorted[kept - 1];
	out->has_p95 = kept >= STATS_P95_RUNS;
	if (out->has_p95)
		out->p95 = nearest_rank(sorted, kept, 95);
	for (size_t i = 0; i < RESAMPLES; i++)
		draws[i] = resampled_median(sorted, kept, drawn, &state);
	interval(draws, RESAMPLES, &out->low, &out->high);
}

void stats_ratio(const double *a, size_t n_a, const double *b, size_t n_b, struct ratio *out)
{
	size_t kept_a, kept_b, n = 0;
	AUTO_FREE double *sorted_a = sorted_copy(a, n_a, &kept_a);
	AUTO_FREE double *sorted_b = sorted_copy(b, n_b, &kept_b);
	AUTO_FREE double *draws = xcalloc(RESAMPLES, sizeof(double));
	AUTO_FREE uint32_t *drawn = xcalloc(kept_a + kept_b, sizeof(*drawn));
	uint64_t state = SEED;

	*out = (struct ratio){0};
	if (!kept_a || !kept_b || middle(sorted_b, kept_b) == 0)
		return;
	out->value = middle(sorted_a, kept_a) / middle(sorted_b, kept_b);
	out->valid = isfinite(out->value);
	out->low = out->high = out->value;
	/* One or two runs know nothing of their spread: an interval would claim to. */
	if (!out->valid || kept_a < STATS_INTERVAL_RUNS || kept_b < STATS_INTERVAL_RUNS)
		return;
	for (size_t i = 0; i < RESAMPLES; i++) {
		double x = resampled_median(sorted_a, kept_a, drawn, &state);
		double y = resampled_median(sorted_b, kept_b, drawn, &state);
		if (isfinite(x / y))
			draws[n++] = x / y;
	}
	interval(draws, n, &out->low, &out->high);
	out->has_interval = true;
	out->clear = out->low > 1 || out->high < 1;
}

struct line {
	double slope, offset, r2;
};

/* Centred sums: no cancellation where x is large. False: all x are the same. */
static bool least_squares(
        const double *x, const double *y, const size_t *pick, size_t n, struct line *out)
{
	double mx = 0, my = 0, sxx = 0, sxy = 0, syy = 0;

	for (size_t i = 0; i < n; i++) {
		mx += x[pick[i]] / (double)n;
		my += y[pick[i]] / (double)n;
	}
	for (size_t i = 0; i < n; i++) {
		double dx = x[pick[i]] - mx, dy = y[pick[i]] - my;
		sxx += dx * dx;
		sxy += dx * dy;
		syy += dy * dy;
	}
	if (!(sxx > 0))
		return false;
	*out = (struct line){.slope = sxy / sxx,
	        .offset = my - sxy / sxx * mx,
	        .r2 = syy > 0 ? sxy * sxy / (sxx * syy) : 1};
	return true;
}

void stats_fit(const double *x, const double *y, size_t n, struct fit *out)
{
	AUTO_FREE size_t *points = xcalloc(n, sizeof(size_t));
	AUTO_FREE size_t *pick = xcalloc(n, sizeof(size_t));
	AUTO_FREE double *draws = xcalloc(RESAMPLES, sizeof(double));
	uint64_t state = SEED;
	struct line line;
	size_t kept = 0, drawn = 0;

	for (size_t i = 0; i < n; i++)
		if (isfinite(x[i]) && isfinite(y[i]))
			points[kept++] = i;
	*out = (struct fit){.n = kept};
	if (!kept || !least_squares(x, y, points, kept, &line))
		return;
	*out = (struct fit){line.slope, line.offset, line.r2, line.slope, line.slope, kept, true};
	for (size_t i = 0; i < RESAMPLES; i++) {
		for (size_t k = 0; k < kept; k++)
			pick[k] = points[below(&state, kept)];
		if (least_squares(x, y, pick, kept, &line))
			draws[drawn++] = line.slope;
	}
	interval(draws, drawn, &out->slope_low, &out->slope_high);
}
