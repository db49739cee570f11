/* The SSH transport against real servers: OpenSSH, and dropbear with busybox's tools. */
#include "tests/fake/sshd.h"
#include "transports/ssh/module.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/fs.h"
#include "tests/fake/check_util.h"

#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fake_sshd sshd;
static struct transport *t;

static void skip(const char *why)
{
	ck_assert_msg(!getenv("PROV_TEST_MUST_RUN"), "must run, but %s", why);
	printf("SKIP %s\n", why);
	fflush(stdout);
}

/* Loop tests: 0 is OpenSSH, 1 dropbear. False: skipped. */
static bool begin(int kind)
{
	struct err err = {0};
	const char *why = fake_sshd_missing((enum fake_sshd_kind)kind);

	if (why) {
		skip(why);
		return false;
	}
	ck_assert_msg(
	        fake_sshd_start(&sshd, (enum fake_sshd_kind)kind, &err) == 0, "%s", err.message);
	ck_assert_msg(prov_ssh.open(&sshd.target, 0, NULL, &t, &err) == 0, "%s", err.message);
	return true;
}

static void end(void)
{
	if (t)
		t->ops->close(t);
	t = NULL;
	fake_sshd_stop(&sshd);
}

static void collect(void *ctx, int stream, const char *data, size_t n)
{
	struct str *both = ctx;

	str_addn(&both[stream - 1], data, n);
}

static int run_cmd(struct transport_cmd *cmd, struct str both[2])
{
	struct err err = {0};
	int status = -1;

	cmd->output = collect;
	cmd->ctx = both;
	ck_assert_msg(t->ops->run(t, cmd, &status, &err) == 0, "%s", err.message);
	return status;
}

static int run_sh(const char *script, struct str both[2])
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct transport_cmd cmd = {.argv = argv, .in_fd = -1};

	return run_cmd(&cmd, both);
}

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

/* Not a multiple of any block, every byte value. */
#define BIG_BYTES (10 * 1024 * 1024 + 7)

static int big_file(char digest[DIGEST_HEX_LEN + 1])
{
	struct err err = {0};
	int fd = memfd_create("big", MFD_CLOEXEC);
	unsigned char *bytes = xmalloc(BIG_BYTES);
	uint32_t x = 1;

	for (size_t i = 0; i < BIG_BYTES; i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = (unsigned char)(x >> 24);
	}
	ck_assert_int_eq(io_write_all(fd, bytes, BIG_BYTES, &err), 0);
	digest_bytes(bytes, BIG_BYTES, digest);
	free(bytes);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

START_TEST(test_ten_megabytes_there_and_back)
{
	const char *const argv[] = {"cat", NULL};
	char sent[DIGEST_HEX_LEN + 1], got[DIGEST_HEX_LEN + 1];
	struct err err = {0};
	int status = -1;

	if (!begin(_i))
		return;
	AUTO_FD int in = big_file(sent);
	AUTO_FD int out = memfd_create("out", MFD_CLOEXEC);
	struct transport_cmd cmd = {.argv = argv, .in_fd = in, .out_fd = out, .err_fd = -1};
	ck_assert_msg(t->ops->run(t, &cmd, &status, &err) == 0, "%s", err.message);
	ck_assert_int_eq(status, 0);
	lseek(out, 0, SEEK_SET);
	ck_assert_int_eq(digest_fd(out, got, &err), 0);
	ck_assert_str_eq(got, sent);
	end();
}
END_TEST

START_TEST(test_input_that_nobody_reads)
{
	const char *const argv[] = {"sh", "-c", "exec <&-; echo done", NULL};
	char digest[DIGEST_HEX_LEN + 1];
	struct str out[2] = {{0}, {0}};

	if (!begin(_i))
		return;
	AUTO_FD int in = big_file(digest);
	struct transport_cmd cmd = {.argv = argv, .in_fd = in};
	ck_assert_int_eq(run_cmd(&cmd, out), 0);
	ck_assert_str_eq(str_text(&out[0]), "done\n");
	str_clear(&out[0]);
	str_clear(&out[1]);
	end();
}
END_TEST

START_TEST(test_a_daemon_left_behind_holds_nobody_up)
{
	struct str out[2] = {{0}, {0}};
	int64_t begun = clock_mono_ns();

	if (!begin(_i))
		return;
	ck_assert_int_eq(run_sh("sleep 100 & echo left", out), 0);
	ck_assert_int_lt(clock_mono_ns() - begun, INT64_C(90000000000));
	ck_assert_str_eq(str_text(&out[0]), "left\n");
	str_clear(&out[0]);
	str_clear(&out[1]);
	end();
}
END_TEST

START_TEST(test_a_daemon_that_writes_on_holds_nobody_up)
{
	struct str out[2] = {{0}, {0}};
	int64_t begun = clock_mono_ns();

	if (!begin(_i))
		return;
	/* It ends itself where nobody ends it. */
	ck_assert_int_eq(
	        run_sh("(for i in $(seq 200); do echo on; sleep 0.5; done) & exit 3", out), 3);
	ck_assert_int_lt(clock_mono_ns() - begun, INT64_C(90000000000));
	str_clear(&out[0]);
	str_clear(&out[1]);
	end();
}
END_TEST

/* Its children too, and those that left its session. */
START_TEST(test_timeout_kills_everything)
{
	const char *const argv[] = {"sh", "-c",
	        "setsid sleep 4321 & sleep 4321 & (trap '' TERM; sleep 4321) & wait", NULL};
	struct transport_cmd cmd = {
	        .argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1, .timeout_ns = 1000000000};
	struct str out[2] = {{0}, {0}};
	struct err err = {0};
	int status = -1;

	if (!begin(_i))
		return;
	cmd.user = _i == 0 ? FAKE_SSHD_USER : NULL;
	ck_assert_int_eq(t->ops->run(t, &cmd, &status, &err), -1);
	ck_assert_str_eq(err.message, "'sh' ran longer than 1 s");
	ck_assert_int_eq(err.kind, ERR_FAILED);
	/* The session goes on, and nothing of it is left. */
	ck_assert_int_eq(
	        run_sh("ps | grep '[s]leep 4321'; ps ax | grep '[s]leep 4321'; true", out), 0);
	ck_assert_str_eq(str_text(&out[0]), "");
	str_clear(&out[0]);
	str_clear(&out[1]);
	end();
}
END_TEST

/* `yes | head` in a container ends likewise. */
START_TEST(test_output_that_nobody_reads)
{
	const char *const argv[] = {"sh", "-c", "while echo 4323; do :; done", NULL};
	volatile int stop = 0;
	struct transport_cmd cmd = {.argv = argv, .in_fd = -1, .err_fd = -1, .stop = &stop};
	struct str out[2] = {{0}, {0}};
	struct err err = {0};
	int status = -1, fds[2];

	if (!begin(_i))
		return;
	ck_assert_int_eq(pipe(fds), 0);
	close(fds[0]);
	cmd.out_fd = fds[1];
	ck_assert_msg(t->ops->run(t, &cmd, &status, &err) == 0, "%s", err.message);
	ck_assert_int_eq(status, 141);
	close(fds[1]);
	ck_assert_int_eq(
	        run_sh("ps | grep '[e]cho 4323'; ps ax | grep '[e]cho 4323'; true", out), 0);
	ck_assert_str_eq(str_text(&out[0]), "");
	str_clear(&out[0]);
	str_clear(&out[1]);
	end();
}
END_TEST

START_TEST(test_stop)
{
	const char *const argv[] = {"sleep", "4322", NULL};
	volatile int stop = 1;
	struct transport_cmd cmd = {
	        .argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1, .stop = &stop};
	struct err err = {0};
	int status = -1;

	if (!begin(_i))
		return;
	ck_assert_int_eq(t->ops->run(t, &cmd, &status, &err), -1);
	ck_assert_int_eq(err.kind, ERR_INTERRUPTED);
	ck_assert_str_eq(err.message, "interrupted");
	struct str out[2] = {{0}, {0}};
	ck_assert_int_eq(run_sh("echo again", out), 0);
	ck_assert_str_eq(str_text(&out[0]), "again\n");
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

START_TEST(test_nobody_answers)
{
	struct ssh_target target = {"127.0.0.1", 1, "student", "/no/key", "/no/hosts"};

	refused(&target, ERR_BUSY, "nobody answers at root@127.0.0.1:1 yet: Connection refused");
	target.host = "not-an-address";
	refused(&target, ERR_FAILED, "'not-an-address' is not an address");
}
END_TEST

START_TEST(test_lost_connection)
{
	const char *const argv[] = {"true", NULL};
	struct transport_cmd cmd = {.argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1};
	struct err err = {0};
	int status = -1;

	if (!begin(_i))
		return;
	fake_sshd_kill(&sshd);
	ck_assert_int_eq(t->ops->run(t, &cmd, &status, &err), -1);
	ck_assert_msg(strstr(err.message, "the connection to root@127.0.0.1:") &&
	                strstr(err.message, " was lost"),
	        "%s", err.message);
	end();
}
END_TEST

/* In a network of its own, which is cut: nobody says that the connection has ended. */
START_TEST(test_power_cut)
{
	AUTO_FREE char *mark = xasprintf("/tmp/prov-test-cut-%d", getpid());
	AUTO_FREE char *script = xasprintf("echo >%s; exec sleep 1000", mark);
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct transport_cmd cmd = {.argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1};
	struct err err = {0};
	int status = -1;

	if (fake_sshd_missing(FAKE_OPENSSH) || unshare(CLONE_NEWNET) < 0 ||
	        system("ip link set lo up") != 0) {
		skip("no network can be made to be cut");
		return;
	}
	ck_assert(begin(FAKE_OPENSSH));
	int64_t begun = clock_mono_ns();
	pid_t cutter = fork();
	if (cutter == 0) {
		while (access(mark, F_OK) < 0)
			usleep(10000);
		execlp("ip", "ip", "link", "set", "lo", "down", NULL);
		_exit(1);
	}
	ck_assert_int_eq(t->ops->run(t, &cmd, &status, &err), -1);
	ck_assert_msg(strstr(err.message, " was lost") != NULL, "%s", err.message);
	ck_assert_int_lt(clock_mono_ns() - begun, INT64_C(90000000000));
	ck_assert_int_eq(waitpid(cutter, NULL, 0), cutter);
	unlink(mark);
	end();
}
END_TEST

int main(void)
{
	const struct {
		const char *name;
		const TTest *test;
	} both[] = {
	        {"status", test_status},
	        {"streams", test_streams_are_apart},
	        {"words", test_words_and_environment_arrive_unread},
	        {"equals", test_program_with_an_equals_sign},
	        {"user", test_user},
	        {"big", test_ten_megabytes_there_and_back},
	        {"unread input", test_input_that_nobody_reads},
	        {"daemon", test_a_daemon_left_behind_holds_nobody_up},
	        {"daemon", test_a_daemon_that_writes_on_holds_nobody_up},
	        {"timeout", test_timeout_kills_everything},
	        {"unread output", test_output_that_nobody_reads},
	        {"stop", test_stop},
	        {"trust", test_only_the_known_host_and_the_given_key},
	        {"lost", test_lost_connection},
	};
	Suite *s = suite_create("ssh");

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		TCase *tc = tcase_create(both[i].name);
		tcase_set_timeout(tc, 60);
		tcase_add_loop_test(tc, both[i].test, 0, 2);
		suite_add_tcase(s, tc);
	}
	TCase *tc = tcase_create("nobody");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_nobody_answers);
	tcase_add_test(tc, test_power_cut);
	suite_add_tcase(s, tc);
	return suite_finish(s);
}
