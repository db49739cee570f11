#include "base/proc.h"

#include "base/clock.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What ignores SIGTERM for so long gets SIGKILL. */
#define GRACE_NS 5000000000

struct child {
	pid_t pid;
	int pidfd;
	int out[2]; /* read ends of standard output and error; -1: not caught, or at its end */
};

static void child_exec(const struct proc_cmd *cmd, int out, int err_out, int report, pid_t parent)
{
	int in = cmd->in_fd >= 0 ? cmd->in_fd : open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	/* What a killed worker began must not go on behind the back of the next destroy. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pid_t now = getppid(); /* 0: in another PID namespace */
	if (now && now != parent)
		_exit(127); /* it was killed before the line above */
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* Each dup lands on a number that a later one may still need as its source only if sources
	 * are 0..2: move them up. */
	int from[3] = {fcntl(in, F_DUPFD_CLOEXEC, 3), fcntl(out, F_DUPFD_CLOEXEC, 3),
	        fcntl(err_out, F_DUPFD_CLOEXEC, 3)};
	for (int i = 0; i < 3; i++)
		if (from[i] < 0 || dup2(from[i], i) < 0)
			goto failed;
	if (cmd->cwd && chdir(cmd->cwd) < 0)
		goto failed;
	char *const *argv = (char *const *)(uintptr_t)cmd->argv;
	char *const *env = cmd->env ? (char *const *)(uintptr_t)cmd->env : environ;
	if (cmd->path)
		execve(cmd->path, argv, env);
	else
		execvpe(argv[0], argv, env);
failed:;
	int saved = errno;
	if (write(report, &saved, sizeof(saved)) < 0)
		_exit(126);
	_exit(127);
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int make_pipes(const struct proc_cmd *cmd, int report[2], int out[2], int errs[2])
{
	if (pipe2(report, O_CLOEXEC) < 0)
		return -1;
	if (cmd->output && (pipe2(out, O_CLOEXEC) < 0 || pipe2(errs, O_CLOEXEC) < 0))
		return -1;
	return 0;
}

static void close_all(int fds[2])
{
	util_close_fd(&fds[0]);
	util_close_fd(&fds[1]);
}

/* What the child says before it becomes the program: nothing, or why it cannot. */
static int read_report(const struct proc_cmd *cmd, int fd, struct child *child, struct err *err)
{
	int code;

	if (io_read_full(fd, &code, sizeof(code)) == sizeof(code)) {
		wait_for(child->pid);
		errno = code;
		return code == ENOENT && !cmd->cwd
		        ? err_set(err, ERR_HOST, "command '%s' not found", cmd->argv[0])
		        : err_sys(err, "start '%s'", cmd->argv[0]);
	}
	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	if (child->pidfd >= 0)
		return 0;
	err_sys(err, "watch '%s'", cmd->argv[0]);
	kill(-child->pid, SIGKILL);
	wait_for(child->pid);
	return -1;
}

static int spawn(const struct proc_cmd *cmd, struct child *child, struct err *err)
{
	int out[2] = {-1, -1}, errs[2] = {-1, -1}, report[2] = {-1, -1};
	AUTO_FD int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t parent = getpid();
	int rc = -1;

	if (null < 0 || make_pipes(cmd, report, out, errs) < 0) {
		err_sys(err, "make a pipe for '%s'", cmd->argv[0]);
		goto done;
	}
	child->pid = fork();
	if (child->pid == 0) {
		int to = cmd->output ? out[1] : cmd->out_fd >= 0 ? cmd->out_fd : null;
		int to_err = cmd->output ? errs[1] : cmd->err_fd >= 0 ? cmd->err_fd : null;
		child_exec(cmd, to, to_err, report[1], parent);
	}
	if (child->pid < 0) {
		err_sys(err, "start '%s'", cmd->argv[0]);
		goto done;
	}
	util_close_fd(&report[1]);
	rc = read_report(cmd, report[0], child, err);
	if (rc == 0) {
		child->out[0] = util_steal_fd(&out[0]);
		child->out[1] = util_steal_fd(&errs[0]);
	}
done:
	close_all(report);
	close_all(out);
	close_all(errs);
	return rc;
}

/* Returns how much came; 0 at the end. */
static size_t drain(const struct proc_cmd *cmd, struct child *child, int stream, size_t max)
{
	char buf[16384];
	ssize_t n;

	do
		n = read(child->out[stream], buf, max < sizeof(buf) ? max : sizeof(buf));
	while (n < 0 && errno == EINTR);
	if (n <= 0) {
		util_close_fd(&child->out[stream]);
		return 0;
	}
	cmd->output(cmd->ctx, stream + 1, buf, (size_t)n);
	return (size_t)n;
}

/* SIGKILL when time is over; where the user asks to stop, SIGTERM and some time first. */
static void look_at_limits(const struct proc_cmd *cmd, const struct child *child, int64_t *deadline,
        enum err_kind *why)
{
	if (*why == ERR_NONE && *deadline && clock_mono_ns() > *deadline) {
		*why = ERR_FAILED;
		kill(-child->pid, SIGKILL);
	}
	if (*why == ERR_INTERRUPTED && clock_mono_ns() > *deadline)
		kill(-child->pid, SIGKILL);
	if (*why == ERR_NONE && cmd->stop && *cmd->stop) {
		*why = ERR_INTERRUPTED;
		kill(-child->pid, SIGTERM);
		*deadline = clock_mono_ns() + GRACE_NS;
	}
}

/* Waits until the process has ended; sets *why where it was cut short. All that it wrote is in the
 * pipes then: what its own children go on writing is not waited for. */
static void watch(const struct proc_cmd *cmd, struct child *child, enum err_kind *why)
{
	int64_t deadline = cmd->timeout_ns ? clock_mono_ns() + cmd->timeout_ns : 0;
	bool ended = false;

	while (!ended) {
		struct pollfd fds[3] = {{child->out[0], POLLIN, 0}, {child->out[1], POLLIN, 0},
		        {child->pidfd, POLLIN, 0}};
		poll(fds, 3, deadline || cmd->stop || cmd->tick ? 100 : -1);
		for (int i = 0; i < 2; i++)
			if (fds[i].revents)
				drain(cmd, child, i, SIZE_MAX);
		ended = fds[2].revents;
		if (!ended && cmd->tick)
			cmd->tick(cmd->ctx);
		if (!ended)
			look_at_limits(cmd, child, &deadline, why);
	}
	for (int i = 0; i < 2; i++)
		for (size_t left = io_pending(child->out[i]), n = 1; left && n; left -= n)
			n = drain(cmd, child, i, left);
}

int proc_run(const struct proc_cmd *cmd, int *status, struct err *err)
{
	struct child child = {-1, -1, {-1, -1}};
	enum err_kind why = ERR_NONE;

	if (spawn(cmd, &child, err) < 0)
		return -1;
	watch(cmd, &child, &why);
	int wait_status = wait_for(child.pid);
	util_close_fd(&child.pidfd);
	util_close_fd(&child.out[0]);
	util_close_fd(&child.out[1]);
	if (why == ERR_INTERRUPTED)
		return err_set(err, why, "'%s' was interrupted", cmd->argv[0]);
	if (why != ERR_NONE)
		return err_set(err, why, "'%s' ran longer than %" PRId64 " s", cmd->argv[0],
		        cmd->timeout_ns / 1000000000);
	*status = proc_exit_status(wait_status);
	return 0;
}

static void collect(void *ctx, int stream, const char *data, size_t n)
{
	struct str *both = ctx;

	str_addn(&both[stream - 1], data, n);
}

int proc_check(const char *const argv[], struct str *out, struct err *err)
{
	struct str text[2] = {{0}, {0}};
	struct proc_cmd cmd = {.argv = argv,
	        .in_fd = -1,
	        .out_fd = -1,
	        .err_fd = -1,
	        .output = collect,
	        .ctx = text};
	int status, rc = proc_run(&cmd, &status, err);

	if (rc == 0 && status != 0) {
		const char *said = text[1].len ? str_text(&text[1]) : str_text(&text[0]);
		size_t n = strcspn(said, "\n");
		rc = err_set(err, ERR_FAILED, "'%s' exited with %d: %.*s", argv[0], status,
		        (int)(n > 600 ? 600 : n), said);
	}
	if (rc == 0 && out)
		str_addn(out, str_text(&text[0]), text[0].len);
	str_clear(&text[0]);
	str_clear(&text[1]);
	return rc;
}

/* /proc/PID/stat: the name may hold spaces and parentheses, so fields are counted behind the last
 * ')'. */
static int read_stat(pid_t pid, char *state, uint64_t *ticks, struct err *err)
{
	char path[32], buf[1024];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (n <= 0)
		return err_set(err, ERR_MISSING, "there is no process %d", pid);
	buf[n] = '\0';
	char *p = strrchr(buf, ')');
	if (!p ||
	        sscanf(p + 2,
	                "%c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
	                "%*d %" SCNu64,
	                state, ticks) != 2)
		return err_set(err, ERR_FAILED, "cannot read '%s'", path);
	return 0;
}

int proc_start_time(pid_t pid, uint64_t *ticks, struct err *err)
{
	char state;
	uint64_t t;

	if (read_stat(pid, &state, &t, err) < 0)
		return -1;
	if (state == 'Z' || state == 'X')
		return err_set(err, ERR_MISSING, "process %d has ended", pid);
	*ticks = t;
	return 0;
}

bool proc_same(pid_t pid, uint64_t start_ticks)
{
	uint64_t now;

	return pid > 0 && proc_start_time(pid, &now, NULL) == 0 && now == start_ticks;
}

pid_t proc_outlive_begin(void)
{
	prctl(PR_SET_PDEATHSIG, 0);
	return getppid();
}

void proc_outlive_end(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

void proc_default_signals(void)
{
	/* The kernel's own struct, of which zeros say SIG_DFL (rt_sigaction(2)). */
	const struct {
		uintptr_t handler;
		unsigned long flags;
		uintptr_t restorer;
		uint64_t mask;
	} by_default = {0};

	for (int sig = 1; sig < _NSIG; sig++)
		syscall(SYS_rt_sigaction, sig, &by_default, NULL, sizeof(by_default.mask));
}

void proc_serve_pipe(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}
