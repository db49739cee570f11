/* Users and settings that a command is run with, by exec. */
#include "tests/fake/check_util.h"
#include "transports/exec_env.h"
#include "transports/exec_user.h"

static struct err err;

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
                             "short:x:5:5\n"
                             "many:x:6:6::/h:/s:more\n"
                             "word:x:six:6::/h:/s\n"
                             "minus:x:-1:6::/h:/s\n"
                             "huge:x:4294967295:6::/h:/s\n"
                             "ann:x:1000:100:Ann:/home/ann:\n"
                             "bob:x:1001:100:::/bin/sh";
static const char group[] = "root:x:0:\nusers:x:100:ann\nwheel:x:10:bob,ann\nx:x:nine:ann\n"
                            "annex:x:11:annex\nlast:x:12:ann,bob";

static void check_user(
        const char *who, uid_t uid, gid_t gid, const char *home, const char *shell, size_t n_groups)
{
	struct exec_user user;

	ck_ok(exec_user_parse(who, passwd, group, &user, &err));
	ck_assert_uint_eq(user.uid, uid);
	ck_assert_uint_eq(user.gid, gid);
	ck_assert_str_eq(user.home, home);
	ck_assert_str_eq(user.shell, shell);
	ck_assert_uint_eq(user.n_groups, n_groups);
	exec_user_clear(&user);
}

START_TEST(users_by_name_and_number)
{
	check_user("root", 0, 0, "/root", "/bin/bash", 0);
	check_user("ann", 1000, 100, "/home/ann", "/bin/sh", 2);
	check_user("1000", 1000, 100, "/home/ann", "/bin/sh", 2);
	check_user("bob", 1001, 100, "/", "/bin/sh", 2);
	check_user("4242", 4242, 0, "/", "/bin/sh", 0);
	check_user("ann:wheel", 1000, 10, "/home/ann", "/bin/sh", 0);
	check_user("ann:4242", 1000, 4242, "/home/ann", "/bin/sh", 0);
	check_user("1001:users", 1001, 100, "/", "/bin/sh", 0);
	check_user("4242:4243", 4242, 4243, "/", "/bin/sh", 0);
	check_user("root:0", 0, 0, "/root", "/bin/bash", 0);
}
END_TEST

START_TEST(users_that_are_none)
{
	static const char *const names[] = {"carl", "short", "many", "word", "minus", "huge", "",
	        "-1", "+5", " 5", "5 ", "0x10", "4294967295", "99999999999", "an", "1e3"};
	struct exec_user user;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO_FREE char *text = xasprintf("there is no user '%s' in the machine", names[i]);
		ck_fails(exec_user_parse(names[i], passwd, group, &user, &err), ERR_MISSING, text);
	}
	ck_fails(exec_user_parse(":100", passwd, group, &user, &err), ERR_MISSING,
	        "there is no user '' in the machine");
	ck_ok(exec_user_parse("root", "", "", &user, &err));
	ck_assert_str_eq(user.home, "/root");
	exec_user_clear(&user);
}
END_TEST

START_TEST(groups_that_are_none)
{
	static const char *const names[] = {"", "nosuch", "x", "-1", "+5", " 10", "4294967295",
	        "wheel:", "wheel:10", "whee", "wheel:x:10"};
	struct exec_user user;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO_FREE char *who = xasprintf("ann:%s", names[i]);
		AUTO_FREE char *text = xasprintf("there is no group '%s' in the machine", names[i]);
		ck_fails(exec_user_parse(who, passwd, group, &user, &err), ERR_MISSING, text);
	}
}
END_TEST

START_TEST(later_settings_win)
{
	struct strv env = {0};

	env_set(&env, "A=1");
	env_set(&env, "AB=2");
	env_set(&env, "A=3");
	ck_assert_uint_eq(env.n, 2);
	ck_assert_str_eq(env.v[0], "A=3");
	ck_assert_str_eq(env.v[1], "AB=2");
	strv_clear(&env);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {users_by_name_and_number, users_that_are_none,
	        groups_that_are_none, later_settings_win};

	use_built_modules();
	return suite_run("exec_users", tests, ARRAY_SIZE(tests), NULL, NULL);
}
