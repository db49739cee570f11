/* A command in the container: who is PID 1, its log, its end. */
#include "tests/unit/providers/container_fixture.h"

#include "base/proc.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define err ctr_err

static void command(const char *init, const char *const *words)
{
	free(ctr.spec.container.init);
	ctr.spec.container.init = xstrdup(init);
	for (size_t i = 0; words[i]; i++)
		strv_add(&ctr.spec.container.command, words[i]);
}
#define COMMAND(init, ...) command((init), (const char *const[]){__VA_ARGS__, NULL})

static bool has_ended(void)
{
	return ctr_status().state == MACHINE_HALTED && ctr_status().exit_status >= 0;
}

static const char *awaited;

static bool log_has_it(void)
{
	AUTO_STR text = {0};

	return fs_read(ctr.names.console, 64 << 20, &text, NULL) == 0 &&
	        strstr(str_text(&text), awaited);
}

static void wait_log(const char *text)
{
	awaited = text;
	ck_assert_msg(ctr_until(log_has_it), "never logged: %s", text);
}

static bool sleep_runs(void)
{
	return ctr_sh("cat /proc/1/comm; cat /proc/2/comm") == 0 &&
	        str_eq(str_text(&ctr.out), "prov-init\nsleep\n");
}

START_TEST(output_is_kept)
{
	COMMAND("auto", "sh", "-c",
	        "echo hello; echo wrong >&2; read x; echo got=$x; exec sleep 1000");
	ck_ok(ctr_up());
	/* Its standard input is empty. */
	wait_log("got=\n");
	wait_log("hello\nwrong\n");
	ck_assert_int_eq(ctr_status().state, MACHINE_RUNNING);
	ck_assert(!fs_exists(ctr.names.status));
	ck_assert_msg(ctr_until(sleep_runs), "%s", str_text(&ctr.out));
	ck_ok(ctr_halt());
	ck_assert_int_eq(ctr_status().exit_status, 128 + SIGTERM);
	ck_assert_str_eq(ctr_status().detail, "PID 1 ended with 143 (SIGTERM)");
}
END_TEST

START_TEST(own_end_is_stored)
{
	COMMAND("auto", "sh", "-c", "echo once; exit 9");
	ck_ok(ctr_up());
	ck_assert(ctr_until(has_ended));
	ck_assert_int_eq(ctr_status().exit_status, 9);
	ck_ok(ctr_up());
	ck_assert(ctr.changed);
	ck_assert(ctr_until(has_ended));
	wait_log("once\nonce\n");
}
END_TEST

/* The name of what is not yet a container hides nothing that is one. */
START_TEST(any_name_will_do)
{
	COMMAND("none", "sh", "-c", "printf prov-start >/proc/1/comm; echo named; sleep 1000; :");
	ck_ok(ctr_up());
	wait_log("named\n");
	ck_assert_int_eq(ctr_status().state, MACHINE_RUNNING);
	ck_assert_int_eq(ctr_sh("cat /proc/1/comm"), 0);
	ck_assert_str_eq(str_text(&ctr.out), "prov-start\n");
	ctr.spec.container.stop_timeout_ns = 1;
	ck_ok(ctr_halt());
}
END_TEST

START_TEST(environment_is_the_machines)
{
	strv_add(&ctr.spec.env, "TZ=Europe/Madrid");
	strv_add(&ctr.spec.env, "PATH=/bin:/usr/bin");
	COMMAND("none", "sh", "-c", "echo $TZ $PATH $container $HOME $$ $(pwd); exec sleep 1000");
	ck_ok(ctr_up());
	wait_log("Europe/Madrid /bin:/usr/bin prov /root 1 /\n");
	ck_assert_int_eq(ctr_sh("echo $TZ $USER"), 0);
	ck_assert_str_eq(str_text(&ctr.out), "Europe/Madrid root\n");
}
END_TEST

START_TEST(signals_reach_the_command)
{
	static const char script[] =
	        "trap 'echo usr; exit 5' USR1; echo ready; while :; do sleep 0.01; done";

	ctr.spec.container.stop_signal = SIGUSR1;
	COMMAND("auto", "sh", "-c", script);
	ck_ok(ctr_up());
	wait_log("ready\n");
	ck_ok(ctr_halt());
	wait_log("usr\n");
	ck_assert_int_eq(ctr_status().exit_status, 5);
}
END_TEST

START_TEST(without_init_it_is_pid_1)
{
	COMMAND("none", "sh", "-c",
	        "trap 'exit 6' TERM; echo ready $$; while :; do sleep 0.01; done");
	ck_ok(ctr_up());
	wait_log("ready 1\n");
	ck_ok(ctr_halt());
	ck_assert_int_eq(ctr_status().exit_status, 6);
	ck_assert_str_eq(str_text(&ctr.notes), "");
}
END_TEST

START_TEST(init_of_the_box)
{
	COMMAND("/bin/sh", "-c", "echo init $$ $0; exec sleep 1000", "word");
	ck_ok(ctr_up());
	wait_log("init 1 word\n");
}
END_TEST

START_TEST(stubborn_is_killed)
{
	ctr.spec.container.stop_timeout_ns = 100000000;
	COMMAND("none", "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done");
	ck_ok(ctr_up());
	wait_log("ready\n");
	ck_ok(ctr_halt());
	ck_assert_str_eq(
	        str_text(&ctr.notes), "PID 1 did not end on SIGTERM within 100 ms: killed\n");
	ck_assert_int_eq(ctr_status().exit_status, 137);
}
END_TEST

START_TEST(missing_command_fails_up)
{
	static const char *const inits[] = {"auto", "none"};

	COMMAND("auto", "nosuch", "arg");
	for (size_t i = 0; i < ARRAY_SIZE(inits); i++) {
		free(ctr.spec.container.init);
		ctr.spec.container.init = xstrdup(inits[i]);
		ck_fails(ctr_up(), ERR_FAILED,
		        "cannot start 'nosuch' in the container: No such file or directory");
		ck_assert_int_ne(ctr_status().state, MACHINE_RUNNING);
		ck_assert(!fs_exists(ctr.names.status));
	}
}
END_TEST

START_TEST(not_executable_fails_up)
{
	COMMAND("auto", "/etc/passwd");
	ck_fails(ctr_up(), ERR_FAILED,
	        "cannot start '/etc/passwd' in the container: Permission denied");
}
END_TEST

START_TEST(log_is_limited)
{
	AUTO_FREE char *old = xasprintf("%s.1", ctr.names.console);
	struct stat now, before;

	COMMAND("auto", "sh", "-c",
	        "yes 0123456789abcdef | head -c 25000000; echo last; exec sleep 1000");
	ck_ok(ctr_up());
	wait_log("last\n");
	ck_assert_int_eq(stat(ctr.names.console, &now), 0);
	ck_assert_int_eq(stat(old, &before), 0);
	ck_assert_int_le(now.st_size, 10 << 20);
	ck_assert_int_le(before.st_size, 10 << 20);
	ck_assert_int_eq(now.st_mode & 07777, 0600);
	ck_assert_int_eq((25000005 - now.st_size) % before.st_size, 0);
}
END_TEST

static pid_t mon_pid(void)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/status", ctr_pid());
	AUTO_STR text = {0};

	ck_ok(fs_read(path, 1 << 16, &text, &err));
	return atoi(strstr(str_text(&text), "\nPPid:") + 6);
}

START_TEST(supervisor_is_small_and_apart)
{
	COMMAND("auto", "sleep", "1000");
	ck_ok(ctr_up());
	pid_t mon = mon_pid();
	AUTO_FREE char *comm = xasprintf("/proc/%d/comm", mon);
	AUTO_FREE char *rollup = xasprintf("/proc/%d/smaps_rollup", mon);
	AUTO_FREE char *fds = xasprintf("/proc/%d/fd", mon);
	AUTO_FREE char *cwd = xasprintf("/proc/%d/cwd", mon);
	AUTO_STR text = {0};
	AUTO_STRV list = {0};
	char target[64] = "";

	ck_ok(fs_read(comm, 64, &text, &err));
	ck_assert_str_eq(str_text(&text), "prov-monitor\n");
	ck_ok(fs_read(rollup, 1 << 16, &text, &err));
	int64_t pss = strtoll(strstr(str_text(&text), "\nPss:") + 5, NULL, 10);
	ck_assert_int_gt(pss, 0);
	ck_assert_int_le(pss, 50);
	ck_assert_int_eq(getsid(mon), mon);
	ck_assert_int_gt(readlink(cwd, target, sizeof(target) - 1), 0);
	ck_assert_str_eq(target, "/");
	/* Standard streams, log pipe, log, pidfd: no lock of the journal. */
	ck_ok(fs_list(fds, &list, &err));
	ck_assert_uint_le(list.n, 6);
	for (size_t i = 0; i < list.n; i++) {
		AUTO_FREE char *fd = xasprintf("%s/%s", fds, list.v[i]);
		ssize_t n = readlink(fd, target, sizeof(target) - 1);
		ck_assert_int_gt(n, 0);
		target[n] = '\0';
		ck_assert_msg(!strstr(target, "journal"), "%s", target);
	}
}
END_TEST

START_TEST(destroy_ends_the_supervisor)
{
	COMMAND("none", "sleep", "1000");
	ck_ok(ctr_up());
	pid_t mon = mon_pid();
	uint64_t ticks;
	ck_ok(proc_start_time(mon, &ticks, &err));
	ck_ok(run_destroy(&ctr.runner, &err));
	ck_assert(!proc_same(mon, ticks));
	ck_assert(!fs_exists(ctr.names.console));
	ck_assert(!fs_exists(ctr.names.status));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {output_is_kept, own_end_is_stored, any_name_will_do,
	        environment_is_the_machines, signals_reach_the_command, without_init_it_is_pid_1,
	        init_of_the_box, stubborn_is_killed, missing_command_fails_up,
	        not_executable_fails_up, log_is_limited, supervisor_is_small_and_apart,
	        destroy_ends_the_supervisor};

	if (ctr_world_begin() < 0)
		return getenv("PROV_TEST_MUST_RUN") != NULL;
	int rc = suite_run("container_command", tests, ARRAY_SIZE(tests), ctr_begin, ctr_end);
	ctr_world_end();
	return rc;
}
