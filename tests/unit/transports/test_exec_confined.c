/* exec into a container with a user namespace: the same ids, capabilities and filter as its PID 1.
 * What would lead out of it is in test_exec_ways_out.c. */
#include "tests/unit/transports/confined_open.h"

#include <pty.h>
#include <stdio.h>
#include <sys/stat.h>
#include <utmp.h>

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

int main(void)
{
	const TTest *const tests[] = {allowed_what_pid_1_is, in_all_namespaces, nobody_outside,
	        users_are_parsed_strictly, time_limit_finds_all, files_get_owners_of_the_machine,
	        terminal_belongs_to_the_user};
	const TTest *const plain[] = {terminal_belongs_to_the_user, time_limit_finds_all,
	        files_get_owners_of_the_machine};

	return run_confined("exec-confined", tests, ARRAY_SIZE(tests), plain, ARRAY_SIZE(plain));
}
