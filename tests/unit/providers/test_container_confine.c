#include "providers/container/confine.h"
#include "tests/fake/check_util.h"

#include <linux/capability.h>
#include <string.h>
#include <unistd.h>

#define BIT(cap) (UINT64_C(1) << (cap))

static struct err err;
static struct machine_spec spec;
static char *home;

static void set_up(void)
{
	home = tmp_begin();
	setenv("PROV_HOME", home, 1);
	spec_init(&spec);
	spec.selector = xstrdup("web@container");
}

static void tear_down(void)
{
	spec_clear(&spec);
	tmp_end(home);
}

START_TEST(as_declared)
{
	struct confine c;

	strv_add(&spec.container.caps_add, "net_admin");
	strv_add(&spec.container.caps_drop, "NET_RAW");
	spec.container.no_new_privileges = true;
	ck_ok(container_confine(&spec, &c, &err));
	ck_assert_uint_eq(
	        c.caps.bounding, (caps_container() | BIT(CAP_NET_ADMIN)) & ~BIT(CAP_NET_RAW));
	ck_assert_uint_eq(c.caps.effective, c.caps.bounding);
	ck_assert_uint_eq(c.caps.permitted, c.caps.bounding);
	ck_assert_uint_eq(c.caps.inheritable | c.caps.ambient, 0);
	ck_assert(c.no_new_privileges && c.new_keyring);
	ck_assert_uint_eq(c.umask, 022);
	ck_assert_uint_gt(c.filter.n, 100);
	confine_clear(&c);
	AUTO_FREE char *cache = xasprintf("%s/cache/seccomp", home);
	AUTO_STRV kept = {0};
	ck_ok(fs_list(cache, &kept, &err));
	ck_assert_uint_eq(kept.n, 1);
}
END_TEST

START_TEST(privileged_lifts_it)
{
	struct confine c;

	spec.container.privileged = true;
	ck_ok(container_confine(&spec, &c, &err));
	ck_assert_uint_eq(c.caps.effective, caps_all());
	ck_assert_ptr_null(c.filter.code);
	confine_clear(&c);
}
END_TEST

START_TEST(unknown_capability)
{
	struct confine c;

	strv_add(&spec.container.caps_drop, "NET_ROW");
	ck_fails(container_confine(&spec, &c, &err), ERR_CONFIG,
	        "container.capabilities: there is no capability 'NET_ROW'");
	ck_assert_str_eq(err.hint, "did you mean NET_RAW?");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {as_declared, privileged_lifts_it, unknown_capability};

	use_built_modules();
	return suite_run("container-confine", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
