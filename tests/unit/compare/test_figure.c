#include "compare/figure.h"

#include "tests/fake/check_util.h"

#include <math.h>

START_TEST(units_that_fit)
{
	static const struct {
		double value;
		const char *unit, *text;
	} rows[] = {
	        {0.0351, "s", "35.1 ms"},
	        {0.000999, "s", "999 µs"},
	        {0.9996, "s", "1000 ms"},
	        {17.24, "s", "17.2 s"},
	        {9.996, "s", "10.0 s"},
	        {0, "s", "0 s"},
	        {599, "s", "599 s"},
	        {900, "s", "15.0 min"},
	        {250, "ns", "250 ns"},
	        {123456, "ns", "123 µs"},
	        {3, "us", "3.00 µs"},
	        {1228.8, "MiB", "1.20 GiB"},
	        {0.5, "MiB", "512 KiB"},
	        {290.4, "MiB", "290 MiB"},
	        {2048, "MiB/s", "2.00 GiB/s"},
	        {40, "count", "40"},
	        {12400, "count", "12,400"},
	        {33.333, "%", "33.3 %"},
	        {-1.5, "MiB", "−1.50 MiB"},
	        {1234567, "1/s", "1,234,567 1/s"},
	        {0.00123, "", "0.00123"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_STR s = {0};
		figure_add(&s, rows[i].value, rows[i].unit);
		ck_assert_str_eq(str_text(&s), rows[i].text);
	}
}
END_TEST

START_TEST(spread_is_in_the_unit_of_the_median)
{
	struct summary some = {.n = 5, .min = 0.9, .median = 1.1, .max = 2},
	               one = {.n = 1, .median = 3};
	AUTO_STR s = {0};

	figure_summary(&s, &some, "s");
	ck_assert_str_eq(s.buf, "1.10 s [0.90–2.00]");
	str_reset(&s);
	some.n = 20, some.has_p95 = true, some.p95 = 1.9;
	figure_summary(&s, &some, "s");
	ck_assert_str_eq(s.buf, "1.10 s [0.90–2.00, p95 1.90]");
	str_reset(&s);
	figure_summary(&s, &one, "count");
	ck_assert_str_eq(s.buf, "3");
	str_reset(&s);
	figure_summary(&s, &(struct summary){0}, "s");
	ck_assert_str_eq(s.buf, "–");
}
END_TEST

START_TEST(verdicts)
{
	static const struct {
		struct ratio ratio;
		const char *text;
	} rows[] = {
	        {{12.1, 11, 13.4, true, true, true}, "kvm 12× (11–13)"},
	        {{1.02, 0.97, 1.06, true, true, false},
	                "kvm 1.02× (0.97–1.06): no clear difference"},
	        {{3.41, 3.3, 3.6, true, true, true}, "kvm 3.4× (3.3–3.6)"},
	        {{0.0123, 0.011, 0.014, true, true, true}, "kvm 0.012× (0.011–0.014)"},
	        {{4, 4, 4, true, false, false}, "kvm 4.0×: too few runs"},
	        {{1234, 1100, 1400, true, true, true}, "kvm 1234× (1100–1400)"},
	        {{12345, 11000, 14000, true, true, true}, "kvm 12,345× (11,000–14,000)"},
	        {{.valid = false}, ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_STR s = {0};
		figure_verdict(&s, "kvm", &rows[i].ratio);
		ck_assert_str_eq(str_text(&s), rows[i].text);
	}
}
END_TEST

START_TEST(what_one_more_costs)
{
	static const struct {
		struct fit fit;
		const char *text;
	} rows[] = {
	        {{.slope = 1.21, .slope_low = 1.18, .slope_high = 1.25, .n = 4, .valid = true},
	                "1.21 MiB each [1.18–1.25]"},
	        {{.slope = -155, .slope_low = -180, .slope_high = 12, .n = 4, .valid = true},
	                "does not rise"},
	        {{.valid = false}, "–"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_STR text = {0};
		figure_fit(&text, &rows[i].fit, "MiB");
		ck_assert_str_eq(str_text(&text), rows[i].text);
	}
}
END_TEST

START_TEST(survives_any_number)
{
	static const double odd[] = {NAN, INFINITY, -INFINITY, 1e300, -1e300, 5e-324, 1e-9};

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		AUTO_STR s = {0};
		struct summary summary = {.n = 2, .min = odd[i], .median = odd[i], .max = odd[i]};
		figure_summary(&s, &summary, "s");
		figure_summary(&s, &summary, "count");
		figure_summary(&s, &summary, "MiB");
		ck_assert_uint_lt(s.len, 1200);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {units_that_fit, spread_is_in_the_unit_of_the_median, verdicts,
	        what_one_more_costs, survives_any_number};

	return suite_run("figure", tests, ARRAY_SIZE(tests), NULL, NULL);
}
