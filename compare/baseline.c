#include "compare/baseline.h"

#include "base/clock.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* The pipe's end closes by itself when exec succeeds, and says why when it does not. */
static void become_true(int say)
{
	static const char path[] = "/bin/true";

	execl(path, path, (char *)NULL);
	int cause = errno;
	_exit(write(say, &cause, sizeof(cause)) == sizeof(cause) ? 127 : 126);
}

static int reap(pid_t pid, int64_t start_ns, struct baseline *out, struct err *err)
{
	struct rusage use;
	int status;

	while (wait4(pid, &status, 0, &use) < 0)
		if (errno != EINTR)
			return err_sys(err, "wait for '/bin/true'");
	out->done_s = (double)(clock_mono_ns() - start_ns) / 1e9;
	out->cpu_s = seconds(use.ru_utime) + seconds(use.ru_stime);
	return status == 0
	        ? 0
	        : err_set(err, ERR_FAILED, "'/bin/true' ends with %d", proc_exit_status(status));
}

int baseline_run(struct baseline *out, struct err *err)
{
	int fds[2], cause = 0;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	int64_t start_ns = clock_mono_ns();
	pid_t pid = fork();
	if (pid == 0)
		become_true(fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return err_sys(err, "start a process");
	}
	ssize_t n;
	while ((n = read(fds[0], &cause, sizeof(cause))) < 0 && errno == EINTR)
		;
	out->exec_s = (double)(clock_mono_ns() - start_ns) / 1e9;
	close(fds[0]);
	int rc = reap(pid, start_ns, out, err);
	errno = cause;
	return n > 0 ? err_sys(err, "execute '/bin/true'") : rc;
}
