#include "base/proc.h"

#include "tests/fake/check_util.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err err;
static struct str caught[2];

static void set_up(void)
{
	str_clear(&caught[0]);
	str_clear(&caught[1]);
}

static void tear_down(void)
{
	set_up();
}

static void output(void *ctx, int stream, const char *data, size_t n)
{
	(void)ctx;
	str_addn(&caught[stream - 1], data, n);
}

static struct proc_cmd sh(const char *script, const char *argv[4])
{
	argv[0] = "sh";
	argv[1] = "-c";
	argv[2] = script;
	argv[3] = NULL;
	return (struct proc_cmd){
	        .argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1, .output = output};
}

static int run_sh(const char *script)
{
	const char *argv[4];
	struct proc_cmd cmd = sh(script, argv);
	int status = -1;

	ck_ok(proc_run(&cmd, &status, &err));
	return status;
}

START_TEST(status_and_output)
{
	ck_assert_int_eq(run_sh("echo out; echo err >&2; exit 7"), 7);
	ck_assert_str_eq(str_text(&caught[0]), "out\n");
	ck_assert_str_eq(str_text(&caught[1]), "err\n");
	ck_assert_int_eq(run_sh("kill -9 $$"), 128 + SIGKILL);
	/* Standard input is empty, signals are as a fresh process has them. */
	ck_assert_int_eq(run_sh("cat; yes | head -n 1 >/dev/null"), 0);
}
END_TEST

START_TEST(codes_name_signals)
{
	static const struct {
		int code;
		const char *text;
	} rows[] = {
	        {-1, "-1"},
	        {0, "0"},
	        {128, "128"},
	        {129, "129 (SIGHUP)"},
	        {143, "143 (SIGTERM)"},
	        {128 + 37, "165 (SIGRTMIN+3)"},
	        {255, "255"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *text = proc_code_text(rows[i].code);
		ck_assert_str_eq(text, rows[i].text);
	}
}
END_TEST

START_TEST(much_output_arrives_whole)
{
	ck_assert_int_eq(run_sh("head -c 3000000 /dev/zero; head -c 1000000 /dev/zero >&2"), 0);
	ck_assert_uint_eq(caught[0].len, 3000000);
	ck_assert_uint_eq(caught[1].len, 1000000);
}
END_TEST

START_TEST(a_background_child_does_not_hold_it)
{
	ck_assert_int_eq(run_sh("echo said; sleep 1000 & echo $!"), 0);
	ck_has(str_text(&caught[0]), "said\n");
	/* It is still there, so nobody waited for it. */
	ck_assert_int_eq(kill(atoi(strchr(caught[0].buf, '\n')), SIGKILL), 0);
}
END_TEST

START_TEST(a_noisy_background_child_does_not_hold_it)
{
	ck_assert_int_eq(run_sh("yes & exit 3"), 3);
}
END_TEST

START_TEST(cannot_start)
{
	static const char *const argv[] = {"prov-no-such-tool", NULL};
	struct proc_cmd cmd = {.argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1};
	int status = 99;

	ck_fails(proc_run(&cmd, &status, &err), ERR_HOST, "command 'prov-no-such-tool' not found");
	static const char *const folder[] = {"/", NULL};
	cmd.argv = folder;
	ck_fails(proc_run(&cmd, &status, &err), ERR_FAILED, "start '/': Permission denied");
	static const char *const ok[] = {"true", NULL};
	cmd.argv = ok;
	cmd.cwd = "/nowhere";
	ck_fails(proc_run(&cmd, &status, &err), ERR_FAILED,
	        "start 'true': No such file or directory");
	ck_assert_int_eq(status, 99);
}
END_TEST

START_TEST(environment_and_folder)
{
	static const char *const env[] = {"A=b c", "PATH=/usr/bin:/bin", NULL};
	const char *argv[4];
	struct proc_cmd cmd = sh("echo \"$A\" ${HOME-none}; pwd", argv);
	int status;

	cmd.env = env;
	cmd.cwd = "/usr";
	ck_ok(proc_run(&cmd, &status, &err));
	ck_assert_str_eq(str_text(&caught[0]), "b c none\n/usr\n");
}
END_TEST

START_TEST(descriptors_are_used_as_given)
{
	const char *argv[4];
	struct proc_cmd cmd = sh("cat; echo e >&2", argv);
	int in[2], out[2], status;
	char buf[16] = "";

	ck_assert_int_eq(pipe(in), 0);
	ck_assert_int_eq(pipe(out), 0);
	ck_assert_int_eq(write(in[1], "in\n", 3), 3);
	close(in[1]);
	cmd.output = NULL;
	cmd.in_fd = in[0];
	cmd.out_fd = cmd.err_fd = out[1];
	ck_ok(proc_run(&cmd, &status, &err));
	ck_assert_int_eq(read(out[0], buf, sizeof(buf)), 5);
	ck_assert_str_eq(buf, "in\ne\n");
	close(in[0]);
	close(out[0]);
	close(out[1]);
}
END_TEST

START_TEST(a_time_limit_ends_the_group)
{
	const char *argv[4];
	struct proc_cmd cmd = sh("sleep 1000 & echo $!; wait", argv);
	int status;

	cmd.timeout_ns = 1000000000;
	ck_fails(proc_run(&cmd, &status, &err), ERR_FAILED, "'sh' ran longer than 1 s");
	/* The grandchild ends as well, perhaps a moment later. */
	AUTO_FD int pidfd = (int)syscall(SYS_pidfd_open, atoi(str_text(&caught[0])), 0);
	struct pollfd end = {pidfd, POLLIN, 0};
	ck_assert(pidfd < 0 || poll(&end, 1, 60000) == 1);
}
END_TEST

struct ticks {
	int n, input;
};

/* The third ends the tool's input, and with it the tool. */
static void count(void *ctx)
{
	struct ticks *ticks = ctx;

	if (++ticks->n == 3)
		close(ticks->input);
}

START_TEST(a_silent_tool_ticks)
{
	const char *argv[] = {"cat", NULL};
	int status, input[2];

	ck_assert_int_eq(pipe2(input, O_CLOEXEC), 0);
	struct ticks ticks = {0, input[1]};
	struct proc_cmd cmd = {.argv = argv,
	        .in_fd = input[0],
	        .out_fd = -1,
	        .err_fd = -1,
	        .tick = count,
	        .ctx = &ticks};
	ck_ok(proc_run(&cmd, &status, &err));
	ck_assert_int_ge(ticks.n, 3);
	close(input[0]);
}
END_TEST

START_TEST(stop_ends_it)
{
	const volatile int stop = 1;
	const char *argv[4];
	struct proc_cmd cmd = sh("sleep 1000", argv);
	int status;

	cmd.stop = &stop;
	ck_fails(proc_run(&cmd, &status, &err), ERR_INTERRUPTED, "'sh' was interrupted");
}
END_TEST

START_TEST(stop_ends_what_ignores_it)
{
	const volatile int stop = 1;
	const char *argv[4];
	struct proc_cmd cmd = sh("trap '' TERM; while :; do sleep 1; done", argv);
	int status;

	cmd.stop = &stop;
	ck_fails(proc_run(&cmd, &status, &err), ERR_INTERRUPTED, "'sh' was interrupted");
}
END_TEST

START_TEST(a_tool_ends_with_its_caller)
{
	const char *argv[4];
	int fds[2];
	char c;

	ck_assert_int_eq(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct proc_cmd cmd = sh("echo x; exec sleep 1000", argv);
		int status;
		cmd.output = NULL;
		cmd.out_fd = fds[1];
		_exit(proc_run(&cmd, &status, &err));
	}
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &c, 1), 1);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	/* The pipe's end comes when nobody has it open: at once, not in 1000 s. */
	while (read(fds[0], &c, 1) == 1)
		;
	close(fds[0]);
}
END_TEST

START_TEST(check_tells_what_the_tool_said)
{
	static const char *const fails[] = {
	        "sh", "-c", "echo out; echo 'no such domain' >&2; exit 3", NULL};
	static const char *const prints[] = {"echo", "text", NULL};
	AUTO_STR out = {0};

	ck_fails(proc_check(fails, &out, &err), ERR_FAILED, "'sh' exited with 3: no such domain");
	ck_assert_uint_eq(out.len, 0);
	ck_ok(proc_check(prints, &out, &err));
	ck_assert_str_eq(str_text(&out), "text\n");
	ck_ok(proc_check(prints, NULL, &err));
}
END_TEST

START_TEST(a_process_is_known_again)
{
	uint64_t ticks = 0;
	int status;

	ck_ok(proc_start_time(getpid(), &ticks, &err));
	ck_assert(proc_same(getpid(), ticks));
	ck_assert(!proc_same(getpid(), ticks + 1));
	ck_assert(!proc_same(0, ticks));
	ck_assert(!proc_same(-1, ticks));
	/* A zombie has ended, though kill(pid, 0) still finds it. */
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	siginfo_t info;
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(kill(pid, 0), 0);
	AUTO_FREE char *text = xasprintf("process %d has ended", pid);
	ck_fails(proc_start_time(pid, &ticks, &err), ERR_MISSING, text);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	AUTO_FREE char *gone = xasprintf("there is no process %d", pid);
	ck_fails(proc_start_time(pid, &ticks, &err), ERR_MISSING, gone);
}
END_TEST

START_TEST(modules_say_what_is_missing)
{
	void *symbol;

	ck_assert_int_eq(module_symbol("prov-none", "x", &symbol, &err), -1);
	ck_assert_int_eq(err.kind, ERR_HOST);
	ck_has(err.message, "cannot open the module '");
	ck_has(err.message, "prov-none.so");
	ck_has(err.hint, "tools/setup");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {status_and_output, codes_name_signals,
	        much_output_arrives_whole, a_background_child_does_not_hold_it,
	        a_noisy_background_child_does_not_hold_it, cannot_start, environment_and_folder,
	        descriptors_are_used_as_given, a_time_limit_ends_the_group, a_silent_tool_ticks,
	        stop_ends_it, stop_ends_what_ignores_it, a_tool_ends_with_its_caller,
	        check_tells_what_the_tool_said, a_process_is_known_again,
	        modules_say_what_is_missing};

	return suite_run("proc", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
