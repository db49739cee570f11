/*
 * Statistics of few, skewed runs: order statistics and a bootstrap, no normal distribution assumed.
 * All functions are pure; the bootstrap draws from a generator with a fixed seed, so that the same
 * runs give the same interval.
 */
#pragma once

#include "base/util.h"

struct summary {
	size_t n;
	double min, median, max;
	double p95; /* valid from STATS_P95_RUNS runs on: has_p95 */
	bool has_p95;
	double low, high; /* 95 % bootstrap interval of the median */
};
#define STATS_P95_RUNS 20

/* Values that are not finite are left out everywhere. No value: all fields 0. */
void stats_summary(const double *values, size_t n, struct summary *out);

/* Ratio of medians a/b with a 95 % percentile-bootstrap interval (both samples resampled). */
struct ratio {
	double value, low, high;
	bool valid;        /* both samples have a value and b's median is not 0 */
	bool has_interval; /* both have STATS_INTERVAL_RUNS values; else low = high = value */
	bool clear; /* there is an interval and it leaves 1 out: otherwise "no clear difference" */
};
#define STATS_INTERVAL_RUNS 3
void stats_ratio(const double *a, size_t n_a, const double *b, size_t n_b, struct ratio *out);

/* Least-squares line y = slope x + offset: memory over the number of instances. */
struct fit {
	double slope, offset, r2;
	double slope_low, slope_high; /* 95 % bootstrap over the points */
	size_t n;                     /* points that are finite */
	bool valid;                   /* two different x at least; else all 0 */
};
void stats_fit(const double *x, const double *y, size_t n, struct fit *out);
