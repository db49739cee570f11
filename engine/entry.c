#include "engine/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static const struct {
	int kind;
	const char *name;
} kinds[] = {
        {CLONE_NEWUSER, "user"},
        {CLONE_NEWNS, "mnt"},
        {CLONE_NEWUTS, "uts"},
        {CLONE_NEWIPC, "ipc"},
        {CLONE_NEWNET, "net"},
        {CLONE_NEWCGROUP, "cgroup"},
        {CLONE_NEWPID, "pid"},
        {CLONE_NEWTIME, "time"},
};

/* A kernel without this kind has neither. */
static bool differs(int own, int its, const char *name)
{
	struct stat a, b;

	return fstatat(own, name, &a, 0) == 0 && fstatat(its, name, &b, 0) == 0 &&
	        (a.st_ino != b.st_ino || a.st_dev != b.st_dev);
}

static int compare(struct entry *entry, struct err *err)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/ns", entry->pid);
	AUTO_FD int its = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int own = open("/proc/self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (own < 0 || its < 0)
		return err_sys(err, "look at the namespaces of process %d", entry->pid);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (differs(own, its, kinds[i].name))
			entry->namespaces |= kinds[i].kind;
	return 0;
}

/* What 0 inside is outside: the line of the map that begins with it. */
static int read_root(pid_t pid, const char *map, uint32_t *out, struct err *err)
{
	char path[32];
	uint32_t inside, outside;
	int n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, map);
	FILE *f = fopen(path, "re");
	if (!f)
		return err_sys(err, "open '%s'", path);
	while ((n = fscanf(f, "%u %u %*u", &inside, &outside)) == 2 && inside != 0)
		;
	fclose(f);
	if (n != 2)
		return err_set(err, ERR_FAILED, "there is no root in the machine (%s)", path);
	*out = outside;
	return 0;
}

/* The pidfd first: as long as it is that process, /proc/PID is that process's too. */
int entry_open(pid_t pid, struct entry *out, struct err *err)
{
	struct entry e = {.pid = pid, .pidfd = -1, .root = -1, .dumpable = prctl(PR_GET_DUMPABLE)};
	char path[32];

	e.pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (e.pidfd < 0)
		return err_sys(err, "open process %d", pid);
	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	e.root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int rc = e.root < 0 ? err_sys(err, "open the root of process %d", pid) : compare(&e, err);
	if (rc == 0 && e.namespaces & CLONE_NEWUSER &&
	        (read_root(pid, "uid_map", &e.uid, err) < 0 ||
	                read_root(pid, "gid_map", &e.gid, err) < 0))
		rc = -1;
	if (rc == 0 && syscall(SYS_pidfd_send_signal, e.pidfd, 0, NULL, 0) < 0)
		rc = err_sys(err, "enter process %d", pid);
	if (rc == 0)
		*out = e;
	else
		entry_close(&e);
	return rc;
}

void entry_close(struct entry *entry)
{
	util_close_fd(&entry->pidfd);
	util_close_fd(&entry->root);
}

static long clone3_raw(struct clone_args *args)
{
#if defined(__x86_64__)
	long rc;
	__asm__ volatile("syscall"
	                 : "=a"(rc)
	                 : "0"(SYS_clone3), "D"(args), "S"(sizeof(*args))
	                 : "rcx", "r11", "memory");
	return rc;
#elif defined(__aarch64__)
	register long number __asm__("x8") = SYS_clone3;
	register long first __asm__("x0") = (long)args;
	register long second __asm__("x1") = sizeof(*args);
	__asm__ volatile("svc 0" : "+r"(first) : "r"(number), "r"(second) : "memory");
	return first;
#else
	args->flags &= ~(uint64_t)(CLONE_VM | CLONE_VFORK);
	long rc = syscall(SYS_clone3, args, sizeof(*args));
	return rc < 0 ? -errno : rc;
#endif
}

/*
 * The child goes on with this very stack, below this function, which it never leaves; and the
 * kernel is called without a call, whose return address it would overwrite.
 */
__attribute__((noinline)) static long clone_and_call(
        struct clone_args *args, void (*fn)(void *arg), void *arg)
{
	long rc = clone3_raw(args);

	if (rc == 0) {
		fn(arg);
		_exit(125);
	}
	return rc;
}

/* A time namespace is closed to whoever shares his memory. The address sanitizer would take what
 * the child left on the stack for the parent's. */
static uint64_t sharing(const struct entry *entry)
{
#if defined(__SANITIZE_ADDRESS__)
	(void)entry;
	return 0;
#else
	return entry && entry->namespaces & CLONE_NEWTIME ? 0 : CLONE_VM | CLONE_VFORK;
#endif
}

static pid_t spawn(const struct entry *entry, const struct cgroup_join *join, void (*fn)(void *arg),
        void *arg, int *pidfd, struct err *err)
{
	struct clone_args args = {
	        .flags = CLONE_PIDFD | sharing(entry),
	        .pidfd = (uintptr_t)pidfd,
	        .exit_signal = SIGCHLD,
	};
	sigset_t all, before;

	if (join && join->folder >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)join->folder;
	}
	/* A handler in the child would change the caller's variables. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	long pid = clone_and_call(&args, fn, arg);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid >= 0)
		return (pid_t)pid;
	errno = (int)-pid;
	return err_sys(err, "start a process in the machine");
}

void entry_settle(const struct entry *entry)
{
	if (entry->dumpable == 1)
		prctl(PR_SET_DUMPABLE, 1);
}

/* Only children of this process go into the pid namespace, and only the one started here. */
pid_t entry_spawn(const struct entry *entry, const struct cgroup_join *join, void (*fn)(void *arg),
        void *arg, int *pidfd, struct err *err)
{
	bool pids = entry && entry->namespaces & CLONE_NEWPID;
	AUTO_FD int own = pids ? open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC) : -1;

	if (pids && (own < 0 || setns(entry->pidfd, CLONE_NEWPID) < 0)) {
		bool gone = own >= 0 && errno == ESRCH;
		err_sys(err, "enter the machine's process namespace");
		return gone ? err_set(err, ERR_FAILED, "the machine has stopped") : -1;
	}
	pid_t pid = spawn(entry, join, fn, arg, pidfd, err);
	if (pids && setns(own, CLONE_NEWPID) < 0)
		return err_sys(err, "return from the machine's process namespace");
	return pid;
}

static int become_root_inside(struct err *err)
{
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(err, "become root of the machine");
	/* fs.suid_dumpable may say that whoever changes his user can be looked at. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(err, "hide from the machine");
	return 0;
}

int entry_enter(const struct entry *entry, const struct cgroup_join *join, struct err *err)
{
	int kinds_to_enter = entry->namespaces & ~CLONE_NEWPID;

	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(err, "hide from the machine");
	if (join && cgroup_join_self(join) < 0)
		return err_sys(err, "join the machine's cgroup");
	if (kinds_to_enter && setns(entry->pidfd, kinds_to_enter) < 0)
		return err_sys(err, "enter the machine's namespaces");
	if (entry->namespaces & CLONE_NEWUSER && become_root_inside(err) < 0)
		return -1;
	/* The root of a mount namespace is not the machine's where prov itself runs in a chroot:
	 * there, pivot_root swaps the chroot's mount, and setns leads outside of it. */
	if (fchdir(entry->root) < 0 || chroot(".") < 0)
		return err_sys(err, "enter the machine's root");
	return 0;
}

int enter_folder(const char *path)
{
	struct open_how how = {
	        .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
	char where[PATH_MAX];
	AUTO_FD int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	if (fd < 0 || fchdir(fd) < 0)
		return -1;
	/* The kernel's own word: a folder outside of the root has no path that begins with '/'. */
	if (syscall(SYS_getcwd, where, sizeof(where)) < 0)
		return -1;
	if (*where == '/')
		return 0;
	(void)!chdir("/");
	errno = EXDEV;
	return -1;
}
