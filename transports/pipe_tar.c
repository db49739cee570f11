#include "transports/pipe_tar.h"

#include "base/io.h"
#include "base/proc.h"
#include "transports/tar/untar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child does. */
struct job {
	const char *const *argv; /* a program; NULL: unpack */
	untar_function *untar;
	int folder; /* where it works */
};

/* In the child: only what is safe after fork(). */
static _Noreturn void exec_tar(const struct job *job, int in, int out, int log)
{
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(log, 2) < 0 || fchdir(job->folder) < 0)
		_exit(126);
	execvp(job->argv[0], (char *const *)(uintptr_t)job->argv);
	_exit(127);
}

/* In the child, too, of a process with one thread: its memory is a copy. */
static _Noreturn void unpack(const struct job *job, int in, int log)
{
	struct err err = {0};

	umask(0);
	if (job->untar(in, job->folder, &err) == 0)
		_exit(0);
	io_write_all(log, err.message, strlen(err.message), NULL) < 0 ? _exit(2) : _exit(1);
}

static _Noreturn void child(const struct job *job, int in, int out, int log)
{
	proc_serve_pipe();
	if (job->argv)
		exec_tar(job, in, out, log);
	unpack(job, in, log);
}

static int start(struct pipe_tar *tar, const struct job *job, struct err *err)
{
	bool reads = !job->argv;
	int ends[2];
	AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	AUTO_FD int log = memfd_create("tar", MFD_CLOEXEC);

	if (null < 0 || log < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe for 'tar'");
	/* Descriptors 0 to 2 are open in every process of prov, so that dup2() clears the flag. */
	tar->pid = fork();
	if (tar->pid == 0) {
		close(ends[reads ? 1 : 0]);
		child(job, reads ? ends[0] : null, reads ? null : ends[1], log);
	}
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

int pipe_tar_pack(struct pipe_tar *tar, int folder, const struct strv *without, const char *uid,
        const char *gid, struct err *err)
{
	const char *const options[] = {"tar", "--format=gnu", "--sort=name", "--numeric-owner",
	        "--owner", uid, "--group", gid, "--anchored", "--no-wildcards"};
	AUTO_STRV argv = {0};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		strv_add(&argv, options[i]);
	for (size_t i = 0; i < without->n; i++)
		strv_addf(&argv, "--exclude=./%s", without->v[i]);
	strv_add(&argv, "-cf");
	strv_add(&argv, "-");
	strv_add(&argv, ".");
	const struct job job = {.argv = (const char *const *)argv.v, .folder = folder};
	return start(tar, &job, err);
}

int pipe_tar_unpack(struct pipe_tar *tar, int folder, struct err *err)
{
	struct job job = {.folder = folder};
	void *symbol;

	if (module_symbol("prov-tar", "prov_untar", &symbol, err) < 0)
		return -1;
	job.untar = (untar_function *)(uintptr_t)symbol;
	signal(SIGPIPE, SIG_IGN); /* an end that gave up is an error of the write */
	return start(tar, &job, err);
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
	if (status == 127)
		return err_set(err, ERR_HOST, "command 'tar' not found");
	return *said ? err_set(err, ERR_FAILED, "%s", said)
	             : err_set(err, ERR_FAILED, "tar exited with %d", status);
}
