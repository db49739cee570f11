/*
 * trace MARKER: for CAP_SYS_PTRACE, waits for what is started in its process namespace from outside
 * and tries to get at it before it is confined: by its root, where MARKER is a file of the host's,
 * and by tracing it, which would be to command it. Prints "ready" first; ends with the first that
 * it got.
 */
#include "attack.h"

#include <fcntl.h>
#include <sys/ptrace.h>
#include <unistd.h>

enum { AROUND = 4 };

/* The youngest process of this namespace, as the kernel's last word in /proc/loadavg. */
static int youngest(int loadavg)
{
	char text[128];
	ssize_t n = pread(loadavg, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	const char *last = strrchr(text, ' ');
	return last ? atoi(last) : 0;
}

static int has_marker(int pid, const char *marker)
{
	char path[4096];

	snprintf(path, sizeof(path), "/proc/%d/root%s", pid, marker);
	int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int main(int argc, char **argv)
{
	int loadavg = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);

	if (argc < 2 || loadavg < 0)
		return 2;
	puts("ready");
	fflush(stdout);
	for (;;) {
		int last = youngest(loadavg);
		for (int pid = last > AROUND ? last - AROUND : 2; pid <= last + AROUND; pid++) {
			if (pid == getpid() || !has_marker(pid, argv[1]))
				continue;
			got("host", "the root of process %d", pid);
			tried("trace", ptrace(PTRACE_SEIZE, pid, NULL, NULL));
			return 0;
		}
	}
}
