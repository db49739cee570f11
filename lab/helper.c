#include "lab/prepare.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct answer {
	int rc;
	struct err err;
};

int helper_call(int (*fn)(const void *arg, void *result, struct err *err), const void *arg,
        void *result, size_t size, struct err *err)
{
	int fds[2];
	struct answer answer = {0};

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Locks stay with the parent: see become_worker. */
		if (dup2(fds[1], 3) < 0 || close_range(4, ~0u, 0) < 0)
			_exit(1);
		answer.rc = fn(arg, result, &answer.err);
		bool told = io_write_all(3, &answer, sizeof(answer), NULL) == 0 &&
		        io_write_all(3, result, size, NULL) == 0;
		_exit(told ? 0 : 1);
	}
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
