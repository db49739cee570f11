#include "engine/enter.h"

#include "base/fs.h"
#include "engine/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether both are in one namespace of this kind ("user"). */
static bool shares(pid_t pid, const char *kind)
{
	AUTO_FREE char *own = xasprintf("/proc/self/ns/%s", kind);
	AUTO_FREE char *theirs = xasprintf("/proc/%d/ns/%s", pid, kind);
	struct stat a, b;

	return stat(own, &a) == 0 && stat(theirs, &b) == 0 && a.st_dev == b.st_dev &&
	        a.st_ino == b.st_ino;
}

static int enter(int pidfd, pid_t pid, struct err *err)
{
	int kinds = CLONE_NEWNS | (shares(pid, "user") ? 0 : CLONE_NEWUSER);
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	AUTO_FD int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* The number is that of pidfd as long as that one has not ended. */
	if (root < 0 || process_signal(pidfd, 0) < 0)
		return err_set(err, ERR_FAILED, "the container ended meanwhile");
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || setns(pidfd, kinds) < 0)
		return err_sys(err, "enter the container");
	if (fchdir(root) < 0 || chroot(".") < 0)
		return err_sys(err, "enter the container's root");
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(err, "become root of the container");
	umask(022);
	return 0;
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
