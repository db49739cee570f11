#include "engine/enter.h"

#include "base/io.h"
#include "engine/entry.h"
#include "engine/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int enter(int pidfd, pid_t pid, struct err *err)
{
	struct entry entry;

	if (entry_open(pid, &entry, err) < 0)
		return -1;
	/* The number is that of pidfd as long as that one has not ended. */
	int rc = process_signal(pidfd, 0) < 0
	        ? err_set(err, ERR_FAILED, "the container ended meanwhile")
	        : entry_enter(&entry, NULL, err);
	entry_close(&entry);
	umask(022);
	return rc;
}

int engine_enter(
        int pidfd, pid_t pid, int (*fn)(void *ctx, struct err *err), void *ctx, struct err *err)
{
	struct err why = {0};
	int line[2], status;

	if (pipe2(line, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	pid_t child = fork();
	if (child == 0) {
		int rc = enter(pidfd, pid, &why) < 0 || fn(ctx, &why) < 0;
		if (rc)
			(void)!io_write_all(line[1], &why, sizeof(why), NULL);
		_exit(rc);
	}
	int code = errno;
	close(line[1]);
	ssize_t n = child < 0 ? 0 : io_read_full(line[0], &why, sizeof(why));
	close(line[0]);
	errno = code;
	if (child < 0)
		return err_sys(err, "enter the container");
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (n == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (n != sizeof(why))
		return err_set(err, ERR_FAILED, "the process in the container did not report");
	if (err)
		*err = why;
	return -1;
}
