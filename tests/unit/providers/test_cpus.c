/* Sets of CPUs against those that a host has. */
#include "providers/common/cpus.h"
#include "tests/fake/check_util.h"

#include <stdio.h>

static struct err err;

static void nothing(void)
{
}

START_TEST(what_is_here)
{
	static const char *const sets[] = {"0", "0-3", "3,1", "0-1,2-3", "5", "7-8", "0-3,5"};

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		ck_ok(cpus_check(sets[i], "0-1,2-3,5,7-8", &err));
	ck_ok(cpus_check(NULL, "0-1", &err));
	ck_ok(cpus_check("0-4095", "", &err)); /* the host does not tell */
}
END_TEST

START_TEST(what_is_not)
{
	static const char *const sets[] = {"4", "0-4", "3-5", "0,9", "6-7", "8-9"};

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		AUTO_FREE char *text =
		        xasprintf("cpuset: '%s' asks for CPUs that are not here", sets[i]);
		ck_fails(cpus_check(sets[i], "0-1,2-3,5,7-8", &err), ERR_CONFIG, text);
		ck_assert_str_eq(err.hint, "this host has the CPUs 0-1,2-3,5,7-8");
	}
}
END_TEST

START_TEST(this_host_has_one)
{
	AUTO_STR online = {0};

	cpus_online(&online);
	if (!online.len) {
		printf("SKIP cpus: /sys/devices/system/cpu/online cannot be read\n");
		return;
	}
	ck_ok(cpus_check(str_text(&online), str_text(&online), &err));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {what_is_here, what_is_not, this_host_has_one};

	return suite_run("cpus", tests, ARRAY_SIZE(tests), nothing, nothing);
}
