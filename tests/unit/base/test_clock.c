#include "base/clock.h"

#include "tests/fake/check_util.h"

static struct err err;

START_TEST(formats)
{
	static const struct {
		int64_t ns;
		const char *text;
	} rows[] = {
	        {0, "0.0 ms"},
	        {400000, "0.4 ms"},
	        {9940000, "9.9 ms"},
	        {9960000, "10 ms"},
	        {999400000, "999 ms"},
	        {999600000, "1.0 s"},
	        {12340000000, "12.3 s"},
	        {59940000000, "59.9 s"},
	        {59960000000, "1 min 00 s"},
	        {125000000000, "2 min 05 s"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[16];
		clock_format(text, rows[i].ns);
		ck_assert_str_eq(text, rows[i].text);
	}
	char longest[16];
	clock_format(longest, INT64_MAX);
	ck_assert_uint_lt(strlen(longest), sizeof(longest));
}
END_TEST

START_TEST(clocks)
{
	int64_t a = clock_mono_ns(), b = clock_mono_ns();

	ck_assert_int_le(a, b);
	ck_assert_int_gt(clock_wall_ns(), 1600000000000000000);
}
END_TEST

START_TEST(boot_id)
{
	char id[BOOT_ID_LEN + 1], again[BOOT_ID_LEN + 1];

	ck_ok(clock_boot_id(id, &err));
	ck_ok(clock_boot_id(again, &err));
	ck_assert_uint_eq(strlen(id), BOOT_ID_LEN);
	ck_assert_str_eq(id, again);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {formats, clocks, boot_id};

	return suite_run("clock", tests, ARRAY_SIZE(tests), NULL, NULL);
}
