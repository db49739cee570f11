/* User namespaces: their maps, written from outside (user_namespaces(7)). */
#include "engine/engine_internal.h"

#include "engine/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int write_maps(pid_t pid, const char *file, const struct id_maps *maps, struct err *err)
{
	char path[48];
	AUTO_STR text = {0};

	for (size_t i = 0; i < maps->n; i++)
		str_addf(&text, "%u %u %u\n", maps->v[i].inside, maps->v[i].outside,
		        maps->v[i].count);
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, str_text(&text), text.len) != (ssize_t)text.len)
		return err_sys(err, "map the ids of the container (%s)", file);
	return 0;
}

int userns_map(pid_t pid, const struct id_maps *uids, const struct id_maps *gids, int *out,
        struct err *err)
{
	char path[32];

	if (write_maps(pid, "uid_map", uids, err) < 0 || write_maps(pid, "gid_map", gids, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open the container's user namespace");
	*out = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
	close(fd);
	return *out < 0 ? err_sys(err, "open the container's user namespace") : 0;
}

/* Until the one who made it has what it wants, or was killed: whoever is left behind would hold all
 * that was open, the lock of a journal among it. After the change of credentials, which makes the
 * kernel forget the signal. */
static int linger(void *maker)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != *(const pid_t *)maker)
		_exit(1);
	for (;;)
		pause();
	return 0;
}

/* It does nothing, so that it needs no memory of its own, but for a stack. No signal may find it,
 * as its handlers' variables are the caller's. */
static pid_t born_beside(char *stack_end, pid_t *maker, int *pidfd)
{
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = clone(
	        linger, stack_end, CLONE_NEWUSER | CLONE_VM | CLONE_PIDFD | SIGCHLD, maker, pidfd);
	int code = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = code;
	return pid;
}

/* In a chroot nobody may make one (user_namespaces(7)); entering the own mount namespace once more
 * leads out of it. */
static pid_t born_outside_chroot(int *pidfd)
{
	pid_t maker = getpid();
	int ready[2];
	char word;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	pid_t pid = cgroup_fork(NULL, 0, pidfd);
	if (pid == 0) {
		int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
		if (own < 0 || setns(own, CLONE_NEWNS) < 0 || unshare(CLONE_NEWUSER) < 0 ||
		        write(ready[1], "", 1) != 1)
			_exit(1);
		linger(&maker);
	}
	close(ready[1]);
	/* What fails shows when its maps are written. */
	(void)!read(ready[0], &word, 1);
	close(ready[0]);
	return pid;
}

int userns_with_maps(
        const struct id_maps *uids, const struct id_maps *gids, int *out, struct err *err)
{
	_Alignas(16) char stack[4096];
	int pidfd;
	pid_t maker = getpid();
	pid_t pid = born_beside(stack + sizeof(stack), &maker, &pidfd);

	if (pid < 0 && errno == EPERM)
		pid = born_outside_chroot(&pidfd);
	if (pid < 0)
		return err_sys(err, "make a user namespace");
	int rc = userns_map(pid, uids, gids, out, err);
	process_signal(pidfd, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(pidfd);
	return rc;
}
