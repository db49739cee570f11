/* The streams of a command over SSH: how much passes, what becomes of what nobody reads, and when a
 * command has ended. OpenSSH, and dropbear with busybox's tools. */
#include "base/clock.h"
#include "base/digest.h"
#include "base/io.h"
#include "tests/unit/transports/ssh_open.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

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
	        .argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1, .timeout_ns = 3000000000};
	struct str out[2] = {{0}, {0}};
	struct err err = {0};
	int status = -1;

	if (!begin(_i))
		return;
	cmd.user = _i == 0 ? FAKE_SSHD_USER : NULL;
	ck_assert_int_eq(t->ops->run(t, &cmd, &status, &err), -1);
	ck_assert_str_eq(err.message, "'sh' ran longer than 3 s");
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
		skip_case("no network can be made to be cut");
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
	const struct sshd_case both[] = {
	        {"big", test_ten_megabytes_there_and_back},
	        {"unread input", test_input_that_nobody_reads},
	        {"daemon", test_a_daemon_left_behind_holds_nobody_up},
	        {"daemon", test_a_daemon_that_writes_on_holds_nobody_up},
	        {"timeout", test_timeout_kills_everything},
	        {"unread output", test_output_that_nobody_reads},
	        {"stop", test_stop},
	        {"lost", test_lost_connection},
	};
	Suite *s = sshd_suite("ssh_streams", both, ARRAY_SIZE(both), 60);

	TCase *tc = tcase_create("nobody");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_power_cut);
	suite_add_tcase(s, tc);
	return suite_finish(s);
}
