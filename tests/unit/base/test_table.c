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

/* Between words, below the column's own beginning; a word that is too long for it stays whole. */
START_TEST(the_last_column_goes_on_below_itself)
{
	static const struct {
		size_t screen;
		const char *wanted;
	} rows[] = {
	        {0, "disk  warning  the caf\303\251 of the host is nearly full\n"},
	        {80, "disk  warning  the caf\303\251 of the host is nearly full\n"},
	        {35,
	                "disk  warning  the caf\303\251 of the host\n"
	                "               is nearly full\n"},
	        {34, "disk  warning  the caf\303\251 of the host is nearly full\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_STR out = {0};
		struct table t;
		table_init(&t, 3);
		t.screen = rows[i].screen;
		table_row(&t, "disk", "warning", "the caf\303\251 of the host is nearly full");
		table_print(&t, &out);
		ck_assert_str_eq(str_text(&out), rows[i].wanted);
		table_clear(&t);
	}
	AUTO_STR out = {0};
	struct table t;
	table_init(&t, 1);
	t.screen = 20;
	table_row(&t, "at /a/path/that/is/longer/than/it x");
	table_row(&t, "");
	table_print(&t, &out);
	ck_assert_str_eq(str_text(&out), "at\n/a/path/that/is/longer/than/it\nx\n\n");
	table_clear(&t);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {columns_align, the_last_column_goes_on_below_itself};

	return suite_run("table", tests, ARRAY_SIZE(tests), NULL, NULL);
}
