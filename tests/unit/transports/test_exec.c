/* The exec transport on this host itself: commands, output, limits, files. What needs a
 * container is in test_exec_container.c. */
#include "tests/fake/check_util.h"
#include "transports/exec.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

static struct err err;
static struct transport *t;
static struct str out;
static char *tmp;
static int last_stream;

static void set_up(void)
{
	struct strv env = {0};

	strv_add(&env, "STAGE=lab");
	const struct exec_target target = {.pid = 0, .env = &env};
	ck_ok(exec_transport_open(&target, &t, &err));
	strv_clear(&env);
	tmp = tmp_begin();
}

static void tear_down(void)
{
	t->ops->close(t);
	str_clear(&out);
	tmp_end(tmp);
}

static void collect(void *ctx, int stream, const char *data, size_t n)
{
	(void)ctx;
	/* A stream may come in any number of pieces. */
	if (out.len == 0 || stream != last_stream)
		str_addf(&out, "%d:", stream);
	last_stream = stream;
	str_addn(&out, data, n);
}

static struct transport_cmd command(const char *const *argv)
{
	str_clear(&out);
	return (struct transport_cmd){
	        .argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1, .output = collect};
}

static int run(const char *const *argv)
{
	struct transport_cmd cmd = command(argv);
	int status = -1;

	ck_ok(t->ops->run(t, &cmd, &status, &err));
	return status;
}
#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

START_TEST(exit_codes)
{
	AUTO_FREE char *file = xasprintf("%s/plain", tmp);

	ck_ok(fs_replace(file, "x", 1, 0644, &err));
	ck_assert_int_eq(RUN("true"), 0);
	ck_assert_int_eq(RUN("sh", "-c", "exit 7"), 7);
	ck_assert_int_eq(RUN("sh", "-c", "kill -TERM $$"), 128 + SIGTERM);
	ck_assert_int_eq(RUN("no-such-command"), 127);
	ck_assert_str_eq(str_text(&out),
	        "2:prov: cannot run 'no-such-command': No such file or directory\n");
	ck_assert_int_eq(RUN(file), 126);
	ck_has(str_text(&out), "Permission denied");
}
END_TEST

/* What comes is answered with a line, so that the command says nothing before the last was heard.
 */
static void collect_and_answer(void *ctx, int stream, const char *data, size_t n)
{
	collect(ctx, stream, data, n);
	ck_assert_int_eq(write(*(int *)ctx, "\n", 1), 1);
}

START_TEST(streams_arrive_apart)
{
	const char *const argv[] = {"sh", "-c",
	        "echo one; read -r x; echo two >&2; read -r x; echo \"$1 $2\"", "sh", "a b", "c'd",
	        NULL};
	struct transport_cmd cmd = command(argv);
	int in[2], status;

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	cmd.in_fd = in[0];
	cmd.output = collect_and_answer;
	cmd.ctx = &in[1];
	ck_ok(t->ops->run(t, &cmd, &status, &err));
	ck_assert_int_eq(status, 0);
	ck_assert_str_eq(str_text(&out), "1:one\n2:two\n1:a b c'd\n");
	close(in[0]);
	close(in[1]);
	/* Without one, its input is empty. */
	ck_assert_int_eq(RUN("cat"), 0);
	ck_assert_str_eq(str_text(&out), "");
}
END_TEST

START_TEST(descriptors_are_used_directly)
{
	AUTO_FREE char *path = xasprintf("%s/out", tmp);
	const char *const argv[] = {"sh", "-c", "cat; echo e >&2; ls /proc/$$/fd; true", NULL};
	struct transport_cmd cmd = command(argv);
	int in[2], status;
	AUTO_STR text = {0};
	AUTO_FD int to = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_eq(pipe(in), 0);
	ck_assert_int_eq(write(in[1], "input\n", 6), 6);
	close(in[1]);
	cmd.output = NULL;
	cmd.in_fd = in[0];
	cmd.out_fd = cmd.err_fd = to;
	ck_ok(t->ops->run(t, &cmd, &status, &err));
	ck_assert_int_eq(status, 0);
	ck_ok(fs_read(path, 4096, &text, &err));
	ck_assert_str_eq(str_text(&text), "input\ne\n0\n1\n2\n");
	close(in[0]);
}
END_TEST

START_TEST(environment_and_folder)
{
	const char *const argv[] = {"sh", "-c", "echo $STAGE $EXTRA $PROV_X $LANG; pwd", NULL};
	const char *const env[] = {"EXTRA=1", "STAGE=other", NULL};
	struct transport_cmd cmd = command(argv);
	int status;

	setenv("PROV_X", "leaks", 1);
	cmd.env = env;
	cmd.cwd = tmp;
	ck_ok(t->ops->run(t, &cmd, &status, &err));
	AUTO_FREE char *expect = xasprintf("1:other 1 C.UTF-8\n%s\n", tmp);
	ck_assert_str_eq(str_text(&out), expect);
	cmd.cwd = "/no/such/folder";
	str_reset(&out);
	ck_ok(t->ops->run(t, &cmd, &status, &err));
	ck_assert_int_eq(status, 126);
	ck_assert_str_eq(str_text(&out),
	        "2:prov: cannot enter folder '/no/such/folder': No such file or directory\n");
}
END_TEST

static bool lives(const char *pid_file)
{
	AUTO_STR text = {0}, stat = {0};

	ck_ok(fs_read(pid_file, 64, &text, &err));
	ck_assert_uint_gt(text.len, 0);
	AUTO_FREE char *path = xasprintf("/proc/%d/stat", atoi(str_text(&text)));
	return fs_read(path, 4096, &stat, NULL) == 0 && !strstr(str_text(&stat), ") Z ");
}

START_TEST(time_limit_takes_all_that_was_started)
{
	AUTO_FREE char *child = xasprintf("%s/child", tmp);
	AUTO_FREE char *own = xasprintf("%s/own", tmp);
	AUTO_FREE char *script = xasprintf("sleep 1000 & echo $! >%s; setsid sleep 1000 & "
	                                   "echo $! >%s; wait",
	        child, own);
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct transport_cmd cmd = command(argv);
	int status;
	AUTO_STR text = {0};

	/* On a busy host it may not have begun within one second: then it gets longer. */
	for (int64_t s = 1; s < 100 && text.len == 0; s *= 4) {
		AUTO_FREE char *message = xasprintf("'sh' ran longer than %d s", (int)s);
		cmd.timeout_ns = s * INT64_C(1000000000);
		ck_fails(t->ops->run(t, &cmd, &status, &err), ERR_FAILED, message);
		(void)!fs_read(own, 64, &text, NULL);
	}
	ck_assert(!lives(child));
	ck_assert(!lives(own));
}
END_TEST

static volatile int stop;

static void on_alarm(int sig)
{
	(void)sig;
	stop = 1;
}

START_TEST(request_to_stop)
{
	/* The request comes from what runs, so that it has begun. */
	AUTO_FREE char *script = xasprintf("trap 'echo term; exit 1' TERM; "
	                                   "(sleep 0.2; kill -ALRM %d) & sleep 1000 & wait",
	        getpid());
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct transport_cmd cmd = command(argv);
	int status;

	signal(SIGALRM, on_alarm);
	cmd.stop = &stop;
	stop = 0;
	ck_fails(t->ops->run(t, &cmd, &status, &err), ERR_INTERRUPTED, "'sh' was interrupted");
	ck_assert_str_eq(str_text(&out), "1:term\n");
}
END_TEST

START_TEST(what_stays_behind_does_not_hang)
{
	ck_assert_int_eq(RUN("sh", "-c", "sleep 1000 & echo $!"), 0);
	/* It is still there, so nobody waited for it. */
	ck_assert_int_eq(kill(atoi(str_text(&out) + strlen("1:")), SIGKILL), 0);
}
END_TEST

START_TEST(what_stays_behind_and_writes_does_not_hang)
{
	ck_assert_int_eq(RUN("sh", "-c", "yes & exit 3"), 3);
}
END_TEST

START_TEST(files_and_folders)
{
	AUTO_FREE char *from = xasprintf("%s/from", tmp);
	AUTO_FREE char *a = xasprintf("%s/a", from);
	AUTO_FREE char *to = xasprintf("%s/x/y/to", tmp);
	AUTO_FREE char *to_a = xasprintf("%s/a", to);
	AUTO_FREE char *back = xasprintf("%s/back", tmp);
	AUTO_FREE char *back_a = xasprintf("%s/a", back);
	AUTO_STR text = {0};

	ck_ok(fs_mkdirs(from, 0755, &err));
	ck_ok(fs_replace(a, "content", 7, 0640, &err));
	struct transport_file put = {.source = from, .destination = to, .mode = -1};
	ck_ok(t->ops->put(t, &put, &err));
	ck_ok(fs_read(to_a, 64, &text, &err));
	ck_assert_str_eq(str_text(&text), "content");
	struct transport_file get = {.source = to, .destination = back, .mode = -1};
	ck_ok(t->ops->get(t, &get, &err));
	ck_ok(fs_read(back_a, 64, &text, &err));
	ck_assert_str_eq(str_text(&text), "content");
}
END_TEST

/* The same in machines of every kind: tar could make the FIFO in some and not in others. */
START_TEST(what_is_no_file_stays_here)
{
	AUTO_FREE char *from = xasprintf("%s/from", tmp);
	AUTO_FREE char *a = xasprintf("%s/sub/a*", from);
	AUTO_FREE char *fifo = xasprintf("%s/sub/a[*", from);
	AUTO_FREE char *to = xasprintf("%s/to", tmp);
	AUTO_FREE char *to_a = xasprintf("%s/sub/a*", to);
	AUTO_FREE char *to_fifo = xasprintf("%s/sub/a[*", to);
	AUTO_FREE char *sub = xasprintf("%s/sub", from);
	AUTO_STRV skipped = {0};

	ck_ok(fs_mkdirs(sub, 0755, &err));
	ck_ok(fs_replace(a, "content", 7, 0640, &err));
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	struct transport_file put = {
	        .source = from, .destination = to, .mode = -1, .skipped = &skipped};
	ck_ok(t->ops->put(t, &put, &err));
	ck_assert(fs_exists(to_a));
	ck_assert(!fs_exists(to_fifo));
	ck_assert_uint_eq(skipped.n, 1);
	ck_assert_str_eq(skipped.v[0], "sub/a[*");
}
END_TEST

START_TEST(process_that_is_none)
{
	struct transport *none;
	const struct exec_target target = {.pid = 4194304};

	ck_fails(exec_transport_open(&target, &none, &err), ERR_FAILED,
	        "open process 4194304: No such process");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {exit_codes, streams_arrive_apart,
	        descriptors_are_used_directly, environment_and_folder,
	        time_limit_takes_all_that_was_started, request_to_stop,
	        what_stays_behind_does_not_hang, files_and_folders,
	        what_stays_behind_and_writes_does_not_hang, what_is_no_file_stays_here,
	        process_that_is_none};

	use_built_modules();
	return suite_run("exec", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
