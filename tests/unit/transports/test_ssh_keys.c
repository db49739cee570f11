/* The key pairs, judged by the programs that must read them: ssh-keygen and dropbearkey. */
#include "transports/ssh/module.h"

#include "base/fs.h"
#include "base/proc.h"
#include "tests/fake/check_util.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char dir[] = "/tmp/prov-test-keys-XXXXXX";

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
	struct err err = {0};

	ck_assert_msg(fs_remove_tree(dir, &err) == 0, "%s", err.message);
}

static bool have(const char *tool)
{
	const char *const argv[] = {"sh", "-c", "command -v \"$0\"", tool, NULL};

	return proc_check(argv, NULL, NULL) == 0;
}

/* "TYPE BASE64" of the line that has a key. */
static char *key_of(const char *text)
{
	char type[32], base64[128];
	const char *line = strstr(text, "ssh-ed25519 ");

	ck_assert_msg(
	        line && sscanf(line, "%31s %127s", type, base64) == 2, "no key in '%s'", text);
	return xasprintf("%s %s", type, base64);
}

static char *public_by(const char *tool, const char *path)
{
	struct err err = {0};
	AUTO_STR out = {0};
	const char *const argv[] = {tool, "-y", "-f", path, NULL};

	ck_assert_msg(proc_check(argv, &out, &err) == 0, "%s", err.message);
	return key_of(str_text(&out));
}

static void agree(const char *tool, const void *bytes, size_t n, const char *public_line)
{
	struct err err = {0};
	AUTO_FREE char *path = xasprintf("%s/%s.key", dir, tool);

	ck_assert_msg(fs_replace(path, bytes, n, 0600, &err) == 0, "%s", err.message);
	AUTO_FREE char *theirs = public_by(tool, path);
	AUTO_FREE char *ours = key_of(public_line);
	ck_assert_str_eq(theirs, ours);
}

START_TEST(test_tools_agree)
{
	struct err err = {0};
	struct key_pair pair = {0};

	ck_assert_msg(prov_keys.generate("prov lab", &pair, &err) == 0, "%s", err.message);
	ck_assert(str_starts(pair.private_key, "-----BEGIN OPENSSH PRIVATE KEY-----\n"));
	ck_assert(str_ends(pair.private_key, "\n-----END OPENSSH PRIVATE KEY-----\n"));
	ck_assert(str_ends(pair.public_line, " prov lab\n"));
	ck_assert_uint_eq(pair.dropbear_n, 4 + 11 + 4 + 64);
	if (have("ssh-keygen"))
		agree("ssh-keygen", pair.private_key, strlen(pair.private_key), pair.public_line);
	else
		skip_case("there is no ssh-keygen");
	if (have("dropbearkey"))
		agree("dropbearkey", pair.dropbear, pair.dropbear_n, pair.public_line);
	else
		skip_case("there is no dropbearkey");
	key_pair_clear(&pair);
}
END_TEST

START_TEST(test_every_pair_is_new)
{
	struct err err = {0};
	struct key_pair a = {0}, b = {0};

	ck_assert_int_eq(prov_keys.generate("x", &a, &err), 0);
	ck_assert_int_eq(prov_keys.generate("x", &b, &err), 0);
	ck_assert_str_ne(a.public_line, b.public_line);
	ck_assert_str_ne(a.private_key, b.private_key);
	key_pair_clear(&a);
	key_pair_clear(&b);
	ck_assert_ptr_null(a.private_key);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ssh_keys");
	TCase *tc = tcase_create("keys");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_tools_agree);
	tcase_add_test(tc, test_every_pair_is_new);
	suite_add_tcase(s, tc);
	return suite_finish(s);
}
