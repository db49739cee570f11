/*
 * The interactive terminal, driven from the other side of a pseudo-terminal as a user drives it.
 * Each test runs against OpenSSH with the host's tools and against dropbear with busybox's.
 */
#include "transports/ssh/module.h"

#include "base/clock.h"
#include "base/str.h"
#include "tests/fake/sshd_case.h"

#include <check.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#define PATIENCE_NS INT64_C(60000000000)

static const int endings[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};

static struct fake_sshd sshd;
static int master, slave;
static pid_t child;
static struct str seen;
static struct termios before;

static bool begin(int kind)
{
	struct winsize size = {.ws_row = 40, .ws_col = 100};

	if (!sshd_begin(&sshd, kind))
		return false;
	ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, &size), 0);
	ck_assert_int_eq(tcgetattr(slave, &before), 0);
	return true;
}

/* The user's process: its terminal is the slave; input replaces standard input unless -1. */
static void start(const struct transport_cmd *cmd, int input)
{
	struct err err = {0};
	struct transport *t;
	int status = 255;

	child = fork();
	if (child != 0)
		return;
	close(master);
	login_tty(dup(slave));
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		signal(endings[i], SIG_DFL); /* Check has handlers */
	if (input >= 0)
		dup2(input, STDIN_FILENO);
	setenv("TERM", "vt100", 1);
	if (prov_ssh.open(&sshd.target, 0, NULL, &t, &err) < 0)
		dprintf(2, "open: %s\n", err.message);
	else if (t->ops->shell(t, cmd, &status, &err) < 0)
		dprintf(2, "shell: %s\n", err.message);
	else
		t->ops->close(t);
	_exit(status);
}

static void start_sh(const char *script, const char *user)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct transport_cmd cmd = {.argv = argv, .user = user};

	start(&cmd, -1);
}

/* Reads what the terminal shows until text is in it; forgets what came before its end. */
static void expect(const char *text)
{
	int64_t deadline = clock_mono_ns() + PATIENCE_NS;
	char buf[4096];

	for (;;) {
		const char *found = strstr(str_text(&seen), text);
		if (found) {
			size_t end = (size_t)(found - seen.buf) + strlen(text);
			memmove(seen.buf, seen.buf + end, seen.len - end + 1);
			seen.len -= end;
			return;
		}
		struct pollfd pfd = {master, POLLIN, 0};
		ck_assert_msg(clock_mono_ns() < deadline, "'%s' did not come after '%s'", text,
		        str_text(&seen));
		if (poll(&pfd, 1, 1000) > 0) {
			ssize_t n = read(master, buf, sizeof(buf));
			if (n > 0)
				str_addn(&seen, buf, (size_t)n);
		}
	}
}

static void type(const void *bytes, size_t n)
{
	ck_assert_int_eq(write(master, bytes, n), (ssize_t)n);
}

static void type_text(const char *text)
{
	type(text, strlen(text));
}

static void ends(int wanted)
{
	int wait_status;

	ck_assert_int_eq(waitpid(child, &wait_status, 0), child);
	ck_assert_msg(WIFEXITED(wait_status), "it was ended by signal %d", WTERMSIG(wait_status));
	ck_assert_int_eq(WEXITSTATUS(wait_status), wanted);
}

static void terminal_is_as_before(void)
{
	struct termios now;

	ck_assert_int_eq(tcgetattr(slave, &now), 0);
	ck_assert_uint_eq(now.c_lflag, before.c_lflag);
	ck_assert_uint_eq(now.c_iflag, before.c_iflag);
	ck_assert_uint_eq(now.c_oflag, before.c_oflag);
	ck_assert_uint_eq(now.c_cflag, before.c_cflag);
	ck_assert_int_eq(memcmp(now.c_cc, before.c_cc, sizeof(now.c_cc)), 0);
}

static void terminal_is_raw(void)
{
	struct termios now;

	ck_assert_int_eq(tcgetattr(slave, &now), 0);
	ck_assert_uint_eq(now.c_lflag & (ICANON | ECHO | ISIG), 0);
}

static void end(void)
{
	terminal_is_as_before();
	close(master);
	close(slave);
	str_clear(&seen);
	fake_sshd_stop(&sshd);
}

START_TEST(test_size_and_resize)
{
	struct winsize size = {.ws_row = 51, .ws_col = 132};

	if (!begin(_i))
		return;
	start_sh("stty size; echo \"$TERM\"; trap 'stty size; exit 9' WINCH; echo go; "
	         "while :; do sleep 0.1; done",
	        NULL);
	expect("40 100\r\nvt100\r\ngo\r\n");
	terminal_is_raw();
	ck_assert_int_eq(ioctl(master, TIOCSWINSZ, &size), 0);
	expect("51 132\r\n");
	ends(9);
	end();
}
END_TEST

/* Ctrl-C has to reach the command whoever runs it: su must not take the terminal away. */
static void interrupt_as(const char *user, const char *name)
{
	AUTO_FREE char *shown = xasprintf("%s tty\r\ngo\r\n", name);

	start_sh(
	        "trap 'echo interrupted; exit 5' INT; echo \"$(id -un) $(test -t 0 && echo tty)\"; "
	        "echo go; while :; do sleep 0.1; done",
	        user);
	expect(shown);
	type_text("\003");
	expect("interrupted\r\n");
	ends(5);
	terminal_is_as_before();
}

START_TEST(test_ctrl_c)
{
	if (!begin(_i))
		return;
	interrupt_as(FAKE_SSHD_USER, FAKE_SSHD_USER);
	interrupt_as(NULL, "root");
	interrupt_as("nobody", "nobody");
	end();
}
END_TEST

START_TEST(test_every_byte_passes)
{
	unsigned char bytes[256];

	if (!begin(_i))
		return;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	start_sh("stty raw -echo; echo go; head -c 256 | sha256sum", NULL);
	expect("go\n");
	type(bytes, sizeof(bytes));
	/* Of the bytes 0 to 255. */
	expect("40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880");
	ends(0);
	start_sh("stty raw -echo; printf '\\001\\003\\004\\021\\023\\032\\r\\n\\033\\177\\377'",
	        NULL);
	expect("\001\003\004\021\023\032\r\n\033\177\377");
	ends(0);
	end();
}
END_TEST

START_TEST(test_login_shell)
{
	const char *const env[] = {"A=b  c", NULL};
	struct transport_cmd plain = {0}, with_env = {.env = env};
	struct transport_cmd somebody = {.user = "root"};

	if (!begin(_i))
		return;
	AUTO_FREE char *home = xasprintf("%s/home]\r\n", sshd.dir);
	start(&plain, -1);
	type_text("echo \"$((40+2)) [$(pwd)]\"; exit 6\n");
	expect("42 [");
	expect(home);
	ends(6);
	start(&with_env, -1);
	type_text("echo \"$((40+2)) [$A]\"; exit 7\n");
	expect("42 [b  c]\r\n");
	ends(7);
	start(&somebody, -1);
	type_text("echo \"$((40+2)) $(id -un)\"; kill -KILL $$\n");
	expect("42 root\r\n");
	ends(137);
	end();
}
END_TEST

START_TEST(test_signals_restore_the_terminal)
{
	int wait_status;

	if (!begin(_i))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		start_sh("echo go; sleep 100", NULL);
		expect("go\r\n");
		terminal_is_raw();
		ck_assert_int_eq(kill(child, endings[i]), 0);
		ck_assert_int_eq(waitpid(child, &wait_status, 0), child);
		ck_assert(WIFSIGNALED(wait_status));
		ck_assert_int_eq(WTERMSIG(wait_status), endings[i]);
		terminal_is_as_before();
	}
	end();
}
END_TEST

START_TEST(test_a_lost_connection_restores_the_terminal)
{
	if (!begin(_i))
		return;
	start_sh("echo go; sleep 100", FAKE_SSHD_USER);
	expect("go\r\n");
	terminal_is_raw();
	fake_sshd_kill(&sshd);
	expect("shell: the connection to student@127.0.0.1:");
	expect(" was lost\r\n");
	ends(255);
	end();
}
END_TEST

START_TEST(test_input_that_is_no_terminal)
{
	struct transport_cmd cmd = {0};
	static const char typed[] = "echo $((40+2))\n(exit 4)\n";

	if (!begin(_i))
		return;
	int input = memfd_create("input", MFD_CLOEXEC);
	ck_assert_int_eq(write(input, typed, strlen(typed)), (ssize_t)strlen(typed));
	lseek(input, 0, SEEK_SET);
	start(&cmd, input);
	close(input);
	expect("42\r");
	ends(4);
	end();
}
END_TEST

int main(void)
{
	const struct sshd_case both[] = {
	        {"size", test_size_and_resize},
	        {"ctrl-c", test_ctrl_c},
	        {"bytes", test_every_byte_passes},
	        {"login", test_login_shell},
	        {"signals", test_signals_restore_the_terminal},
	        {"lost", test_a_lost_connection_restores_the_terminal},
	        {"no terminal", test_input_that_is_no_terminal},
	};
	Suite *s = sshd_suite("ssh_shell", both, ARRAY_SIZE(both), 90);

	return suite_finish(s);
}
