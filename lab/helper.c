#include "lab/prepare.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define HELPER_LIMIT_NS (60 * INT64_C(1000000000)) /* libvirt's own limits come first */

struct answer {
	int rc;
	struct err err;
};

static int take_lock(const struct lab *lab, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/helper.lock", lab->dir);
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	if (journal_await_lock(fd, path, HELPER_LIMIT_NS, err) < 0)
		return -1;
	return util_steal_fd(&fd);
}

int helper_await(const struct lab *lab, struct err *err)
{
	AUTO_FD int fd = take_lock(lab, err);

	return fd < 0 ? -1 : 0;
}

/* In the child. Locks of the parent stay with the parent: only the pipe and the lock of its own are
 * kept, as 3 and 4. */
static void help(const struct lab *lab, int pipe_fd,
        int (*fn)(const void *arg, void *result, struct err *err), const void *arg, void *result,
        size_t size)
{
	struct answer answer = {0};

	if (dup2(pipe_fd, 3) < 0 || close_range(4, ~0u, 0) < 0)
		_exit(1);
	answer.rc = lab && take_lock(lab, &answer.err) < 0 ? -1 : fn(arg, result, &answer.err);
	bool told = io_write_all(3, &answer, sizeof(answer), NULL) == 0 &&
	        io_write_all(3, result, size, NULL) == 0;
	_exit(told ? 0 : 1);
}

int helper_call(const struct lab *lab, int (*fn)(const void *arg, void *result, struct err *err),
        const void *arg, void *result, size_t size, struct err *err)
{
	int fds[2];
	struct answer answer = {0};

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	pid_t pid = fork();
	if (pid == 0)
		help(lab, fds[1], fn, arg, result, size);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return err_sys(err, "start a helper process");
	}
	bool whole = io_read_full(fds[0], &answer, sizeof(answer)) == sizeof(answer) &&
	        io_read_full(fds[0], result, size) == (ssize_t)size;
	close(fds[0]);
	int status;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!whole)
		return err_set(err, ERR_FAILED, "a helper process ended early (status %d)", status);
	if (answer.rc < 0 && err)
		*err = answer.err;
	return answer.rc;
}
