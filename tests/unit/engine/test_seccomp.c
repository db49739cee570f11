/* The default filter by its effect: every call is made in a child that has loaded it, and in one
 * that has not, so that nothing passes because the call fails anyway. */
#include "engine/caps.h"
#include "engine/seccomp.h"
#include "tests/fake/check_util.h"
#include "tests/unit/engine/seccomp_load.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIT(cap) (UINT64_C(1) << (cap))
#define HIGH     (UINT64_C(1) << 32)
#define BAD      ((uint64_t)-4096) /* no address */

static struct err err;
static char *home, *cache;

static void set_up(void)
{
	home = tmp_begin();
	cache = xasprintf("%s/kept", home);
}

static void tear_down(void)
{
	free(cache);
	tmp_end(home);
}

/* errno of what f does, 0 if it succeeds. p NULL: without a filter. */
static int errno_of(const struct seccomp_program *p, long (*f)(const void *), const void *arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (p)
			seccomp_load(p);
		_exit(f(arg) == -1 ? errno : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "ended with %x", status);
	return WEXITSTATUS(status);
}

struct call {
	const char *name;
	long number;
	uint64_t args[5];
	int want; /* errno with the filter */
};

static long make_call(const void *arg)
{
	const struct call *c = arg;

	return syscall(c->number, c->args[0], c->args[1], c->args[2], c->args[3], c->args[4]);
}

static struct seccomp_program program(uint64_t caps)
{
	struct seccomp_program p = {0};

	ck_ok(seccomp_compile_default(caps, cache, &p, &err));
	return p;
}

static void check_calls(const struct call *calls, size_t n, uint64_t caps)
{
	struct seccomp_program p = program(caps);

	for (size_t i = 0; i < n; i++) {
		int without = errno_of(NULL, make_call, &calls[i]);
		int with = errno_of(&p, make_call, &calls[i]);
		ck_assert_msg(with == calls[i].want, "%s: %s, not %s", calls[i].name,
		        strerror(with), strerror(calls[i].want));
		if (without == with)
			printf("SKIP %s: fails here without a filter, too\n", calls[i].name);
	}
	seccomp_clear(&p);
}

/* Their arguments are such that they would do no harm if they went through. */
START_TEST(what_is_denied)
{
	static const struct call calls[] = {
	        {"an AF_ALG socket", SYS_socket, {AF_ALG, SOCK_SEQPACKET}, EPERM},
	        {"it with a high bit", SYS_socket, {HIGH | AF_ALG, SOCK_SEQPACKET}, EPERM},
	        {"an AF_VSOCK socket", SYS_socket, {AF_VSOCK, SOCK_STREAM}, EPERM},
	        {"a Bluetooth socket", SYS_socket, {AF_BLUETOOTH, SOCK_RAW}, EPERM},
	        {"a pair of AF_ALG", SYS_socketpair, {AF_ALG, SOCK_SEQPACKET, 0, BAD}, EPERM},
	        {"bpf", SYS_bpf, {9999, BAD, 0}, EPERM},
	        {"kexec_load", SYS_kexec_load, {0, 99999, BAD, 0}, EPERM},
	        {"kexec_file_load", SYS_kexec_file_load, {BAD, BAD, 0, BAD, 0xff00}, EPERM},
	        {"init_module", SYS_init_module, {BAD, 0, BAD}, EPERM},
	        {"finit_module", SYS_finit_module, {BAD, BAD, 0xff}, EPERM},
	        {"delete_module", SYS_delete_module, {BAD, 0}, EPERM},
	        {"userfaultfd", SYS_userfaultfd, {0xff0000}, EPERM},
	        {"keyctl", SYS_keyctl, {0, (uint64_t)-3, 0}, EPERM},
	        {"add_key", SYS_add_key, {BAD, BAD, BAD, 0, 0}, EPERM},
	        {"request_key", SYS_request_key, {BAD, BAD, BAD, 0}, EPERM},
	        {"open_by_handle_at", SYS_open_by_handle_at, {BAD, BAD, 0}, EPERM},
	        {"ptrace of others", SYS_ptrace, {PTRACE_ATTACH, 0}, EPERM},
	        {"seizing others", SYS_ptrace, {PTRACE_SEIZE, 0}, EPERM},
	        {"process_vm_readv", SYS_process_vm_readv, {0, 0, 0, 0, 0}, EPERM},
	        {"process_vm_writev", SYS_process_vm_writev, {0, 0, 0, 0, 0}, EPERM},
	        {"pidfd_getfd", SYS_pidfd_getfd, {BAD, 0, 0}, EPERM},
	        {"kcmp", SYS_kcmp, {0, 0, 0, 0, 0}, EPERM},
	        {"a user namespace", SYS_unshare, {CLONE_NEWUSER}, EPERM},
	        {"a mount namespace", SYS_unshare, {CLONE_NEWNS}, EPERM},
	        {"a time namespace", SYS_unshare, {0x80}, EPERM},
	        {"clone of a user namespace", SYS_clone, {CLONE_NEWUSER | CLONE_THREAD}, EPERM},
	        {"clone3", SYS_clone3, {BAD, 0}, ENOSYS},
	        {"setns", SYS_setns, {BAD, 0}, EPERM},
	        {"mount", SYS_mount, {BAD, BAD, BAD, 0, 0}, EPERM},
	        {"umount2", SYS_umount2, {BAD, 0}, EPERM},
	        {"pivot_root", SYS_pivot_root, {BAD, BAD}, EPERM},
	        {"fsopen", SYS_fsopen, {BAD, 0}, EPERM},
	        {"open_tree", SYS_open_tree, {BAD, BAD, 0}, EPERM},
	        {"move_mount", SYS_move_mount, {BAD, BAD, BAD, BAD, 0}, EPERM},
	        {"mount_setattr", SYS_mount_setattr, {BAD, BAD, 0, BAD, 0}, EPERM},
	        {"TIOCSTI", SYS_ioctl, {BAD, TIOCSTI, BAD}, EPERM},
	        {"TIOCSTI with a high bit", SYS_ioctl, {BAD, HIGH | TIOCSTI, BAD}, EPERM},
	        {"TIOCLINUX", SYS_ioctl, {BAD, TIOCLINUX, BAD}, EPERM},
	        {"a personality", SYS_personality, {ADDR_NO_RANDOMIZE}, EPERM},
	        {"io_uring", SYS_io_uring_setup, {0, BAD}, EPERM},
	        {"perf_event_open", SYS_perf_event_open, {BAD, 0, 0, BAD, 0}, EPERM},
	        {"syslog", SYS_syslog, {9999, BAD, 0}, EPERM},
	        {"settimeofday", SYS_settimeofday, {BAD, BAD}, EPERM},
	        {"clock_settime", SYS_clock_settime, {9999, BAD}, EPERM},
	        {"reboot", SYS_reboot, {0, 0, 0, 0}, EPERM},
	        {"swapon", SYS_swapon, {BAD, 0}, EPERM},
	        {"acct", SYS_acct, {BAD}, EPERM},
	        {"quotactl", SYS_quotactl, {0, BAD, 0, BAD}, EPERM},
	        {"sethostname", SYS_sethostname, {BAD, 9999}, EPERM},
	        {"fanotify_init", SYS_fanotify_init, {0xff000000, 0}, EPERM},
	        {"mbind", SYS_mbind, {1, 0, 0, 0, 0}, EPERM},
	        {"move_pages", SYS_move_pages, {0, 0, 0, 0, 0xff}, EPERM},
	};

	check_calls(calls, ARRAY_SIZE(calls), caps_container());
}
END_TEST

START_TEST(what_a_capability_allows)
{
	static const struct call calls[] = {
	        {"a user namespace", SYS_unshare, {CLONE_NEWUSER}, 0},
	        {"clone3", SYS_clone3, {BAD, 0}, EINVAL},
	        {"mount", SYS_mount, {BAD, BAD, BAD, 0, 0}, EFAULT},
	        {"ptrace of others", SYS_ptrace, {PTRACE_ATTACH, 0}, ESRCH},
	        {"open_by_handle_at", SYS_open_by_handle_at, {BAD, BAD, 0}, EFAULT},
	        {"settimeofday", SYS_settimeofday, {BAD, BAD}, EFAULT},
	};
	struct seccomp_program all = program(caps_all()), few = program(caps_container());

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		ck_assert_int_ne(errno_of(&few, make_call, &calls[i]), calls[i].want);
		int with = errno_of(&all, make_call, &calls[i]);
		ck_assert_msg(with == errno_of(NULL, make_call, &calls[i]), "%s: %s", calls[i].name,
		        strerror(with));
	}
	/* Even then. */
	const struct call sti = {"TIOCSTI", SYS_ioctl, {BAD, TIOCSTI, BAD}, EPERM};
	ck_assert_int_eq(errno_of(&all, make_call, &sti), EPERM);
	const struct call alg = {"AF_ALG", SYS_socket, {AF_ALG, SOCK_SEQPACKET}, EPERM};
	ck_assert_int_eq(errno_of(&all, make_call, &alg), EPERM);
	seccomp_clear(&all);
	seccomp_clear(&few);
}
END_TEST

#ifdef __x86_64__
static long call_i386(const void *arg)
{
	const struct call *c = arg;
	uint32_t *page = mmap(
	        NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long rc;

	page[0] = AF_ALG;
	page[1] = SOCK_SEQPACKET;
	uint64_t second = c->args[1] == BAD ? (uintptr_t)page : c->args[1];
	__asm__ volatile("int $0x80"
	                 : "=a"(rc)
	                 : "a"(c->number), "b"(c->args[0]), "c"(second), "d"(c->args[2])
	                 : "memory", "r8", "r9", "r10", "r11");
	if ((int)rc >= 0)
		return 0;
	errno = -(int)rc;
	return -1;
}

/* Every 64 bit program can make the other calls, too. */
START_TEST(the_calls_of_i386)
{
	static const struct call calls[] = {
	        {"socketcall of AF_ALG", 102, {1, BAD}, EPERM},
	        {"socketcall of a pair", 102, {8, BAD}, EPERM},
	        {"socket of AF_ALG", 359, {AF_ALG, SOCK_SEQPACKET, 0}, EPERM},
	        {"keyctl", 288, {0, (uint32_t)-3, 0}, EPERM},
	        {"unshare", 310, {CLONE_NEWUSER}, EPERM},
	        {"TIOCSTI", 54, {(uint32_t)-1, TIOCSTI, 0}, EPERM},
	        {"ptrace", 26, {PTRACE_ATTACH, 0, 0}, EPERM},
	        {"clone3", 435, {0, 0, 0}, ENOSYS},
	        {"a number nobody knows", 9999, {0}, ENOSYS},
	        {"getpid", 20, {0}, 0},
	        {"a socket of AF_INET", 359, {AF_INET, SOCK_DGRAM, 0}, 0},
	};
	struct seccomp_program p = program(caps_container());
	const struct call getpid_call = {"getpid", 20, {0}, 0};

	if (errno_of(NULL, call_i386, &getpid_call) != 0) {
		printf("SKIP calls of i386: this kernel has none\n");
		seccomp_clear(&p);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		int with = errno_of(&p, call_i386, &calls[i]);
		ck_assert_msg(with == calls[i].want, "%s: %s, not %s", calls[i].name,
		        strerror(with), strerror(calls[i].want));
	}
	seccomp_clear(&p);
}
END_TEST

START_TEST(holes_and_x32)
{
	static const struct call calls[] = {
	        {"a number nobody knows", 9999, {0}, ENOSYS},
	        {"a hole in the table", 400, {0}, ENOSYS},
	        {"getpid of x32", 0x40000000 | SYS_getpid, {0}, ENOSYS},
	};
	struct seccomp_program p = program(caps_container());

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		ck_assert_int_eq(errno_of(&p, make_call, &calls[i]), calls[i].want);
	seccomp_clear(&p);
}
END_TEST
#endif

static void *in_thread(void *arg)
{
	return arg;
}

static long spawn(void)
{
	char *argv[] = {(char[]){"true"}, NULL};
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, "true", NULL, NULL, argv, NULL) != 0)
		return -1;
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static long trace_a_child(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(1);
		raise(SIGSTOP);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	        ptrace(PTRACE_CONT, pid, NULL, NULL) < 0)
		return -1;
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

/* Each step's number tells which one failed. */
static long usual_work(const void *arg)
{
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
	pthread_t thread;
	int pair[2];

	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (socket(families[i], SOCK_DGRAM, 0) < 0 && errno != EAFNOSUPPORT)
			_exit(101);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		_exit(102);
	if (pthread_create(&thread, NULL, in_thread, NULL) != 0 || pthread_join(thread, NULL) != 0)
		_exit(103);
	if (spawn() < 0)
		_exit(104);
	if (trace_a_child() < 0)
		_exit(105);
	if (personality(0xffffffff) < 0 || unshare(CLONE_FILES) < 0)
		_exit(106);
	if (memfd_create("m", MFD_CLOEXEC) < 0)
		_exit(107);
	return 0;
}

START_TEST(what_programs_do)
{
	struct seccomp_program p = program(caps_container());

	ck_assert_int_eq(errno_of(NULL, usual_work, NULL), 0);
	ck_assert_int_eq(errno_of(&p, usual_work, NULL), 0);
	seccomp_clear(&p);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {what_is_denied, what_a_capability_allows, what_programs_do,
#ifdef __x86_64__
	        the_calls_of_i386, holes_and_x32
#endif
	};

	use_built_modules();
	return suite_run("seccomp", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
