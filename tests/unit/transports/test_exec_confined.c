/* exec into a container with a user namespace: the same ids, capabilities and filter as its PID 1,
 * and no way out through what the command comes with. */
#include "tests/unit/providers/container_fixture.h"

#include "base/digest.h"
#include "base/proc.h"
#include "engine/cgroup/cgroup.h"
#include "engine/engine.h"
#include "providers/container/confine.h"
#include "providers/container/plan.h"
#include "transports/exec.h"

#include <fcntl.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#define err ctr_err
enum { BASE = 300000 };

static struct transport *t;
static struct container_plan plan;
static struct confine confine;
static struct engine *engine;
static struct cgroup_join join;
static pid_t pid;

static void make_folders(void)
{
	const char *const paths[] = {ctr.names.upper, ctr.names.work, ctr.names.merged};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		ck_ok(fs_mkdirs(paths[i], 0755, &err));
}

static void begin_with(bool userns)
{
	const struct session *s;
	AUTO_FREE char *init = module_file("prov-init");

	ctr_begin();
	s = ctr.runner.session;
	make_folders();
	ctr.spec.container.id_base = userns ? BASE : 0;
	container_plan_build(&ctr.spec, &ctr.names, &plan);
	ck_ok(container_confine(&ctr.spec, &confine, &err));
	ck_ok(cgroup_create(&s->tree, ctr.names.cgroup, CG_USUAL, &err));
	ck_ok(cgroup_join_open(&s->tree, ctr.names.cgroup, &join, &err));
	const struct engine_options options = {.plan = &plan, .join = &join, .init = init};
	ck_ok(engine_create(&options, &engine, &err));
	ck_ok(engine_start(engine, &err));
	pid = engine_pid(engine);
	const struct exec_target target = {
	        .pid = pid, .cgroup = ctr.names.cgroup, .user = "root", .confine = &confine};
	ck_ok(exec_transport_open(&target, &t, &err));
}

static void begin(void)
{
	begin_with(true);
}

static void end(void)
{
	const struct session *s = ctr.runner.session;

	t->ops->close(t);
	ck_ok(cgroup_kill(&s->tree, ctr.names.cgroup, &err));
	waitpid(pid, NULL, 0);
	engine_close(engine);
	cgroup_join_close(&join);
	ck_ok(cgroup_remove(&s->tree, ctr.names.cgroup, &err));
	container_plan_clear(&plan);
	confine_clear(&confine);
	ctr_end();
}

static void keep(void *ctx, int stream, const char *data, size_t n)
{
	(void)ctx;
	(void)stream;
	str_addn(&ctr.out, data, n);
}

static int run_cmd(struct transport_cmd cmd)
{
	int status = -1;

	str_clear(&ctr.out);
	cmd.output = keep;
	cmd.in_fd = -1;
	ck_ok(t->ops->run(t, &cmd, &status, &err));
	return status;
}

static int sh(const char *user, const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};

	return run_cmd((struct transport_cmd){.argv = argv, .user = user});
}

START_TEST(allowed_what_pid_1_is)
{
	static const char look[] = "grep -E '^(Cap|Seccomp:|NoNewPrivs|Groups|Uid)' "
	                           "/proc/self/status; cat /proc/self/uid_map";
	uint64_t mask = caps_container();
	AUTO_FREE char *root = xasprintf("CapInh:\t%016x\nCapPrm:\t%016lx\nCapEff:\t%016lx\n"
	                                 "CapBnd:\t%016lx\nCapAmb:\t%016x\n",
	        0, mask, mask, mask, 0);
	AUTO_FREE char *user = xasprintf("CapInh:\t%016x\nCapPrm:\t%016x\nCapEff:\t%016x\n"
	                                 "CapBnd:\t%016lx\nCapAmb:\t%016x\n",
	        0, 0, 0, mask, 0);

	ck_assert_int_eq(sh(NULL, look), 0);
	ck_has(str_text(&ctr.out), root);
	ck_has(str_text(&ctr.out), "Uid:\t0\t0\t0\t0\nGroups:\t4 \n");
	ck_has(str_text(&ctr.out), "NoNewPrivs:\t0\nSeccomp:\t2\n");
	ck_has(str_text(&ctr.out), "300000");
	ck_assert_int_eq(sh("ann", look), 0);
	ck_has(str_text(&ctr.out), user);
	ck_has(str_text(&ctr.out), "Uid:\t1000\t1000\t1000\t1000\nGroups:\t50 \n");
	ck_has(str_text(&ctr.out), "Seccomp:\t2\n");
}
END_TEST

/* Of all kinds, the machine's own. */
START_TEST(in_all_namespaces)
{
	static const char *const kinds[] = {"user", "mnt", "uts", "ipc", "net", "cgroup", "pid"};

	ck_assert_int_eq(sh(NULL,
	                         "for n in user mnt uts ipc net cgroup pid; do "
	                         "readlink /proc/self/ns/$n; done"),
	        0);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		AUTO_FREE char *path = xasprintf("/proc/%d/ns/%s", pid, kinds[i]);
		char its[64] = "", own[64] = "";
		ck_assert_int_gt(readlink(path, its, sizeof(its) - 1), 0);
		AUTO_FREE char *self = xasprintf("/proc/self/ns/%s", kinds[i]);
		ck_assert_int_gt(readlink(self, own, sizeof(own) - 1), 0);
		ck_has(str_text(&ctr.out), its);
		ck_lacks(str_text(&ctr.out), own);
	}
}
END_TEST

START_TEST(nobody_outside)
{
	struct stat st;
	AUTO_FREE char *made = xasprintf("%s/root/made", ctr.names.upper);

	ck_assert_int_eq(
	        sh(NULL, "echo x >/root/made; chown 7:8 /root/made; stat -c %u:%g /root"), 0);
	ck_assert_str_eq(str_text(&ctr.out), "0:0\n");
	/* On disk the ids are those inside: the layer is mapped. */
	ck_assert_int_eq(stat(made, &st), 0);
	ck_assert_uint_eq(st.st_uid, 7);
	ck_assert_uint_eq(st.st_gid, 8);
	/* The process is another user of the host. */
	ck_assert_int_eq(sh(NULL, "cat /proc/1/uid_map"), 0);
	AUTO_FREE char *path = xasprintf("/proc/%d", pid);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, BASE);
}
END_TEST

/* CVE-2024-21626. */
START_TEST(folders_that_lead_out)
{
	static const char *const argv[] = {"pwd", NULL};
	int held[8];
	const char *more[] = {"/proc/self/cwd", "/proc/self/root", "/dev/fd/3", "/proc/1/cwd"};

	/* There is something to be found. */
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		ck_assert_int_ge(held[i] = open("/", O_PATH | O_DIRECTORY), 0);
	for (int fd = 3; fd <= 64; fd++) {
		AUTO_FREE char *cwd = xasprintf("/proc/self/fd/%d", fd);
		ck_assert_int_eq(run_cmd((struct transport_cmd){.argv = argv, .cwd = cwd}), 126);
		ck_has(str_text(&ctr.out), "prov: cannot enter folder '/proc/self/fd/");
	}
	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		ck_assert_int_eq(
		        run_cmd((struct transport_cmd){.argv = argv, .cwd = more[i]}), 126);
	ck_assert_int_eq(run_cmd((struct transport_cmd){.argv = argv, .cwd = "/etc/../tmp"}), 0);
	ck_assert_str_eq(str_text(&ctr.out), "/tmp\n");
	ck_assert_int_eq(run_cmd((struct transport_cmd){.argv = argv, .cwd = "../../tmp"}), 0);
	ck_assert_str_eq(str_text(&ctr.out), "/tmp\n");
	/* A user's home is such a path, too; he then gets "/". */
	ck_assert_int_eq(sh(NULL,
	                         "echo eve:x:1001:50::/proc/self/fd/5:/bin/sh >>/etc/passwd; "
	                         "ln -s /proc/self/fd/6 /link"),
	        0);
	ck_assert_int_eq(run_cmd((struct transport_cmd){.argv = argv, .user = "eve"}), 0);
	ck_assert_str_eq(str_text(&ctr.out), "/\n");
	ck_assert_int_eq(run_cmd((struct transport_cmd){.argv = argv, .cwd = "/link"}), 126);
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		close(held[i]);
}
END_TEST

START_TEST(three_descriptors)
{
	int held = open("/", O_PATH | O_DIRECTORY);

	ck_assert_int_eq(sh(NULL, "ls /proc/$$/fd; true"), 0);
	ck_assert_str_eq(str_text(&ctr.out), "0\n1\n2\n");
	close(held);
}
END_TEST

START_TEST(a_folder_as_standard_input)
{
	const char *const argv[] = {"true", NULL};
	AUTO_FD int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct transport_cmd cmd = {.argv = argv, .in_fd = root, .out_fd = -1, .err_fd = -1};
	int status;

	ck_fails(t->ops->run(t, &cmd, &status, &err), ERR_FAILED, "a standard stream is a folder");
}
END_TEST

/* CVE-2026-30892. */
START_TEST(users_are_parsed_strictly)
{
	static const char *const bad[] = {"+0", "0x0", " 0", "0 ", "-1", "4294967295", "4294967296",
	        "18446744073709551616", "", "root:root:root", "1000:", "ann\n", "00000000000"};
	const char *const argv[] = {"id", "-u", NULL};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct transport_cmd cmd = {
		        .argv = argv, .user = bad[i], .in_fd = -1, .out_fd = -1, .err_fd = -1};
		int status = -1;
		const char *colon = strchr(bad[i], ':');
		AUTO_FREE char *want = xasprintf("there is no %s '%s' in the machine",
		        colon ? "group" : "user", colon ? colon + 1 : bad[i]);
		ck_fails(t->ops->run(t, &cmd, &status, &err), ERR_MISSING, want);
	}
}
END_TEST

static char *digest_of_self(void)
{
	char hex[DIGEST_HEX_LEN + 1];

	ck_ok(digest_file("/proc/self/exe", hex, &err));
	return xstrdup(hex);
}

/* CVE-2019-5736: the script is run by prov's own binary, which another process tries to write. */
START_TEST(our_binary_stays_as_it_is)
{
	AUTO_FREE char *before = digest_of_self();
	static const char writer[] =
	        "(for i in $(seq 300); do for p in /proc/[0-9]*; do "
	        "(echo evil >>$p/exe) 2>/dev/null && echo written; done; done) &\n"
	        "for i in $(seq 20); do /trap >/dev/null 2>&1; done; wait";
	static const char *const trap[] = {"/trap", NULL};
	int status;

	ck_assert_int_eq(sh(NULL, "printf '#!/proc/self/exe\\n' >/trap; chmod 755 /trap"), 0);
	pid_t attacker = fork();
	if (attacker == 0) {
		const char *const argv[] = {"sh", "-c", writer, NULL};
		struct transport_cmd cmd = {
		        .argv = argv, .in_fd = -1, .out_fd = 1, .err_fd = 2, .cwd = "/"};
		_exit(t->ops->run(t, &cmd, &status, &err) < 0);
	}
	for (int i = 0; i < 20; i++) {
		struct transport_cmd cmd = {
		        .argv = trap, .in_fd = -1, .out_fd = -1, .err_fd = -1, .cwd = "/"};
		(void)!t->ops->run(t, &cmd, &status, &err);
	}
	ck_assert_int_eq(waitpid(attacker, &status, 0), attacker);
	AUTO_FREE char *after = digest_of_self();
	ck_assert_str_eq(before, after);
}
END_TEST

/* What forks twice and leaves its session is still the command's. */
START_TEST(time_limit_finds_all)
{
	static const char script[] =
	        "(setsid sh -c '(setsid sleep 1000 & ) & exec sleep 1001' & ) ; "
	        "(trap '' TERM; setsid sh -c 'sleep 1002 & sleep 1003 & ' ) & sleep 1004";
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct transport_cmd cmd = {
	        .argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1, .timeout_ns = 500000000};
	int status;

	ck_fails(t->ops->run(t, &cmd, &status, &err), ERR_FAILED, "'sh' ran longer than 0 s");
	ck_assert_int_eq(sh(NULL, "cat /proc/[0-9]*/comm"), 0);
	ck_lacks(str_text(&ctr.out), "sleep");
}
END_TEST

START_TEST(files_get_owners_of_the_machine)
{
	AUTO_FREE char *source = xasprintf("%s/source", ctr.home);
	AUTO_FREE char *folder = xasprintf("%s/folder", ctr.home);
	AUTO_FREE char *inner = xasprintf("%s/inner", folder);
	struct transport_file one = {
	        .source = source, .destination = "/a/one", .mode = 0640, .owner = "ann"};
	struct transport_file tree = {.source = folder, .destination = "/a/tree", .mode = -1};

	ck_ok(fs_replace(source, "x", 1, 0644, &err));
	ck_ok(fs_mkdirs(folder, 0755, &err));
	ck_ok(fs_replace(inner, "y", 1, 0600, &err));
	ck_assert_int_eq(chown(inner, 4321, 4321), 0);
	ck_ok(t->ops->put(t, &one, &err));
	ck_ok(t->ops->put(t, &tree, &err));
	ck_assert_int_eq(sh(NULL, "stat -c '%u:%g %a' /a/one /a/tree /a/tree/inner"), 0);
	ck_assert_str_eq(str_text(&ctr.out), "1000:1000 640\n0:0 755\n0:0 600\n");
	AUTO_FREE char *back = xasprintf("%s/back", ctr.home);
	struct transport_file got = {.source = "/a/one", .destination = back, .mode = -1};
	struct stat st;
	ck_ok(t->ops->get(t, &got, &err));
	ck_assert_int_eq(stat(back, &st), 0);
	ck_assert_uint_eq(st.st_uid, 0);
}
END_TEST

/* The user's own terminal is another one of the host's. */
START_TEST(terminal_belongs_to_the_user)
{
	const char *const argv[] = {
	        "sh", "-c", "stat -c 'owner %u:%g' $(tty); echo x >$(tty) && echo writable", NULL};
	struct transport_cmd cmd = {.argv = argv, .user = "ann"};
	int master, slave, status = 255;
	AUTO_STR seen = {0};
	char buf[512];

	ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
	pid_t child = fork();
	if (child == 0) {
		login_tty(slave);
		if (t->ops->shell(t, &cmd, &status, &err) < 0)
			dprintf(2, "shell: %s\n", err.message);
		_exit(status);
	}
	close(slave);
	for (ssize_t n; (n = read(master, buf, sizeof(buf))) > 0;)
		str_addn(&seen, buf, (size_t)n);
	close(master);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_has(str_text(&seen), "owner 1000:5\r\n");
	ck_has(str_text(&seen), "x\r\nwritable\r\n");
	ck_assert_int_eq(status, 0);
}
END_TEST

/* What PID 1 runs is the host's file: inside it is nobody's, and on a mount that takes no writes.
 */
START_TEST(the_hosts_programs_are_nobodys)
{
	ck_assert_int_eq(sh(NULL, "stat -L -c '%u %g' /proc/1/exe"), 0);
	ck_assert_str_eq(str_text(&ctr.out), "65534 65534\n");
	ck_assert_int_ne(sh(NULL, "echo x >>/proc/1/exe"), 0);
}
END_TEST

static void begin_plain(void)
{
	begin_with(false);
}

int main(void)
{
	const TTest *const tests[] = {allowed_what_pid_1_is, in_all_namespaces, nobody_outside,
	        folders_that_lead_out, three_descriptors, a_folder_as_standard_input,
	        users_are_parsed_strictly, our_binary_stays_as_it_is, time_limit_finds_all,
	        files_get_owners_of_the_machine, terminal_belongs_to_the_user,
	        the_hosts_programs_are_nobodys};
	const TTest *const plain[] = {terminal_belongs_to_the_user, folders_that_lead_out,
	        three_descriptors, time_limit_finds_all, files_get_owners_of_the_machine};

	if (ctr_world_begin() < 0)
		return 0;
	int rc = suite_run("exec-confined", tests, ARRAY_SIZE(tests), begin, end) |
	        suite_run(
	                "exec-without-user-namespace", plain, ARRAY_SIZE(plain), begin_plain, end);
	ctr_world_end();
	return rc;
}
