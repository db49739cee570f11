#include "transports/pipe_tar.h"

#include "base/fs.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: only what is safe after fork(). */
static void exec_tar(const char *const argv[], int in, int out, int log)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* An archive of a machine may hold device nodes: root's tar would make them. */
	prctl(PR_CAPBSET_DROP, CAP_MKNOD, 0, 0, 0);
	umask(0);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(log, 2) < 0)
		_exit(126);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static int start(struct pipe_tar *tar, const char *const argv[], bool reads, struct err *err)
{
	int ends[2];
	AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	AUTO_FD int log = memfd_create("tar", MFD_CLOEXEC);

	if (null < 0 || log < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe for 'tar'");
	/* Descriptors 0 to 2 are open in every process of prov, so that dup2() clears the flag. */
	tar->pid = fork();
	if (tar->pid == 0)
		exec_tar(argv, reads ? ends[0] : null, reads ? null : ends[1], log);
	close(ends[reads ? 0 : 1]);
	tar->fd = ends[reads ? 1 : 0];
	if (tar->pid < 0) {
		err_sys(err, "start 'tar'");
		close(tar->fd);
		return -1;
	}
	tar->log = util_steal_fd(&log);
	return 0;
}

int pipe_tar_pack(struct pipe_tar *tar, const char *folder, const struct strv *without,
        const char *uid, const char *gid, struct err *err)
{
	const char *const options[] = {"tar", "-C", folder, "--format=gnu", "--sort=name",
	        "--numeric-owner", "--owner", uid, "--group", gid, "--anchored", "--no-wildcards"};
	AUTO_STRV argv = {0};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		strv_add(&argv, options[i]);
	for (size_t i = 0; i < without->n; i++)
		strv_addf(&argv, "--exclude=./%s", without->v[i]);
	strv_add(&argv, "-cf");
	strv_add(&argv, "-");
	strv_add(&argv, ".");
	return start(tar, (const char *const *)argv.v, false, err);
}

int pipe_tar_unpack(struct pipe_tar *tar, const char *folder, struct err *err)
{
	const char *const argv[] = {
	        "tar", "-C", folder, "--no-same-owner", "--no-same-permissions", "-xf", "-", NULL};

	signal(SIGPIPE, SIG_IGN); /* a tar that gave up is an error of the write */
	return start(tar, argv, true, err);
}

int pipe_tar_end(struct pipe_tar *tar, bool broken, struct err *err)
{
	char said[600];
	int wait_status = 0;

	close(tar->fd);
	while (waitpid(tar->pid, &wait_status, 0) < 0 && errno == EINTR)
		;
	ssize_t n = pread(tar->log, said, sizeof(said) - 1, 0);
	close(tar->log);
	int status = proc_exit_status(wait_status);
	if (status == 0 || broken)
		return 0;
	said[n > 0 ? n : 0] = '\0';
	said[strcspn(said, "\n")] = '\0';
	return status == 127 ? err_set(err, ERR_HOST, "command 'tar' not found")
	                     : err_set(err, ERR_FAILED, "tar exited with %d: %s", status, said);
}
