#include "compare/kind.h"

#include "tests/fake/check_util.h"

static const struct compare_kind **kinds;
static size_t n;
static struct err err;

START_TEST(all_that_are_offered)
{
	ck_ok(kinds_choose(NULL, &kinds, &n, &err));
	ck_assert_uint_eq(n, 4);
	ck_assert_str_eq(kinds[0]->name, "process");
	ck_assert_ptr_null(kinds[0]->provider);
	ck_assert_str_eq(kinds[1]->name, "container");
	ck_assert_str_eq(kinds[2]->name, "container+init");
	ck_assert_str_eq(kinds[3]->name, "kvm");
	free(kinds);
}
END_TEST

START_TEST(a_list_in_any_order)
{
	ck_ok(kinds_choose("kvm,container,kvm", &kinds, &n, &err));
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(kinds[0]->name, "container");
	ck_assert_str_eq(kinds[1]->name, "kvm");
	free(kinds);
}
END_TEST

START_TEST(refused_by_name)
{
	ck_fails(kinds_choose("kvm,contaner", &kinds, &n, &err), ERR_USAGE,
	        "there is no kind 'contaner'");
	ck_assert_str_eq(err.hint, "did you mean 'container'?");
	ck_fails(kinds_choose("kvm-warm", &kinds, &n, &err), ERR_USAGE,
	        "the kind 'kvm-warm' is not offered yet: virtual machines are not started from a "
	        "saved state yet");
	ck_fails(kinds_choose("", &kinds, &n, &err), ERR_USAGE, "the list of kinds is empty");
}
END_TEST

/* Two kinds in one lab must not share machines. */
START_TEST(rows_are_apart)
{
	for (size_t i = 0; i < n_compare_kinds; i++) {
		ck_assert(!compare_kinds[i].provider == !compare_kinds[i].machine);
		for (size_t k = 0; k < i; k++) {
			ck_assert_str_ne(compare_kinds[i].name, compare_kinds[k].name);
			if (compare_kinds[i].machine && compare_kinds[k].machine)
				ck_assert_str_ne(
				        compare_kinds[i].machine, compare_kinds[k].machine);
		}
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
	        all_that_are_offered, a_list_in_any_order, refused_by_name, rows_are_apart};

	return suite_run("kind", tests, ARRAY_SIZE(tests), NULL, NULL);
}
