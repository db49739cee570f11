/* The SSH transport against real servers: what of a command arrives, and who is let in. OpenSSH,
 * and dropbear with busybox's tools. */
#include "tests/unit/transports/ssh_open.h"

#include "base/fs.h"
#include "tests/fake/check_util.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

START_TEST(test_status)
{
	static const struct {
		const char *script;
		int status;
	} cases[] = {
	        {"exit 0", 0},
	        {"exit 7", 7},
	        {"exit 255", 255},
	        {"kill -KILL $$", 137},
	        {"kill -TERM $$", 143},
	        {"kill -SEGV $$", 139},
	};
	const char *const absent[] = {"/no/such/program", NULL};
	const char *const folder[] = {"/etc", NULL};
	struct transport_cmd no_program = {.argv = absent, .in_fd = -1};
	struct transport_cmd no_exec = {.argv = folder, .in_fd = -1};
	struct str out[2] = {{0}, {0}};

	if (!begin(_i))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_int_eq(run_sh(cases[i].script, out), cases[i].status);
	ck_assert_int_eq(run_cmd(&no_program, out), 127);
	ck_assert_int_eq(run_cmd(&no_exec, out), 126);
	no_program.cwd = "/no/such/folder";
	ck_assert_int_eq(run_cmd(&no_program, out), 126);
	str_clear(&out[0]);
	str_clear(&out[1]);
	end();
}
END_TEST

START_TEST(test_streams_are_apart)
{
	struct str out[2] = {{0}, {0}};

	if (!begin(_i))
		return;
	ck_assert_int_eq(run_sh("echo one; echo two >&2; cat; echo end", out), 0);
	ck_assert_str_eq(str_text(&out[0]), "one\nend\n");
	ck_assert_str_eq(str_text(&out[1]), "two\n");
	str_clear(&out[0]);
	str_clear(&out[1]);
	end();
}
END_TEST

START_TEST(test_words_and_environment_arrive_unread)
{
	const char *const argv[] = {"sh", "-c",
	        "printf '<%s>' \"$@\" \"$A\" \"$B\" \"$PWD\" \"$C\"", "sh", "it's", "",
	        "$HOME `id`", "two\nlines", "*", "-n", "\\", NULL};
	const char *const env[] = {"A=it's \"quoted\" $HOME", "B=two\nlines", "C=", "A.B=x", NULL};
	struct transport_cmd cmd = {.argv = argv, .env = env, .cwd = "/tmp", .in_fd = -1};
	struct str out[2] = {{0}, {0}};

	if (!begin(_i))
		return;
	ck_assert_int_eq(run_cmd(&cmd, out), 0);
	ck_assert_str_eq(str_text(&out[0]),
	        "<it's><><$HOME `id`><two\nlines><*><-n><\\>"
	        "<it's \"quoted\" $HOME><two\nlines></tmp><>");
	str_clear(&out[0]);
	str_clear(&out[1]);
	end();
}
END_TEST

START_TEST(test_program_with_an_equals_sign)
{
	const char *const argv[] = {"/tmp/a=b", "x", NULL};
	const char *const env[] = {"A=1", NULL};
	struct transport_cmd cmd = {.argv = argv, .env = env, .in_fd = -1};
	struct str out[2] = {{0}, {0}};

	if (!begin(_i))
		return;
	ck_assert_int_eq(run_cmd(&cmd, out), 127);
	str_clear(&out[0]);
	str_clear(&out[1]);
	end();
}
END_TEST

START_TEST(test_user)
{
	const char *const argv[] = {"sh", "-c", "id -un; pwd; echo \"$HOME $X\"; exit 5", NULL};
	const char *const env[] = {"X=it's", NULL};
	struct transport_cmd cmd = {.argv = argv, .env = env, .user = FAKE_SSHD_USER, .in_fd = -1};
	struct str out[2] = {{0}, {0}};

	if (!begin(_i))
		return;
	AUTO_FREE char *wanted =
	        xasprintf("%s\n%s/home\n%s/home it's\n", FAKE_SSHD_USER, sshd.dir, sshd.dir);
	ck_assert_int_eq(run_cmd(&cmd, out), 5);
	ck_assert_str_eq(str_text(&out[0]), wanted);
	str_clear(&out[0]);
	str_clear(&out[1]);
	cmd.user = "nosuchuser";
	ck_assert_int_eq(run_cmd(&cmd, out), 125);
	ck_assert_str_eq(str_text(&out[1]), "prov: there is no user 'nosuchuser' in the machine\n");
	cmd.user = "--help";
	ck_assert_int_eq(run_cmd(&cmd, out), 125);
	struct err why = {0};
	int status = -1;
	cmd.user = FAKE_SSHD_USER ":0";
	ck_assert_int_eq(t->ops->run(t, &cmd, &status, &why), -1);
	ck_assert_str_eq(
	        why.message, "'" FAKE_SSHD_USER ":0': a group can be named for containers only");
	ck_assert_str_eq(why.hint,
	        "over SSH a command runs as a user that the machine has, by "
	        "name or number, with that user's groups");
	str_clear(&out[0]);
	str_clear(&out[1]);
	end();
}
END_TEST

static void refused(const struct ssh_target *target, enum err_kind kind, const char *text)
{
	struct err err = {0};
	struct transport *none = NULL;

	ck_assert_int_eq(prov_ssh.open(target, 0, NULL, &none, &err), -1);
	ck_assert_int_eq(err.kind, kind);
	ck_assert_msg(strstr(err.message, text), "'%s' is not in '%s'", text, err.message);
	ck_assert_ptr_null(none);
}

START_TEST(test_only_the_known_host_and_the_given_key)
{
	if (!begin(_i))
		return;
	struct ssh_target target = sshd.target;
	target.known_hosts = sshd.other_known_hosts;
	AUTO_FREE char *where = xasprintf("is not the one in '%s'", sshd.other_known_hosts);
	refused(&target, ERR_FAILED, where);
	target.known_hosts = "/no/such/file";
	refused(&target, ERR_FAILED, "'/no/such/file' has no host key for root@127.0.0.1");
	target.known_hosts = sshd.known_hosts;
	target.key = sshd.other_key;
	AUTO_FREE char *key = xasprintf("refused the key '%s'", sshd.other_key);
	refused(&target, ERR_FAILED, key);
	target.key = "/no/such/key";
	refused(&target, ERR_FAILED, "cannot read the private key '/no/such/key'");
	end();
}
END_TEST

/* A machine is the same at each of its addresses. */
START_TEST(test_known_by_another_name)
{
	AUTO_STR known = {0};
	struct err err = {0};
	struct transport *again = NULL;

	if (!begin(_i))
		return;
	struct ssh_target target = sshd.target;
	/* A path as a user may have it: "%d" is the home folder in the settings of SSH. */
	AUTO_FREE char *path = xasprintf("%s.%%d", sshd.known_hosts);
	ck_ok(fs_read(sshd.known_hosts, 65536, &known, &err));
	char *key = strchr(str_text(&known), ' ');
	ck_assert_ptr_nonnull(key);
	AUTO_FREE char *text = xasprintf("[web-kvm]:%d%s", target.port, key);
	ck_ok(fs_replace(path, text, strlen(text), 0600, &err));
	target.known_hosts = path;
	AUTO_FREE char *where = xasprintf("'%s' has no host key for root@127.0.0.1", path);
	refused(&target, ERR_FAILED, where);
	target.known_as = "web-kvm";
	ck_ok(prov_ssh.open(&target, 0, NULL, &again, &err));
	again->ops->close(again);
	unlink(path);
	end();
}
END_TEST

START_TEST(test_nobody_answers)
{
	struct ssh_target target = {.host = "127.0.0.1",
	        .port = 1,
	        .user = "student",
	        .key = "/no/key",
	        .known_hosts = "/no/hosts"};

	refused(&target, ERR_BUSY, "nobody answers at root@127.0.0.1:1 yet: Connection refused");
	target.host = "not-an-address";
	refused(&target, ERR_FAILED, "'not-an-address' is not an address");
}
END_TEST

int main(void)
{
	const struct sshd_case both[] = {
	        {"status", test_status},
	        {"streams", test_streams_are_apart},
	        {"words", test_words_and_environment_arrive_unread},
	        {"equals", test_program_with_an_equals_sign},
	        {"user", test_user},
	        {"trust", test_only_the_known_host_and_the_given_key},
	        {"alias", test_known_by_another_name},
	};
	Suite *s = sshd_suite("ssh", both, ARRAY_SIZE(both), 60);

	TCase *tc = tcase_create("nobody");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_nobody_answers);
	suite_add_tcase(s, tc);
	return suite_finish(s);
}
