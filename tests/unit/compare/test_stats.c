/*
 * Expected values were computed apart from the C code, in Python: order statistics by its
 * statistics module, bootstrap quantiles exactly (by enumerating all n^n resamples, for n = 11 from
 * the binomial distribution of the median's rank), so that 2,000 draws must land on the same value.
 */
#include "compare/stats.h"

#include "tests/fake/check_util.h"

#include <math.h>

#define near(a, b, by) ck_assert_msg(fabs((a) - (b)) <= (by), "%.9g is not %.9g", (a), (b))

START_TEST(summarises)
{
	static const double odd[] = {18, 10, 40, 12, 25, 14, 13, 11, 21, 15, 16};
	static const double even[] = {3, 1, 4, 1.5, 9, 2.6};
	struct summary s;

	stats_summary(odd, ARRAY_SIZE(odd), &s);
	ck_assert_uint_eq(s.n, 11);
	near(s.min, 10.0, 0);
	near(s.median, 15.0, 0);
	near(s.max, 40.0, 0);
	ck_assert(!s.has_p95);
	/* P(median of a resample <= 12) = 0.0512, <= 11: 0.0072; <= 18: 0.9488, <= 21: 0.9928. */
	near(s.low, 12.0, 0);
	near(s.high, 21.0, 0);
	stats_summary(even, ARRAY_SIZE(even), &s);
	near(s.median, 2.8, 1e-12);
	near(s.low, 1.25, 1e-12);
	near(s.high, 6.5, 1e-12);
}
END_TEST

START_TEST(p95_is_a_nearest_rank_from_20_runs_on)
{
	double v[21];
	struct summary s;

	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = (double)((i * 8) % 21 + 1); /* 1 … 21, shuffled */
	stats_summary(v, 19, &s);
	ck_assert(!s.has_p95);
	stats_summary(v, 21, &s);
	ck_assert(s.has_p95);
	near(s.p95, 20.0, 0); /* ceil(0.95 * 21) = 20 */
	for (size_t i = 0; i < 20; i++)
		v[i] = (double)(20 - i);
	stats_summary(v, 20, &s);
	near(s.p95, 19.0, 0); /* 0.95 * 20 is 19, not 20 by a rounding error */
}
END_TEST

START_TEST(few_and_odd_values)
{
	const double one[] = {7}, none_finite[] = {NAN, INFINITY}, mixed[] = {NAN, 2, 4, -INFINITY};
	struct summary s;

	stats_summary(one, 1, &s);
	near(s.median, 7.0, 0);
	near(s.low, 7.0, 0);
	near(s.high, 7.0, 0);
	stats_summary(none_finite, 2, &s);
	ck_assert_uint_eq(s.n, 0);
	near(s.median, 0.0, 0);
	stats_summary(mixed, 4, &s);
	ck_assert_uint_eq(s.n, 2);
	near(s.median, 3.0, 0);
	stats_summary(NULL, 0, &s);
	ck_assert_uint_eq(s.n, 0);
}
END_TEST

START_TEST(ratio_of_medians)
{
	static const double a[] = {17.2, 16.1, 18.4, 17.9, 16.8},
	                    b[] = {1.31, 1.22, 1.40, 1.28, 1.35};
	struct ratio r, again;

	stats_ratio(a, 5, b, 5, &r);
	ck_assert(r.valid && r.has_interval && r.clear);
	near(r.value, 13.129770992366412, 1e-12);
	near(r.low, 12.0, 1e-9);
	near(r.high, 14.375, 1e-9);
	stats_ratio(a, 5, b, 5, &again);
	ck_assert_mem_eq(&r, &again, sizeof(r));
	stats_ratio(b, 5, a, 5, &r);
	ck_assert(r.clear);
	ck_assert(r.high < 1);
}
END_TEST

START_TEST(ratio_that_claims_nothing)
{
	static const double a[] = {10, 12, 11, 9, 13}, b[] = {11, 10, 12, 9.5, 12.5};
	static const double zero[] = {0, 0, 0};
	struct ratio r;

	stats_ratio(a, 5, b, 5, &r);
	ck_assert(r.valid && r.has_interval && !r.clear);
	ck_assert(r.low < 1 && r.high > 1);
	stats_ratio(a, 2, b, 5, &r); /* two runs: a ratio, no interval, no verdict */
	ck_assert(r.valid && !r.has_interval && !r.clear);
	near(r.low, r.value, 0);
	stats_ratio(a, 5, zero, 3, &r);
	ck_assert(!r.valid);
	stats_ratio(a, 0, b, 5, &r);
	ck_assert(!r.valid);
}
END_TEST

START_TEST(fits_a_line)
{
	static const double x[] = {1, 2, 4, 8, 16}, y[] = {2.1, 3.9, 8.3, 15.8, 32.4};
	static const double with_nan_x[] = {1, NAN, 2, 4, 8, 16};
	static const double with_nan_y[] = {2.1, 100, 3.9, 8.3, 15.8, 32.4};
	struct fit f;

	stats_fit(x, y, 5, &f);
	ck_assert(f.valid);
	near(f.slope, 2.0188172043010755, 1e-12);
	near(f.offset, -0.016666666666667496, 1e-12);
	near(f.r2, 0.9996582734514278, 1e-12);
	near(f.slope_low, 1.9388888888888889, 0.004);
	near(f.slope_high, 2.1, 0.001);
	stats_fit(with_nan_x, with_nan_y, 6, &f);
	ck_assert_uint_eq(f.n, 5);
	near(f.slope, 2.0188172043010755, 1e-12);
}
END_TEST

START_TEST(no_line_through_one_x)
{
	static const double x[] = {3, 3, 3}, y[] = {1, 2, 3};
	struct fit f;

	stats_fit(x, y, 3, &f);
	ck_assert(!f.valid);
	near(f.slope, 0.0, 0);
	stats_fit(x, y, 0, &f);
	ck_assert(!f.valid);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {summarises, p95_is_a_nearest_rank_from_20_runs_on,
	        few_and_odd_values, ratio_of_medians, ratio_that_claims_nothing, fits_a_line,
	        no_line_through_one_x};

	return suite_run("stats", tests, ARRAY_SIZE(tests), NULL, NULL);
}
