/* The ready probe against ports of this host, commands run here, and a log that grows. */
#include "base/clock.h"
#include "base/fs.h"
#include "tests/fake/local_transport.h"
#include "tests/unit/provisioners/only_step.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS_NS INT64_C(1000000)

static char dir[] = "/tmp/prov-test-ready-XXXXXX";
static struct local_transport local;
static struct machine_spec spec;
static struct names names;
static volatile int stop;
static struct status world = {.state = MACHINE_RUNNING, .exit_status = -1};

static int fake_connect(void *session, int64_t timeout_ns, const volatile int *stop_flag,
        struct transport **out, struct err *err)
{
	(void)session;
	(void)timeout_ns;
	(void)stop_flag;
	(void)err;
	*out = &local.base;
	return 0;
}

static int late_status = -1;

static int fake_inspect(void *session, struct status *out, struct err *err)
{
	(void)session;
	(void)err;
	*out = world;
	/* Stored a moment after the end. */
	world.exit_status = late_status;
	return 0;
}

static const struct provider provider = {
        .name = "container", .connect = fake_connect, .inspect = fake_inspect};

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	local_transport_init(&local);
	spec_init(&spec);
	spec.lab = xstrdup("shop");
	spec.name = xstrdup("web");
	spec.selector = xstrdup("web@container");
	spec.provider = xstrdup("container");
	spec.user = xstrdup("root");
	spec.network_mode = NET_HOST;
	spec.ready.timeout_ns = 400 * MS_NS;
	spec.ready.interval_ns = 20 * MS_NS;
	names.dir = dir;
	names.console = xasprintf("%s/console.log", dir);
}

static void teardown(void)
{
	struct err err = {0};

	ck_assert_msg(fs_remove_tree(dir, &err) == 0, "%s", err.message);
	free(names.console);
	spec_clear(&spec);
}

static int probe(struct err *err)
{
	struct runner runner = {.provider = &provider,
	        .spec = &spec,
	        .names = &names,
	        .machine = "web@container",
	        .stop = &stop};

	return apply_only_step(&runner, false, err);
}

/* However long it takes here. */
static void passes(void)
{
	struct err err = {0};
	int64_t usual_ns = spec.ready.timeout_ns;

	spec.ready.timeout_ns = 60000 * MS_NS;
	ck_assert_msg(probe(&err) == 0, "%s", err.message);
	spec.ready.timeout_ns = usual_ns;
}

static void fails(const char *message)
{
	struct err err = {0};

	ck_assert_int_eq(probe(&err), -1);
	ck_assert_str_eq(err.message, message);
}

/* With this reason, or one that begins so. A busy host may give none in time: then it gets ten
 * times as long. */
static void fails_in_time(const char *reason, bool (*is)(const char *, const char *))
{
	static const struct {
		int64_t ms;
		const char *text;
	} limits[] = {{400, "400 ms"}, {4000, "4.0 s"}, {40000, "40.0 s"}};
	struct err err = {0};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		AUTO_FREE char *wanted =
		        xasprintf("not ready after %s: %s", limits[i].text, reason);
		err_clear(&err);
		spec.ready.timeout_ns = limits[i].ms * MS_NS;
		ck_assert_int_eq(probe(&err), -1);
		spec.ready.timeout_ns = limits[0].ms * MS_NS;
		if (is(err.message, wanted))
			return;
	}
	ck_abort_msg("'%s' is not for the reason '%s'", err.message, reason);
}

static void fails_late(const char *reason)
{
	fails_in_time(reason, str_eq);
}

/* A bound socket; it answers once it listens. */
static int bound(int *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(to);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&to, &n), 0);
	*port = ntohs(to.sin_port);
	return fd;
}

START_TEST(test_tcp)
{
	AUTO_FD int fd = bound(&spec.ready.port);
	spec.ready.type = READY_TCP;
	AUTO_FREE char *refused =
	        xasprintf("tcp port %d of 127.0.0.1: Connection refused", spec.ready.port);
	int64_t begun = clock_mono_ns();

	fails_late(refused);
	ck_assert_int_ge(clock_mono_ns() - begun, 400 * MS_NS);
	ck_assert_int_eq(listen(fd, 1), 0);
	passes();
}
END_TEST

START_TEST(test_tcp_needs_a_network)
{
	spec.ready.type = READY_TCP;
	spec.network_mode = NET_NONE;
	fails("ready: tcp cannot reach 'web@container', which has no network");
}
END_TEST

START_TEST(test_tcp_of_the_first_interface)
{
	AUTO_FD int fd = bound(&spec.ready.port);

	ck_assert_int_eq(listen(fd, 1), 0);
	spec.ready.type = READY_TCP;
	spec.network_mode = NET_LAB;
	spec.n_nics = 1;
	spec.nics = xcalloc(1, sizeof(*spec.nics));
	spec.nics[0].address = xstrdup("127.0.0.1");
	passes();
}
END_TEST

START_TEST(test_exec)
{
	spec.ready.type = READY_EXEC;
	spec.ready.text = xstrdup("printf 'no\\033[2J such table\\nmore\\n'; exit 4");
	fails_late("exec exited with 4: no\\x1b[2J such table");
	ck_assert_uint_gt(local.runs, 0);
	free(spec.ready.text);
	spec.ready.text = xstrdup("test \"$A\" = 'a b' && test \"$PROV_MACHINE\" = web");
	strv_add(&spec.env, "A=a b");
	passes();
	local.fail_run = "the connection to x was lost";
	fails_late("exec: the connection to x was lost");
}
END_TEST

/* Passes, fails, passes, passes, …: only the third and fourth are in a row. */
START_TEST(test_successes_in_a_row)
{
	spec.ready.type = READY_EXEC;
	spec.ready.successes = 2;
	spec.ready.timeout_ns = 5000 * MS_NS;
	spec.ready.text = xasprintf("cd %s; echo x >>tries; n=$(wc -l <tries); test $n -ne 2", dir);
	passes();
	ck_assert_uint_eq(local.runs, 4);
}
END_TEST

START_TEST(test_a_hanging_command_is_cut_off)
{
	spec.ready.type = READY_EXEC;
	spec.ready.text = xstrdup("sleep 1000");
	fails_in_time("exec: ", str_starts);
}
END_TEST

static void append(const char *text)
{
	AUTO_FD int fd = open(names.console, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

START_TEST(test_log)
{
	spec.ready.type = READY_LOG;
	spec.ready.text = xstrdup("^ready to (accept|serve)$");
	AUTO_FREE char *nothing = xasprintf(
	        "log: nothing in '%s' matches '^ready to (accept|serve)$'", names.console);
	fails_late(nothing);
	append("not ready to accept\nready to eat\nready to ser");
	fails_late(nothing);
	append("ve\r\nmore\n");
	passes();
	free(spec.ready.text);
	spec.ready.text = xstrdup("a(b");
	struct err err = {0};
	ck_assert_int_eq(probe(&err), -1);
	ck_assert_msg(str_starts(err.message,
	                      "ready: log: 'a(b' is not an extended regular expression: "),
	        "%s", err.message);
}
END_TEST

/* The interval is far longer than the time-out of the test: only the watch can end the wait. */
START_TEST(test_log_is_followed)
{
	spec.ready.type = READY_LOG;
	spec.ready.text = xstrdup("up [0-9]+");
	spec.ready.timeout_ns = spec.ready.interval_ns = 60000 * MS_NS;
	pid_t child = fork();
	if (child == 0) {
		const struct timespec pause = {0, 200 * MS_NS};
		nanosleep(&pause, NULL);
		append("up ");
		nanosleep(&pause, NULL);
		append("12\n");
		_exit(0);
	}
	passes();
	waitpid(child, NULL, 0);
}
END_TEST

START_TEST(test_a_machine_that_ended_is_not_waited_for)
{
	struct err err = {0};

	AUTO_FREE char *hint = xasprintf("what it printed is in '%s'", names.console);
	spec.ready.type = READY_LOG;
	spec.ready.text = xstrdup("never");
	spec.ready.timeout_ns = 60000 * MS_NS;
	world = (struct status){.state = MACHINE_HALTED, .exit_status = -1};
	late_status = 3;
	ck_assert_int_eq(probe(&err), -1);
	ck_assert_str_eq(err.message, "PID 1 ended with 3");
	ck_assert_str_eq(err.hint, hint);
	world.exit_status = late_status = -1;
	fails("the machine is no longer running");
}
END_TEST

START_TEST(test_the_hint_fits_the_probe)
{
	struct err err = {0};

	spec.ready.type = READY_EXEC;
	spec.ready.text = xstrdup("false");
	ck_assert_int_eq(probe(&err), -1);
	ck_assert_str_eq(err.hint,
	        "'prov exec' tries the command by hand; ready: { timeout: … } "
	        "gives it more time");
	spec.ready.type = READY_LOG;
	ck_assert_int_eq(probe(&err), -1);
	ck_assert_ptr_nonnull(strstr(err.hint, names.console));
}
END_TEST

static void on_alarm(int number)
{
	(void)number;
	stop = 1;
}

START_TEST(test_stop_ends_the_wait)
{
	struct err err = {0};

	spec.ready.type = READY_LOG;
	spec.ready.text = xstrdup("never");
	spec.ready.timeout_ns = spec.ready.interval_ns = 60000 * MS_NS;
	stop = 0;
	signal(SIGALRM, on_alarm);
	alarm(1);
	ck_assert_int_eq(probe(&err), -1);
	ck_assert_int_eq(err.kind, ERR_INTERRUPTED);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {test_tcp, test_tcp_needs_a_network, test_tcp_of_the_first_interface,
	        test_exec, test_successes_in_a_row, test_a_hanging_command_is_cut_off, test_log,
	        test_log_is_followed, test_a_machine_that_ended_is_not_waited_for,
	        test_the_hint_fits_the_probe, test_stop_ends_the_wait};
	Suite *s = suite_create("ready");
	TCase *tc = tcase_create("ready");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(s, tc);
	return suite_finish(s);
}
