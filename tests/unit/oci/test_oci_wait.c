/* What runs in the foreground, with a terminal. */
#include "oci/wait.h"
#include "tests/fake/check_util.h"

#include "base/proc.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct err err;

static void begin(void)
{
}

static void end(void)
{
}

/* A program that never reads, and who waits for it with input as its standard input. */
static _Noreturn void wait_for_deaf_program(int input, int ready)
{
	struct termios raw;
	int master, slave, status = 0;

	proc_default_signals(); /* Check has handlers */
	if (openpty(&master, &slave, NULL, NULL, NULL) < 0 || tcgetattr(slave, &raw) < 0)
		_exit(100);
	cfmakeraw(&raw);
	if (tcsetattr(slave, TCSANOW, &raw) < 0 || dup2(input, 0) < 0)
		_exit(101);
	pid_t deaf = fork();
	if (deaf == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	wait_block_signals();
	if (write(ready, "", 1) != 1 || wait_foreground(deaf, master, &status, &err) < 0)
		_exit(102);
	_exit(status == 128 + SIGTERM ? 0 : 103);
}

START_TEST(a_flood_holds_up_no_signal)
{
	static char flood[4096];
	int input[2], ready[2], status;
	char byte;

	ck_assert_int_eq(pipe(input) | pipe(ready), 0);
	fcntl(input[1], F_SETFL, O_NONBLOCK);
	while (write(input[1], flood, sizeof(flood)) > 0)
		;
	pid_t waiter = fork();
	if (waiter == 0)
		wait_for_deaf_program(input[0], ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	/* Once some of it was taken, more than a terminal holds is on its way. */
	struct pollfd taken = {input[1], POLLOUT, 0};
	ck_assert_int_eq(poll(&taken, 1, 60000), 1);
	ck_assert_int_eq(kill(waiter, SIGTERM), 0);
	ck_assert_int_eq(waitpid(waiter, &status, 0), waiter);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
	for (int i = 0; i < 2; i++) {
		close(input[i]);
		close(ready[i]);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {a_flood_holds_up_no_signal};

	return suite_run("oci_wait", tests, ARRAY_SIZE(tests), begin, end);
}
