/* The terminal of a command in a container, driven from the other side as a user drives it. */
#include "base/clock.h"
#include "tests/unit/transports/exec_open.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

/* The user's side of a terminal. */
static int master, slave;
static pid_t child;
static struct str seen;
static struct termios before;

static void start(const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct transport_cmd cmd = {.argv = script ? argv : NULL};
	struct winsize size = {.ws_row = 40, .ws_col = 100};
	int status = 255;

	ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, &size), 0);
	ck_assert_int_eq(tcgetattr(slave, &before), 0);
	child = fork();
	if (child != 0)
		return;
	close(master);
	login_tty(dup(slave));
	signal(SIGTERM, SIG_DFL); /* Check has handlers */
	signal(SIGINT, SIG_DFL);
	setenv("TERM", "vt100", 1);
	if (t->ops->shell(t, &cmd, &status, &err) < 0)
		dprintf(2, "shell: %s\n", err.message);
	_exit(status);
}

static void wait_for(const char *text)
{
	int64_t deadline = clock_mono_ns() + PATIENCE_NS;
	struct pollfd fd = {master, POLLIN, 0};
	char buf[4096];

	while (!strstr(str_text(&seen), text)) {
		ck_assert_msg(clock_mono_ns() < deadline, "no '%s' in: %s", text, str_text(&seen));
		if (poll(&fd, 1, 100) <= 0)
			continue;
		ssize_t n = read(master, buf, sizeof(buf));
		ck_assert_msg(n > 0, "no '%s' in: %s", text, str_text(&seen));
		str_addn(&seen, buf, (size_t)n);
	}
	str_reset(&seen);
}

static void type(const char *text)
{
	ck_assert_int_eq(write(master, text, strlen(text)), (ssize_t)strlen(text));
}

/* The exit status, once the terminal is as it was. */
static int finish(void)
{
	struct termios after;
	int status;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(tcgetattr(slave, &after), 0);
	ck_assert_uint_eq(after.c_lflag, before.c_lflag);
	ck_assert_uint_eq(after.c_iflag, before.c_iflag);
	ck_assert_uint_eq(after.c_oflag, before.c_oflag);
	str_clear(&seen);
	close(master);
	close(slave);
	return status;
}

START_TEST(terminal_of_its_own)
{
	start("tty; echo $TERM; stty size; exit 5");
	wait_for("/dev/pts/0\r\nvt100\r\n40 100\r\n");
	ck_assert_int_eq(finish(), 5 << 8);
}
END_TEST

START_TEST(terminal_follows_the_window)
{
	struct winsize size = {.ws_row = 50, .ws_col = 120};

	start("trap 'stty size; exit 3' WINCH; echo ready; while :; do sleep 0.02; done");
	wait_for("ready\r\n");
	ck_assert_int_eq(ioctl(master, TIOCSWINSZ, &size), 0);
	wait_for("50 120\r\n");
	ck_assert_int_eq(finish(), 3 << 8);
}
END_TEST

START_TEST(control_c_is_typed_inside)
{
	start("trap 'echo caught; exit 4' INT; echo ready; while :; do sleep 0.02; done");
	wait_for("ready\r\n");
	type("\003");
	wait_for("caught\r\n");
	ck_assert_int_eq(finish(), 4 << 8);
}
END_TEST

/* A program that reads nothing stops what is typed, and nothing else. */
START_TEST(a_flood_stalls_nothing)
{
	struct winsize size = {.ws_row = 50, .ws_col = 120};
	static char flood[65536];

	memset(flood, 'x', sizeof(flood));
	start("stty raw -echo; trap 'echo caught; exit 9' WINCH; echo ready; "
	      "while :; do sleep 0.02; done");
	wait_for("ready");
	ck_assert_int_eq(fcntl(master, F_SETFL, O_NONBLOCK), 0);
	struct pollfd room = {master, POLLOUT, 0};
	while (poll(&room, 1, 300) == 1)
		if (write(master, flood, sizeof(flood)) < 0)
			ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(fcntl(master, F_SETFL, 0), 0);
	ck_assert_int_eq(ioctl(master, TIOCSWINSZ, &size), 0);
	wait_for("caught");
	tcflush(slave, TCIFLUSH);
	ck_assert_int_eq(finish(), 9 << 8);
}
END_TEST

/* What was said before the end arrives, however late somebody reads it. */
START_TEST(last_words_wait_for_their_reader)
{
	static const char script[] =
	        "stty -opost; head -c 24000 /dev/zero | tr '\\0' x; echo the end; exit 3";
	char buf[4096];
	ssize_t n;

	start(script);
	close(slave);
	/* As slow as a terminal of a busy host is: nothing is lost by it. */
	do {
		poll(NULL, 0, 1100);
		n = read(master, buf, sizeof(buf));
		if (n > 0)
			str_addn(&seen, buf, (size_t)n);
	} while (n > 0);
	ck_assert_msg(str_ends(str_text(&seen), "the end\n"), "only %zu bytes came", seen.len);
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 3 << 8);
	str_clear(&seen);
	close(master);
}
END_TEST

START_TEST(login_shell)
{
	start(NULL);
	wait_for("# ");
	type("echo $0 in $(pwd); exit 6\n");
	wait_for("-sh in /root\r\n");
	ck_assert_int_eq(finish(), 6 << 8);
}
END_TEST

/* A login is the login user's; a command is root's, with a terminal as without one. */
START_TEST(a_terminal_changes_no_user)
{
	free(ctr.spec.user);
	ctr.spec.user = xstrdup("ann");
	t->ops->close(t);
	ck_ok(container_provider.connect(ctr.runner.session, 0, NULL, &t, &err));
	start("echo $(id -u) $USER; exit 7");
	wait_for("0 root\r\n");
	ck_assert_int_eq(finish(), 7 << 8);
	start(NULL);
	wait_for("$ ");
	type("echo $(id -u) $USER; exit 8\n");
	wait_for("1000 ann\r\n");
	ck_assert_int_eq(finish(), 8 << 8);
}
END_TEST

START_TEST(signal_restores_the_terminal)
{
	start("echo ready; sleep 1000");
	wait_for("ready\r\n");
	kill(child, SIGTERM);
	int status = finish();
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGTERM);
	ck_assert_int_ne(ctr_sh("grep -l sleep /proc/[0-9]*/comm"), 0);
}
END_TEST

START_TEST(signal_of_the_command)
{
	start("echo ready; kill -KILL $$");
	wait_for("ready\r\n");
	ck_assert_int_eq(finish(), 137 << 8);
}
END_TEST

START_TEST(refuses_a_false_terminal)
{
	ck_assert_int_eq(ctr_sh("mkdir /root/pts; touch /root/pts/ptmx; rm -f /dev/ptmx; "
	                        "ls /dev/pts/ptmx"),
	        0);
	/* devpts is mounted there: the machine cannot put anything else in its place. */
	ck_assert_int_ne(ctr_sh("umount /dev/pts 2>/dev/null || mv /dev/pts /dev/x"), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {terminal_of_its_own, terminal_follows_the_window,
	        control_c_is_typed_inside, a_flood_stalls_nothing, last_words_wait_for_their_reader,
	        login_shell, a_terminal_changes_no_user, signal_restores_the_terminal,
	        signal_of_the_command, refuses_a_false_terminal};

	use_built_modules();
	if (ctr_world_begin() < 0)
		return getenv("PROV_TEST_MUST_RUN") != NULL;
	int rc = suite_run("exec_terminal", tests, ARRAY_SIZE(tests), begin, end);
	ctr_world_end();
	return rc;
}
