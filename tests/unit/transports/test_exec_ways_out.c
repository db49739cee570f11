/* What comes into a container with a command of exec leads no way out of it: folders, descriptors
 * and the program that enters. */
#include "tests/unit/transports/confined_open.h"

#include "base/digest.h"

#include <fcntl.h>

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

/* What PID 1 runs is the host's file: inside it is nobody's, and on a mount that takes no writes.
 */
START_TEST(the_hosts_programs_are_nobodys)
{
	ck_assert_int_eq(sh(NULL, "stat -L -c '%u %g' /proc/1/exe"), 0);
	ck_assert_str_eq(str_text(&ctr.out), "65534 65534\n");
	ck_assert_int_ne(sh(NULL, "echo x >>/proc/1/exe"), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {folders_that_lead_out, three_descriptors,
	        a_folder_as_standard_input, our_binary_stays_as_it_is,
	        the_hosts_programs_are_nobodys};
	const TTest *const plain[] = {folders_that_lead_out, three_descriptors};

	return run_confined("exec-ways-out", tests, ARRAY_SIZE(tests), plain, ARRAY_SIZE(plain));
}
