/* Limits as data: weights from one scale to another. */
#include "engine/cgroup/cgroup_limits.h"
#include "tests/fake/check_util.h"

static void nothing(void)
{
}

START_TEST(weights_are_converted)
{
	ck_assert_int_eq(cgroup_weight_of_shares(2), 1);
	ck_assert_int_eq(cgroup_weight_of_shares(1024), 39);
	ck_assert_int_eq(cgroup_weight_of_shares(262144), 10000);
	ck_assert_int_eq(cgroup_weight_of_shares(0), 1);
	ck_assert_int_eq(cgroup_shares_of_weight(100), 1024);
	ck_assert_int_eq(cgroup_shares_of_weight(1), 10);
	ck_assert_int_eq(cgroup_shares_of_weight(10000), 102400);
	ck_assert_int_eq(cgroup_io_weight_of_blkio(10), 1);
	ck_assert_int_eq(cgroup_io_weight_of_blkio(500), 4950);
	ck_assert_int_eq(cgroup_io_weight_of_blkio(1000), 10000);
	ck_assert_int_eq(cgroup_bfq_of_io_weight(100), 100);
	ck_assert_int_eq(cgroup_bfq_of_io_weight(10000), 1000);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {weights_are_converted};

	return suite_run("cgroup_limits", tests, ARRAY_SIZE(tests), nothing, nothing);
}
