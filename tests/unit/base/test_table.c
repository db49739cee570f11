#include "base/table.h"

#include "tests/fake/check_util.h"

START_TEST(columns_align)
{
	AUTO_STR out = {0};
	struct table t;

	table_init(&t, 3);
	table_row(&t, "NAME", "STATE", "BOX");
	table_row(&t, "caf\303\251", NULL, "debian/12");
	table_row(&t, "web@container", "running", "");
	table_print(&t, &out);
	ck_assert_str_eq(str_text(&out),
	        "NAME           STATE    BOX\n"
	        "caf\303\251           -        debian/12\n"
	        "web@container  running\n");
	table_clear(&t);
	table_init(&t, 2);
	str_reset(&out);
	table_print(&t, &out);
	ck_assert_str_eq(str_text(&out), "");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {columns_align};

	return suite_run("table", tests, ARRAY_SIZE(tests), NULL, NULL);
}
