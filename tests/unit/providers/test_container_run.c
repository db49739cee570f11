/* A container's life: up, its limits, changes, halt, destroy. */
#include "tests/unit/providers/container_fixture.h"

#include <net/if.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define err ctr_err

START_TEST(up_exec_halt_up)
{
	ck_assert_int_eq(ctr_status().state, MACHINE_ABSENT);
	ck_ok(ctr_up());
	ck_assert(ctr.changed);
	ck_assert_int_eq(ctr_status().state, MACHINE_RUNNING);
	ck_assert_int_eq(ctr_sh("exit 7"), 7);
	ck_assert_int_eq(ctr_sh("echo out; echo err >&2"), 0);
	ck_has(str_text(&ctr.out), "out\n");
	ck_has(str_text(&ctr.out), "err\n");
	ck_ok(ctr_up());
	ck_assert(!ctr.changed);
	ctr_says("echo kept >/root/file", "");
	ck_ok(ctr_halt());
	ck_assert(ctr.changed);
	ck_assert_int_eq(ctr_status().state, MACHINE_HALTED);
	ck_ok(ctr_halt());
	ck_assert(!ctr.changed);
	ck_ok(ctr_up());
	ctr_says("cat /root/file", "kept\n");
	ck_assert_str_eq(str_text(&ctr.notes), "");
}
END_TEST

START_TEST(box_stays_as_it_is)
{
	AUTO_FREE char *below = xasprintf("%s/root/file", ctr_box());
	AUTO_FREE char *hostname = xasprintf("%s/etc/hostname", ctr_box());
	AUTO_FREE char *above = xasprintf("%s/root/file", ctr.names.upper);
	struct stat st;

	ck_ok(ctr_up());
	ctr_says("echo x >/root/file; rm /etc/group", "");
	ck_assert(!fs_exists(below));
	ck_assert(!fs_exists(hostname));
	ck_assert(fs_exists(above));
	/* Set-user-id programs of the machine are out of reach for the host's users. */
	ck_assert_int_eq(stat(ctr.names.dir, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	ctr_says("stat -c '%a %u:%g' /", "755 0:0\n");
}
END_TEST

static void up_elsewhere(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(ctr_up() < 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ctr_reopen();
}

START_TEST(survives_its_starter)
{
	up_elsewhere();
	ck_assert_int_eq(ctr_status().state, MACHINE_RUNNING);
	ctr_says("hostname", "web\n");
	ck_assert_int_eq(getpgid(ctr_pid()), ctr_pid());
	ck_assert_int_eq(getsid(ctr_pid()), ctr_pid());
	ck_ok(ctr_up());
	ck_assert(!ctr.changed);
}
END_TEST

static bool no_zombies(void)
{
	return ctr_sh("grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null") != 0;
}

START_TEST(init_reaps_orphans)
{
	ck_ok(ctr_up());
	ctr_says(
	        "for i in 1 2 3 4 5 6 7 8 9 10; do (sh -c 'exit 3' & ) ; done; (sleep 0.05 &)", "");
	ck_assert(ctr_until(no_zombies));
}
END_TEST

START_TEST(halt_lets_daemons_end)
{
	ck_ok(ctr_up());
	ctr_says("cat >/root/daemon <<'X'\ntrap 'sleep 0.1; echo bye >/root/said; exit' TERM\n"
	         "echo >/root/ready; while :; do sleep 0.02; done\nX\n"
	         "(sh /root/daemon >/dev/null 2>&1 &); until test -e /root/ready; do sleep 0.01; "
	         "done",
	        "");
	ck_ok(ctr_halt());
	ck_ok(ctr_up());
	ctr_says("cat /root/said", "bye\n");
	ck_assert_str_eq(str_text(&ctr.notes), "");
}
END_TEST

START_TEST(memory_hog_dies_alone)
{
	ctr.spec.memory_bytes = 32 << 20;
	ck_ok(ctr_up());
	ck_assert_int_eq(ctr_sh("dd if=/dev/zero of=/dev/null bs=96M count=1 2>/dev/null"), 137);
	ctr_says("echo alive", "alive\n");
}
END_TEST

START_TEST(fork_bomb_stops_at_its_limit)
{
	ctr.spec.container.pids = 16;
	ck_ok(ctr_up());
	ck_assert_int_ne(ctr_sh("for i in $(seq 1 40); do sleep 30 & done; true"), 0);
	ck_has(str_text(&ctr.out), "can't fork");
	ck_ok(ctr_halt());
}
END_TEST

/* Value of the first of these files that this host has. */
static void read_limit(const char *const files[2], struct str *out)
{
	const struct session *s = ctr.runner.session;

	for (size_t i = 0; i < 2 * s->tree.dirs.n; i++) {
		AUTO_FREE char *path = xasprintf(
		        "%s/%s/%s", s->tree.dirs.v[i / 2], ctr.names.cgroup, files[i % 2]);
		if (fs_exists(path)) {
			ck_ok(fs_read(path, 64, out, &err));
			return;
		}
	}
	ck_abort_msg("no %s", files[0]);
}

START_TEST(limits_change_while_it_runs)
{
	static const char *const memory[] = {"memory.max", "memory.limit_in_bytes"};
	static const char *const cpu[] = {"cpu.max", "cpu.cfs_quota_us"};
	AUTO_STR text = {0};

	ck_ok(ctr_up());
	pid_t before = ctr_pid();
	static const int64_t sizes[] = {128 << 20, 48 << 20};
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ctr.spec.memory_bytes = sizes[i];
		ctr.spec.cpus = 0.5;
		ck_ok(ctr_up());
		ck_assert(ctr.changed);
		read_limit(memory, &text);
		ck_assert_int_eq(strtoll(str_text(&text), NULL, 10), sizes[i]);
		read_limit(cpu, &text);
		ck_assert_int_eq(strtoll(str_text(&text), NULL, 10), 50000);
	}
	ck_assert_int_eq(ctr_pid(), before);
}
END_TEST

START_TEST(new_hostname_restarts)
{
	ck_ok(ctr_up());
	ctr_says("echo kept >/root/file", "");
	pid_t before = ctr_pid();
	free(ctr.spec.hostname);
	ctr.spec.hostname = xstrdup("web-container");
	ck_ok(ctr_up());
	ck_assert_int_ne(ctr_pid(), before);
	ctr_says("hostname; cat /etc/hostname /root/file", "web-container\nweb-container\nkept\n");
}
END_TEST

START_TEST(another_box_needs_recreate)
{
	ck_ok(ctr_up());
	free(ctr.spec.box.digest);
	ctr.spec.box.digest = xstrdup("1111");
	ck_fails(ctr_up(), ERR_FAILED,
	        "what 'container.dirs' was made from has changed: needs --recreate");
}
END_TEST

START_TEST(usage_counts_the_cgroup)
{
	struct usage usage;

	ck_fails(container_provider.usage(ctr.runner.session, &usage, &err), ERR_FAILED,
	        "'web@container' is not running");
	ck_ok(ctr_up());
	ctr_says("head -c 8000000 /dev/zero >/dev/shm/x", "");
	ck_ok(container_provider.usage(ctr.runner.session, &usage, &err));
	ck_assert_int_gt(usage.memory_bytes, 8000000);
	ck_assert_int_lt(usage.memory_bytes, 64 << 20);
	ck_assert_int_gt(usage.cpu_ns, 0);
	ck_has(usage.method, "memory in use less inactive file pages");
}
END_TEST

static struct run run_of(const struct step *step)
{
	return (struct run){.spec = &ctr.spec,
	        .names = &ctr.names,
	        .session = ctr.runner.session,
	        .step = step,
	        .runner = &ctr.runner};
}

START_TEST(steps_explain_themselves)
{
	for (size_t i = 0; i < container_provider.n_steps; i++) {
		AUTO_STR text = {0};
		struct run run = run_of(&container_provider.steps[i]);
		run.step->explain(&run, &text);
		ck_assert_msg(text.len > 20, "%s", run.step->name);
		ck_assert_int_eq(str_text(&text)[text.len - 1], '\n');
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {up_exec_halt_up, box_stays_as_it_is, survives_its_starter,
	        init_reaps_orphans, halt_lets_daemons_end, memory_hog_dies_alone,
	        fork_bomb_stops_at_its_limit, limits_change_while_it_runs, new_hostname_restarts,
	        another_box_needs_recreate, usage_counts_the_cgroup, steps_explain_themselves};

	if (ctr_world_begin() < 0)
		return getenv("PROV_TEST_MUST_RUN") != NULL;
	int rc = suite_run("container_run", tests, ARRAY_SIZE(tests), ctr_begin, ctr_end);
	ctr_world_end();
	return rc;
}
