#include "core/checklist.h"

#include "tests/fake/check_util.h"

START_TEST(rows_are_kept)
{
	struct checklist list = {0};

	checklist_add(&list, CHECK_OK, "kvm", NULL, "hardware");
	checklist_add(&list, CHECK_FAIL, "libvirt", "start libvirtd", "no answer after %d s", 5);
	checklist_add(&list, CHECK_WARN, "disk", "", "low");
	ck_assert_uint_eq(list.n, 3);
	ck_assert_str_eq(list.rows[0].name, "kvm");
	ck_assert_ptr_null(list.rows[0].hint);
	ck_assert_str_eq(list.rows[1].found, "no answer after 5 s");
	ck_assert_str_eq(list.rows[1].hint, "start libvirtd");
	ck_assert_int_eq(list.rows[1].result, CHECK_FAIL);
	ck_assert_ptr_null(list.rows[2].hint);
	checklist_clear(&list);
	ck_assert_uint_eq(list.n, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {rows_are_kept};

	return suite_run("checklist", tests, ARRAY_SIZE(tests), NULL, NULL);
}
