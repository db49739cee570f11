/* The exec transport in a container: who runs there, what leads out, files in and out. */
#include "base/fs.h"
#include "tests/unit/transports/exec_open.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(runs_as_the_user)
{
	ck_assert_int_eq(ctr_sh_as("ann", "id -u; id -g; pwd; echo $HOME $USER; touch /etc/x"), 1);
	ck_has(str_text(&ctr.out), "1000\n1000\n/home/ann\n/home/ann ann\n");
	ck_has(str_text(&ctr.out), "Permission denied");
	ck_assert_int_eq(ctr_sh_as("1234", "id -u; pwd"), 0);
	ck_has(str_text(&ctr.out), "1234\n/\n");
}
END_TEST

START_TEST(refuses_unknown_users)
{
	const char *const argv[] = {"true", NULL};
	struct transport_cmd cmd = {
	        .argv = argv, .user = "carl", .in_fd = -1, .out_fd = -1, .err_fd = -1};
	int status;

	ck_fails(t->ops->run(t, &cmd, &status, &err), ERR_MISSING,
	        "there is no user 'carl' in the machine");
}
END_TEST

START_TEST(does_not_block_on_a_fifo)
{
	const char *const argv[] = {"true", NULL};
	struct transport_cmd cmd = {.argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1};
	int status;

	ck_assert_int_eq(ctr_sh("rm /etc/passwd; mkfifo /etc/passwd"), 0);
	ck_fails(t->ops->run(t, &cmd, &status, &err), ERR_FAILED,
	        "'/etc/passwd' of the machine is no file");
}
END_TEST

START_TEST(users_are_those_of_the_machine)
{
	const char *const argv[] = {"true", NULL};
	struct transport_cmd cmd = {
	        .argv = argv, .user = "evil", .in_fd = -1, .out_fd = -1, .err_fd = -1};
	AUTO_FREE char *outside = xasprintf("%s/passwd", ctr.home);
	static const char line[] = "evil:x:0:0::/:/bin/sh\n";
	int status;

	/* A link to a file of the host finds nothing: it is followed inside. */
	ck_ok(fs_replace(outside, line, strlen(line), 0644, &err));
	AUTO_FREE char *script = xasprintf("ln -sf %s /etc/passwd", outside);
	ck_assert_int_eq(ctr_sh(script), 0);
	ck_fails(t->ops->run(t, &cmd, &status, &err), ERR_MISSING,
	        "there is no user 'evil' in the machine");
}
END_TEST

START_TEST(ends_with_the_machine)
{
	const char *const argv[] = {"true", NULL};
	struct transport_cmd cmd = {.argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1};
	int status;

	ck_ok(ctr_halt());
	ck_assert_int_eq(t->ops->run(t, &cmd, &status, &err), -1);
	ck_has(err.message, "the machine has stopped");
}
END_TEST

/* As where prov runs in a chroot: the root of its mount namespace is not its own. */
static int in_a_chroot(void)
{
	static const char folder[] = "/mnt";

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	        mount("/", folder, NULL, MS_BIND | MS_REC, NULL) < 0 || chroot(folder) < 0)
		return -1;
	return chdir("/");
}

/* It must see neither the host's root by its own path nor anything behind it. */
START_TEST(a_chroot_of_provs_own_leads_nowhere)
{
	AUTO_FREE char *look = xasprintf("test -e %s", ctr.home);
	int status;

	ck_ok(ctr_halt());
	ck_assert_int_eq(in_a_chroot(), 0);
	ck_ok(ctr_up());
	ck_assert_int_eq(ctr_sh(look), 1);
	int pidfd = (int)syscall(SYS_pidfd_open, ctr_pid(), 0);
	pid_t child = fork();
	if (child == 0)
		_exit(setns(pidfd, CLONE_NEWNS) == 0 && access(ctr.home, F_OK) < 0 ? 0 : 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(status == 0, "the namespace's root is still the host's");
	close(pidfd);
}
END_TEST

START_TEST(time_limit_in_the_container)
{
	const char *const argv[] = {"sh", "-c", "sleep 1000 & setsid sleep 1000 & wait", NULL};
	struct transport_cmd cmd = {
	        .argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1, .timeout_ns = 300000000};
	int status;

	ck_fails(t->ops->run(t, &cmd, &status, &err), ERR_FAILED, "'sh' ran longer than 0 s");
	ck_assert_int_ne(ctr_sh("grep -l sleep /proc/[0-9]*/comm"), 0);
}
END_TEST

/* Who may write in the destination's folder may have a link of the temporary name there. */
START_TEST(a_link_in_the_way_is_not_followed)
{
	AUTO_FREE char *source = xasprintf("%s/source", ctr.home);
	AUTO_FREE char *plant = xasprintf("echo old >/root/victim; "
	                                  "ln -s /root/victim /home/ann/x.prov-%d",
	        getpid());

	ck_ok(fs_replace(source, "new", 3, 0640, &err));
	ck_assert_int_eq(ctr_sh(plant), 0);
	const struct transport_file put = {
	        .source = source, .destination = "/home/ann/x", .mode = -1};
	ck_assert_int_eq(t->ops->put(t, &put, &err), -1);
	ck_has(err.message, "x.prov-");
	ck_assert_int_eq(ctr_sh("cat /root/victim; ls /home/ann"), 0);
	ck_assert_str_eq(str_text(&ctr.out), "old\n");
	ck_ok(t->ops->put(t, &put, &err));
}
END_TEST

START_TEST(files_stay_inside)
{
	AUTO_FREE char *source = xasprintf("%s/source", ctr.home);
	AUTO_FREE char *victim = xasprintf("%s/victim", ctr.home);
	AUTO_FREE char *back = xasprintf("%s/back", ctr.home);
	AUTO_STR text = {0};

	ck_ok(fs_replace(source, "new", 3, 0640, &err));
	ck_ok(fs_replace(victim, "old", 3, 0644, &err));
	AUTO_FREE char *link = xasprintf("ln -s %s /root/link", ctr.home);
	ck_assert_int_eq(ctr_sh(link), 0);
	struct transport_file put = {
	        .source = source, .destination = "/root/link/victim", .mode = -1};
	if (t->ops->put(t, &put, &err) == 0) {
		AUTO_FREE char *cat = xasprintf("cat %s", victim);
		ck_assert_int_eq(ctr_sh(cat), 0);
	}
	ck_ok(fs_read(victim, 64, &text, &err));
	ck_assert_str_eq(str_text(&text), "old");
	put.destination = "/opt/a/file";
	put.owner = "ann";
	ck_ok(t->ops->put(t, &put, &err));
	ck_assert_int_eq(ctr_sh("stat -c '%a %U %s' /opt/a/file"), 0);
	ck_assert_str_eq(str_text(&ctr.out), "640 ann 3\n");
	struct transport_file get = {.source = "/opt/a/file", .destination = back, .mode = -1};
	ck_ok(t->ops->get(t, &get, &err));
	ck_ok(fs_read(back, 64, &text, &err));
	ck_assert_str_eq(str_text(&text), "new");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {runs_as_the_user, refuses_unknown_users,
	        does_not_block_on_a_fifo, users_are_those_of_the_machine, ends_with_the_machine,
	        a_chroot_of_provs_own_leads_nowhere, time_limit_in_the_container, files_stay_inside,
	        a_link_in_the_way_is_not_followed};

	use_built_modules();
	if (ctr_world_begin() < 0)
		return getenv("PROV_TEST_MUST_RUN") != NULL;
	int rc = suite_run("exec_container", tests, ARRAY_SIZE(tests), begin, end);
	ctr_world_end();
	return rc;
}
