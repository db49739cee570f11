/*
 * How many system calls a process can reach: each is made once with arguments that no call accepts
 * (all ones), in a child. An answer of ENOSYS or EPERM means that it is not reachable, any other
 * that the kernel's code for it ran. Calls for which such arguments are not harmless get others;
 * calls that cannot be made harmless are not tried.
 */
#pragma once

#include "guest/probe_measure.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <linux/futex.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define SYSCALL_LAST    460
#define SYSCALL_WAIT_MS 500 /* then it blocks: it was reached */

/* Not tried: they end or stop the process, clone it, or act on the whole machine. */
static const int syscalls_skipped[] = {
        SYS_exit,
        SYS_exit_group,
        SYS_rt_sigreturn,
        SYS_reboot,
        SYS_vhangup,
        SYS_sync,
        SYS_kexec_load,
        SYS_remap_file_pages, /* has the kernel write into its log */
#ifdef SYS_fork
        SYS_fork,
        SYS_vfork,
        SYS_pause,
#endif
#ifdef SYS_kexec_file_load
        SYS_kexec_file_load,
#endif
};

/* Made with arguments of their own: ones would make something (a queue), mean "not implemented" (a
 * futex operation) or have the kernel reserve memory. */
static const struct {
	int nr;
	long arg[3];
} syscalls_special[] = {
        {SYS_kill, {INT_MAX, 0, 0}},     /* no such process */
        {SYS_msgget, {INT_MAX, 0, 0}},   /* no such queue */
        {SYS_semget, {INT_MAX, 0, 0}},   /* no such set */
        {SYS_shmget, {INT_MAX, 0, 0}},   /* no such segment */
        {SYS_futex, {0, FUTEX_WAKE, 0}}, /* no address */
        {SYS_init_module, {0, 0, 0}},    /* an empty module */
        {SYS_flock, {-1, 0, 0}}, /* ones are a kind of lock that the kernel's log mentions */
        {SYS_acct, {1, 0, 0}},   /* no address; NULL would switch it off */
#ifdef SYS_modify_ldt
        {SYS_modify_ldt, {0, 0, 0}}, /* reads nothing */
#endif
};

enum reach { REACH_NOT_TRIED, REACH_YES, REACH_NO, REACH_MISSING };

struct syscalls {
	volatile int current; /* being made, by the child */
	volatile unsigned char reach[SYSCALL_LAST + 1];
};

static bool syscall_is_skipped(int nr)
{
	for (size_t i = 0; i < sizeof(syscalls_skipped) / sizeof(*syscalls_skipped); i++)
		if (syscalls_skipped[i] == nr)
			return true;
	return false;
}

static long syscall_try(int nr)
{
	for (size_t i = 0; i < sizeof(syscalls_special) / sizeof(*syscalls_special); i++)
		if (syscalls_special[i].nr == nr)
			return syscall(nr, syscalls_special[i].arg[0], syscalls_special[i].arg[1],
			        syscalls_special[i].arg[2], 0L, 0L, 0L);
	return syscall(nr, -1L, -1L, -1L, -1L, -1L, -1L);
}

static void __attribute__((noreturn)) syscalls_child(struct syscalls *s, int from)
{
	/* A crash is an answer, and leaves no core file. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	for (int nr = from; nr <= SYSCALL_LAST; nr++) {
		if (syscall_is_skipped(nr))
			continue;
		s->current = nr;
		long answer = syscall_try(nr);
		int why = answer < 0 ? errno : 0;
		s->reach[nr] = why == ENOSYS ? REACH_MISSING : why == EPERM ? REACH_NO : REACH_YES;
	}
	s->current = SYSCALL_LAST + 1;
	_exit(0);
}

/* One child from this number on; returns where the next one goes on. */
static int syscalls_round(struct syscalls *s, int from)
{
	int alive[2], status = 0;

	if (pipe(alive) < 0)
		return -1;
	s->current = from;
	pid_t child = fork();
	if (child == 0) {
		close(alive[0]);
		syscalls_child(s, from);
	}
	close(alive[1]);
	if (child < 0) {
		close(alive[0]);
		return -1;
	}
	/* The pipe ends with the child; while it goes on to new numbers it is waited for. */
	struct pollfd p = {.fd = alive[0], .events = POLLIN};
	int seen;
	do {
		seen = s->current;
	} while (poll(&p, 1, SYSCALL_WAIT_MS) == 0 && s->current != seen);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	close(alive[0]);
	int nr = s->current;
	if (nr <= SYSCALL_LAST && s->reach[nr] == REACH_NOT_TRIED)
		s->reach[nr] =
		        WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? REACH_NO : REACH_YES;
	return nr + 1;
}

static void facts_syscalls(void)
{
	struct syscalls *s = map_pages(sizeof(*s), MAP_SHARED);
	int count[4] = {0};

	if (s == MAP_FAILED)
		return;
	fflush(stdout);
	for (int nr = 0; nr >= 0 && nr <= SYSCALL_LAST;)
		nr = syscalls_round(s, nr);
	for (int nr = 0; nr <= SYSCALL_LAST; nr++)
		count[s->reach[nr]]++;
	printf("FACT syscalls.reached %d\n", count[REACH_YES]);
	printf("FACT syscalls.refused %d\n", count[REACH_NO]);
	printf("FACT syscalls.missing %d\n", count[REACH_MISSING]);
	printf("FACT syscalls.not_tried %d\n", count[REACH_NOT_TRIED]);
	munmap(s, sizeof(*s));
}
