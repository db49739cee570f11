/*
 * System calls that nothing in a container needs and that are the way to the kernel's weak places.
 * Each is harmless in itself: it asks for something that changes nothing, or with arguments that
 * are refused after the caller's right was looked at; any other refusal than that counts as
 * reached.
 */
#include "attack.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BAD ((void *)8) /* no address */

/* Reached: it worked, or the arguments were looked at. */
static void reach(const char *name, long result)
{
	if (result < 0 &&
	        (errno == EPERM || errno == EACCES || errno == ENOSYS || errno == EAFNOSUPPORT))
		no(name);
	else
		got(name, "%s", result < 0 ? strerror(errno) : "worked");
}

static void try_bpf(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = attr.value_size = 4;
	attr.max_entries = 1;
	reach("bpf", syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

static void try_perf(void)
{
	struct perf_event_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_CPU_CLOCK;
	attr.exclude_kernel = 1;
	reach("perf_event_open", syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

/* A new user namespace gives all capabilities in it, and with them most of the kernel. */
static void try_user_namespace(void)
{
	static char stack[16384] __attribute__((aligned(16)));
	struct {
		unsigned long long flags, rest[7];
	} args = {CLONE_NEWUSER, {0, 0, 0, SIGCHLD, 0, 0, 0}};
	long pid = clone(nothing, stack + sizeof(stack), CLONE_NEWUSER | SIGCHLD, NULL);

	reach("clone_newuser", pid);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(0);
	reach("clone3_newuser", pid);
	reach("unshare_newuser", unshare(CLONE_NEWUSER));
}

/* PID 1 is somebody else's: for one who is not root in any case. */
static void try_others(void)
{
	reach("ptrace_init", ptrace(PTRACE_ATTACH, 1, NULL, NULL));
	int fd = open("/proc/1/mem", O_RDWR);
	reach("mem_of_init", fd);
	fd = open("/proc/1/environ", O_RDONLY);
	reach("environ_of_init", fd);
}

static void try_keys(void)
{
	reach("keyctl", syscall(SYS_keyctl, 0L /* KEYCTL_GET_KEYRING_ID */, -4L, 0L));
	reach("add_key", syscall(SYS_add_key, "user", "prov-attack", "x", 1L, -2L));
	reach("request_key", syscall(SYS_request_key, "user", "prov-attack", NULL, 0L));
}

static void try_clock(void)
{
	struct timespec now;
	struct timex tx = {.modes = ADJ_TICK, .tick = 10000};

	clock_gettime(CLOCK_REALTIME, &now);
	reach("clock_settime", clock_settime(CLOCK_REALTIME, &now));
	reach("adjtimex", syscall(SYS_adjtimex, &tx));
}

static void try_kernel(void)
{
	reach("kexec_load", syscall(SYS_kexec_load, 0L, 99L, BAD, ~0L));
	reach("kexec_file_load", syscall(SYS_kexec_file_load, -1L, -1L, 0L, NULL, ~0L));
	reach("init_module", syscall(SYS_init_module, BAD, 64L, ""));
	reach("finit_module", syscall(SYS_finit_module, -1L, "", 0L));
	reach("delete_module", syscall(SYS_delete_module, "prov_no_such_module", O_NONBLOCK));
	reach("reboot", syscall(SYS_reboot, 0L, 0L, 0L, NULL));
	reach("swapon", syscall(SYS_swapon, "/no/such", 0L));
	reach("swapoff", syscall(SYS_swapoff, "/no/such"));
	reach("acct", syscall(SYS_acct, "/no/such"));
	reach("iopl", syscall(SYS_iopl, 3L));
	reach("ioperm", syscall(SYS_ioperm, 0x80L, 1L, 1L));
	reach("quotactl", syscall(SYS_quotactl, 0x800001L, "/no/such", 0L, NULL));
	reach("syslog", syscall(SYS_syslog, 3L, BAD, 16L));
	reach("open_by_handle_at", syscall(SYS_open_by_handle_at, AT_FDCWD, BAD, O_RDONLY));
	reach("userfaultfd", syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
	reach("io_uring_setup", syscall(SYS_io_uring_setup, 1L, BAD));
	reach("fanotify_init", syscall(SYS_fanotify_init, 4L, 0L));

	reach("af_alg", socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0));
	reach("af_vsock", socket(40 /* AF_VSOCK */, SOCK_STREAM, 0));
}

static void try_mounts(void)
{
	reach("mount", mount("x", "/tmp", "tmpfs", 0, NULL));
	reach("umount2", umount2("/dev/shm", MNT_DETACH));
	reach("pivot_root", syscall(SYS_pivot_root, "/", "/"));
	reach("fsopen", syscall(SYS_fsopen, "tmpfs", 0L));
	reach("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1L /* OPEN_TREE_CLONE */));
	reach("move_mount", syscall(SYS_move_mount, AT_FDCWD, "/no", AT_FDCWD, "/no", 0L));
	reach("mount_setattr", syscall(SYS_mount_setattr, AT_FDCWD, "/", 0L, BAD, 32L));
	reach("setns", setns(open("/proc/self/ns/uts", O_RDONLY), 0));
	reach("unshare_newns", unshare(CLONE_NEWNS));
	reach("unshare_newnet", unshare(CLONE_NEWNET));
	reach("sethostname", sethostname("attacked", 8));
}

static void in_child(void (*try)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		try();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		printf("died %d\n", status);
}

/* calls [others]: the mounts and the name only with "mounts", since a host would feel them. */
int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "others") == 0) {
		in_child(try_others);
		return 0;
	}
	in_child(try_kernel);
	in_child(try_bpf);
	in_child(try_perf);
	in_child(try_user_namespace);
	in_child(try_keys);
	in_child(try_clock);
	if (argc > 1 && strcmp(argv[1], "mounts") == 0) {
		not_on_a_host();
		in_child(try_mounts);
	}
	return 0;
}
