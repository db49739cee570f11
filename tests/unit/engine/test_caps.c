#include "engine/caps.h"
#include "tests/fake/check_util.h"

#include <linux/capability.h>

#define BIT(cap) (UINT64_C(1) << (cap))

START_TEST(names_in_either_form)
{
	static const char *const same[] = {
	        "NET_ADMIN", "CAP_NET_ADMIN", "net_admin", "cap_net_admin", "Cap_Net_admin"};
	struct err err;
	uint64_t mask;

	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		ck_ok(caps_parse(same[i], &mask, &err));
		ck_assert_uint_eq(mask, BIT(CAP_NET_ADMIN));
	}
	ck_ok(caps_parse("all", &mask, &err));
	ck_assert_uint_eq(mask, caps_all());
	ck_assert_uint_eq(mask & BIT(CAP_SYS_ADMIN), BIT(CAP_SYS_ADMIN));
	ck_assert_uint_eq(mask & (mask + 1), 0); /* without a gap */
}
END_TEST

START_TEST(unknown_names)
{
	static const char *const bad[] = {"", "CAP_", "12", "cap_12", "NET ADMIN", "everything"};
	struct err err;
	uint64_t mask = 7;

	ck_fails(caps_parse("NET_ADMN", &mask, &err), ERR_CONFIG,
	        "there is no capability 'NET_ADMN'");
	ck_assert_str_eq(err.hint, "did you mean NET_ADMIN?");
	ck_assert_uint_eq(mask, 7);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO_FREE char *text = xasprintf("there is no capability '%s'", bad[i]);
		ck_fails(caps_parse(bad[i], &mask, &err), ERR_CONFIG, text);
		ck_assert(*err.hint);
	}
}
END_TEST

static uint64_t choose(uint64_t base, const char *add, const char *drop)
{
	AUTO_STRV adds = {0}, drops = {0};
	struct err err;
	uint64_t mask = 0;

	if (add)
		strv_add(&adds, add);
	if (drop)
		strv_add(&drops, drop);
	ck_ok(caps_choose(base, &adds, &drops, &mask, &err));
	return mask;
}

START_TEST(added_and_dropped)
{
	uint64_t base = caps_container();

	ck_assert_uint_eq(choose(base, NULL, NULL), base);
	ck_assert_uint_eq(choose(base, "NET_ADMIN", NULL), base | BIT(CAP_NET_ADMIN));
	ck_assert_uint_eq(choose(base, NULL, "net_raw"), base & ~BIT(CAP_NET_RAW));
	ck_assert_uint_eq(choose(base, NULL, "ALL"), 0);
	ck_assert_uint_eq(choose(base, "CHOWN", "ALL"), BIT(CAP_CHOWN));
	ck_assert_uint_eq(choose(base, "all", "SYS_ADMIN"), caps_all() & ~BIT(CAP_SYS_ADMIN));
}
END_TEST

START_TEST(what_containers_keep)
{
	static const int never[] = {CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_MKNOD,
	        CAP_SYS_PTRACE, CAP_NET_ADMIN, CAP_DAC_READ_SEARCH, CAP_SYS_TIME, CAP_SYSLOG,
	        CAP_BPF, CAP_PERFMON, CAP_SYS_BOOT, CAP_AUDIT_WRITE};

	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		ck_assert_uint_eq(caps_container() & BIT(never[i]), 0);
	ck_assert_int_eq(__builtin_popcountll(caps_container()), 12);
}
END_TEST

START_TEST(names_of_a_mask)
{
	AUTO_STRV names = {0};

	caps_names(BIT(CAP_CHOWN) | BIT(CAP_BPF) | BIT(63), &names);
	ck_assert_uint_eq(names.n, 3);
	ck_assert_str_eq(names.v[0], "CAP_CHOWN");
	ck_assert_str_eq(names.v[1], "CAP_BPF");
	ck_assert_str_eq(names.v[2], "63");
}
END_TEST

START_TEST(sets_of_a_user)
{
	struct caps root = caps_of(5, true), user = caps_of(5, false);

	ck_assert_uint_eq(root.bounding, 5);
	ck_assert_uint_eq(root.effective, 5);
	ck_assert_uint_eq(root.permitted, 5);
	ck_assert_uint_eq(root.inheritable | root.ambient, 0);
	ck_assert_uint_eq(user.bounding, 5);
	ck_assert_uint_eq(user.effective | user.permitted | user.inheritable | user.ambient, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {names_in_either_form, unknown_names, added_and_dropped,
	        what_containers_keep, names_of_a_mask, sets_of_a_user};

	return suite_run("caps", tests, ARRAY_SIZE(tests), NULL, NULL);
}
