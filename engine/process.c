#include "engine/process.h"

#include "base/clock.h"
#include "base/proc.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STOP_TICK_MS 100 /* how soon a request to stop is noticed */

enum wait_end process_wait(int pidfd, int64_t deadline, const volatile int *stop)
{
	struct pollfd fd = {pidfd, POLLIN, 0};
	int64_t left;

	while ((left = deadline - clock_mono_ns()) > 0) {
		int64_t ms = left / 1000000 + 1;
		if (stop && *stop)
			return WAIT_STOPPED;
		if (stop && ms > STOP_TICK_MS)
			ms = STOP_TICK_MS;
		if (poll(&fd, 1, ms > 60000 ? 60000 : (int)ms) > 0)
			return WAIT_ENDED;
	}
	return WAIT_TIMEOUT;
}

char *process_mark(pid_t pid)
{
	uint64_t ticks;

	if (proc_start_time(pid, &ticks, NULL) < 0)
		return NULL;
	return xasprintf("%d %" PRIu64, pid, ticks);
}

int process_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

int process_signal(int pidfd, int sig)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

int process_open(const char *mark, pid_t *pid)
{
	uint64_t ticks;
	int number;

	if (!mark || sscanf(mark, "%d %" SCNu64, &number, &ticks) != 2)
		return -1;
	AUTO_FD int fd = process_pidfd(number);
	/* The number may have gone to another process before it was opened, not after. */
	if (fd < 0 || !proc_same(number, ticks))
		return -1;
	if (pid)
		*pid = number;
	return util_steal_fd(&fd);
}
