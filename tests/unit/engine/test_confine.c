/* What a program has left after both parts of confining and execve: read from its own /proc/self.
 */
#include "engine/confine.h"
#include "tests/fake/check_util.h"

#include <errno.h>
#include <linux/audit.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIT(cap) (UINT64_C(1) << (cap))

static struct err err;

static struct confine plain(uid_t uid)
{
	return (struct confine){
	        .uid = uid, .gid = uid, .umask = 022, .caps = caps_of(caps_container(), uid == 0)};
}

static char *run_pipe(const struct confine *c, bool userns, const char *const *argv, int *status)
{
	static const char map[] = "0 100000 65536";
	int out[2], go[2];
	AUTO_STR text = {0};
	char buf[4096];

	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct err why = {0};
		char byte = 0;
		close(go[0]);
		dup2(out[1], 1);
		dup2(out[1], 2);
		if (userns && unshare(CLONE_NEWUSER) < 0)
			_exit(99);
		(void)!write(go[1], &byte, 1);
		(void)!read(go[1], &byte, 1);
		if (userns && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
			_exit(98);
		if (confine_become(c, &why) == 0 && confine_seal(c, &why) == 0)
			execv(argv[0], (char *const *)(uintptr_t)argv);
		dprintf(1, "%s", *why.message ? why.message : "not executed");
		_exit(97);
	}
	close(out[1]);
	close(go[1]);
	(void)!read(go[0], buf, 1);
	for (int i = 0; userns && i < 2; i++) {
		AUTO_FREE char *path = xasprintf("/proc/%d/%cid_map", pid, "ug"[i]);
		ck_ok(fs_write_attr(path, map, &err));
	}
	close(go[0]);
	for (ssize_t n; (n = read(out[0], buf, sizeof(buf))) > 0;)
		str_addn(&text, buf, (size_t)n);
	close(out[0]);
	ck_assert_int_eq(waitpid(pid, status, 0), pid);
	return str_steal(&text);
}

/* Output of argv, which must end with 0. */
static char *run(const struct confine *c, bool userns, const char *const *argv)
{
	int status;
	char *text = run_pipe(c, userns, argv, &status);

	ck_assert_msg(status == 0, "status %x: %s", status, text);
	return text;
}

static char *status_of(const struct confine *c, bool userns)
{
	static const char *const argv[] = {"/bin/cat", "/proc/self/status", NULL};

	return run(c, userns, argv);
}

static void has_sets(const char *text, uint64_t inh, uint64_t prm, uint64_t bnd, uint64_t amb)
{
	AUTO_FREE char *want = xasprintf("CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\n"
	                                 "CapBnd:\t%016lx\nCapAmb:\t%016lx\n",
	        inh, prm, prm, bnd, amb);

	ck_has(text, want);
}

START_TEST(root_keeps_what_it_may)
{
	uint64_t mask = caps_container();
	struct confine c = plain(0);

	for (int userns = 0; userns < 2; userns++) {
		AUTO_FREE char *text = status_of(&c, userns);
		has_sets(text, 0, mask, mask, 0);
		ck_has(text, "\nUid:\t0\t0\t0\t0\n");
		ck_has(text, "\nGroups:\t \n");
		ck_has(text, "\nUmask:\t0022\n");
		ck_has(text, "\nNoNewPrivs:\t0\nSeccomp:\t0\n");
	}
}
END_TEST

START_TEST(a_user_has_nothing)
{
	gid_t groups[] = {50, 4};
	struct confine c = plain(1000);

	c.groups = groups;
	c.n_groups = 2;
	c.umask = 077;
	for (int userns = 0; userns < 2; userns++) {
		AUTO_FREE char *text = status_of(&c, userns);
		has_sets(text, 0, 0, caps_container(), 0);
		ck_has(text, "\nUid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000\n");
		ck_has(text, "\nGroups:\t4 50 \n");
		ck_has(text, "\nUmask:\t0077\n");
	}
}
END_TEST

START_TEST(ambient_reaches_a_user)
{
	uint64_t one = BIT(CAP_NET_BIND_SERVICE);
	struct confine c = plain(1000);

	c.caps = (struct caps){one | BIT(CAP_KILL), one, one, one, one};
	for (int userns = 0; userns < 2; userns++) {
		AUTO_FREE char *text = status_of(&c, userns);
		has_sets(text, one, one, one | BIT(CAP_KILL), one);
	}
}
END_TEST

START_TEST(files_are_opened_as_the_user)
{
	AUTO_FREE char *dir = tmp_begin();
	AUTO_FREE char *program = xasprintf("%s/cat", dir);
	const char *const copy[] = {
	        "/bin/sh", "-c", "cp /bin/cat \"$0\"; chmod 700 \"$0\"", program, NULL};
	const char *const argv[] = {program, "/dev/null", NULL};
	struct confine root = plain(0), user = plain(1000);
	int status;

	ck_assert_int_eq(chmod(dir, 0755), 0);
	free(run(&root, false, copy));
	AUTO_FREE char *text = run_pipe(&user, false, argv, &status);
	ck_assert_str_eq(text, "not executed");
	tmp_end(STEAL(dir));
}
END_TEST

/* All is allowed but uname(2), which gives errno 77. */
static struct seccomp_program no_uname(void)
{
	static struct sock_filter code[] = {
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_uname, 0, 1),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 77),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return (struct seccomp_program){code, ARRAY_SIZE(code), 0};
}

START_TEST(filter_without_and_with_new_privileges)
{
	static const char *const argv[] = {"/bin/uname", "-r", NULL};
	uint64_t mask = caps_container();

	for (int i = 0; i < 8; i++) {
		struct confine c = plain(i & 1 ? 1000 : 0);
		bool userns = i & 2;
		AUTO_FREE char *want = xasprintf("\nNoNewPrivs:\t%d\nSeccomp:\t2\n", i >> 2);
		int status;
		c.no_new_privileges = i & 4;
		c.filter = no_uname();
		AUTO_FREE char *text = status_of(&c, userns);
		has_sets(text, 0, c.uid ? 0 : mask, mask, 0);
		ck_has(text, want);
		AUTO_FREE char *said = run_pipe(&c, userns, argv, &status);
		ck_has(said, strerror(77));
	}
}
END_TEST

START_TEST(a_bad_filter_is_an_error)
{
	struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)};
	struct confine c = plain(0);
	static const char *const argv[] = {"/bin/true", NULL};
	int status;

	c.filter = (struct seccomp_program){code, 1, 0};
	AUTO_FREE char *text = run_pipe(&c, false, argv, &status);
	ck_assert_str_eq(text, "load the system call filter: Invalid argument");
}
END_TEST

START_TEST(limits_and_keyring)
{
	static const char *const argv[] = {
	        "/bin/sh", "-c", "ulimit -n; ulimit -Hn; ulimit -s", NULL};
	struct rlimit_row rows[] = {{RLIMIT_NOFILE, {64, 128}}, {RLIMIT_STACK, {4 << 20, 4 << 20}}};
	struct confine c = plain(0);

	c.rlimits = rows;
	c.n_rlimits = 2;
	c.new_keyring = true;
	AUTO_FREE char *text = run(&c, true, argv);
	ck_has(text, "64\n128\n");
	ck_has(text, "\n4096\n");
}
END_TEST

START_TEST(a_limit_that_cannot_be_is_named)
{
	static const char *const argv[] = {"/bin/true", NULL};
	struct rlimit_row row = {RLIMIT_NPROC, {5, 4}};
	struct confine c = plain(0);
	int status;

	c.rlimits = &row;
	c.n_rlimits = 1;
	AUTO_FREE char *text = run_pipe(&c, false, argv, &status);
	ck_assert_str_eq(text, "set RLIMIT_NPROC: Invalid argument");
}
END_TEST

START_TEST(keyring_is_new)
{
	struct confine c = plain(0);

	for (int i = 0; i < 2; i++) {
		c.new_keyring = i;
		pid_t pid = fork();
		if (pid == 0) {
			long before = syscall(SYS_keyctl, 0 /* GET_KEYRING_ID */, -3, 1);
			struct err why;
			if (before < 0 || confine_become(&c, &why) < 0)
				_exit(9);
			_exit(before == syscall(SYS_keyctl, 0, -3, 0) ? 0 : 1);
		}
		int status;
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, i << 8);
	}
}
END_TEST

START_TEST(prepared_from_outside)
{
	struct confine c = plain(0);
	struct rlimit now;
	AUTO_STR text = {0};

	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &now), 0);
	struct rlimit_row row = {RLIMIT_CORE, {0, 0}};
	c.rlimits = &row;
	c.n_rlimits = 1;
	c.has_oom_score_adj = true;
	c.oom_score_adj = 321;
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	ck_ok(confine_prepare(&c, pid, &err));
	AUTO_FREE char *path = xasprintf("/proc/%d/oom_score_adj", pid);
	ck_ok(fs_read(path, 32, &text, &err));
	struct rlimit then;
	ck_assert_int_eq(prlimit(pid, RLIMIT_CORE, NULL, &then), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_str_eq(str_text(&text), "321\n");
	/* What is lowered waits for the process itself. */
	ck_assert(then.rlim_cur == now.rlim_cur && then.rlim_max == now.rlim_max);
}
END_TEST

START_TEST(copies_are_whole)
{
	gid_t groups[] = {7};
	struct rlimit_row row = {RLIMIT_CORE, {1, 2}};
	struct confine c = plain(3), copy;

	c.groups = groups;
	c.n_groups = 1;
	c.rlimits = &row;
	c.n_rlimits = 1;
	c.filter = no_uname();
	confine_copy(&copy, &c);
	ck_assert_ptr_ne(copy.groups, c.groups);
	ck_assert_uint_eq(copy.groups[0], 7);
	ck_assert_uint_eq(copy.rlimits[0].limit.rlim_max, 2);
	ck_assert_ptr_ne(copy.filter.code, c.filter.code);
	ck_assert_mem_eq(copy.filter.code, c.filter.code, c.filter.n * sizeof(*c.filter.code));
	ck_assert_uint_eq(copy.uid, 3);
	confine_clear(&copy);
	ck_assert_ptr_null(copy.groups);
}
END_TEST

int main(void)
{
	const TTest *const as_root[] = {root_keeps_what_it_may, a_user_has_nothing,
	        ambient_reaches_a_user, files_are_opened_as_the_user,
	        filter_without_and_with_new_privileges, a_bad_filter_is_an_error,
	        limits_and_keyring, a_limit_that_cannot_be_is_named, keyring_is_new,
	        prepared_from_outside, copies_are_whole};
	const TTest *const anyone[] = {copies_are_whole};

	if (geteuid() == 0)
		return suite_run("confine", as_root, ARRAY_SIZE(as_root), NULL, NULL);
	printf("SKIP confinement: only root may switch users\n");
	return suite_run("confine", anyone, ARRAY_SIZE(anyone), NULL, NULL);
}
