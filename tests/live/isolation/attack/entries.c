/*
 * The kernel's other entries on x86-64: int 0x80 has the numbers of 32 bit programs, and a bit in
 * the number selects x32. A filter that looks at the number alone lets these through.
 */
#include "attack.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define X32 0x40000000L

static long by_int80(long number, long a, long b, long c)
{
	long result = -ENOSYS;

#ifdef __x86_64__
	__asm__ volatile("int $0x80"
	                 : "=a"(result)
	                 : "a"(number), "b"(a), "c"(b), "d"(c)
	                 : "memory", "r8", "r9", "r10", "r11");
#endif
	if (result < 0 && result > -4096) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

/* The filter may kill the caller: that is a refusal too. */
static void in_child(const char *name, long (*try)(void))
{
	int status;

	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		_exit(try() >= 0 ? 0 : errno);
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("no %s killed by signal %d\n", name, WTERMSIG(status));
	else if (WEXITSTATUS(status) == 0 ||
	        (WEXITSTATUS(status) != EPERM && WEXITSTATUS(status) != ENOSYS))
		got(name, "%s", strerror(WEXITSTATUS(status)));
	else
		printf("no %s %s\n", name, strerror(WEXITSTATUS(status)));
}

/* Numbers of the 32 bit table: unshare 310, bpf 357, keyctl 288, mount 21. */
static long unshare32(void)
{
	return by_int80(310, 0x10000000L /* CLONE_NEWUSER */, 0, 0);
}

static long bpf32(void)
{
	return by_int80(357, 0, 0, 0);
}

static long keyctl32(void)
{
	return by_int80(288, 0, -4L, 0);
}

static long userfault32(void)
{
	return by_int80(374, 0x80800L, 0, 0);
}

static long unshare_x32(void)
{
	return syscall(X32 | SYS_unshare, 0x10000000L);
}

static long keyctl_x32(void)
{
	return syscall(X32 | SYS_keyctl, 0L, -4L, 0L);
}

int main(void)
{
	in_child("int80-unshare", unshare32);
	in_child("int80-bpf", bpf32);
	in_child("int80-keyctl", keyctl32);
	in_child("int80-userfaultfd", userfault32);
	in_child("x32-unshare", unshare_x32);
	in_child("x32-keyctl", keyctl_x32);
	return 0;
}
