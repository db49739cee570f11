/* run(): a command, its output, its limits. */
#include "transports/exec_internal.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STOP_TICK_MS  100
#define STOP_GRACE_NS INT64_C(5000000000) /* between SIGTERM and SIGKILL */

/* One line of the host's process table. */
struct process {
	pid_t pid, parent, session;
	bool doomed;
};

static bool read_process(pid_t pid, struct process *out)
{
	char path[32], state;
	AUTO_STR text = {0};
	int parent, session;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (fs_read(path, 4096, &text, NULL) < 0)
		return false;
	const char *rest = strrchr(str_text(&text), ')');
	if (!rest || sscanf(rest + 1, " %c %d %*d %d", &state, &parent, &session) != 3 ||
	        state == 'Z' || state == 'X')
		return false;
	*out = (struct process){.pid = pid, .parent = parent, .session = session};
	return true;
}

static struct process *list_processes(size_t *n)
{
	struct process *list = NULL, one;
	DIR *dir = opendir("/proc");

	*n = 0;
	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (*e->d_name < '1' || *e->d_name > '9' || !read_process(atoi(e->d_name), &one))
			continue;
		list = xrealloc(list, *n + 1, sizeof(*list));
		list[(*n)++] = one;
	}
	if (dir)
		closedir(dir);
	return list;
}

static bool is_doomed(const struct process *list, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].pid == pid)
			return list[i].doomed;
	return false;
}

/* Marks descendants of what is marked until nothing is added. */
static void doom_descendants(struct process *list, size_t n)
{
	for (bool again = true; again;) {
		again = false;
		for (size_t i = 0; i < n; i++)
			if (!list[i].doomed && is_doomed(list, n, list[i].parent))
				again = list[i].doomed = true;
	}
}

/* SIGKILL, and a moment to take effect; a process that hangs in the kernel must not hang this one.
 */
static void end_process(pid_t pid)
{
	AUTO_FD int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = {fd, POLLIN, 0};

	if (fd >= 0 && syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0)
		poll(&ended, 1, 100);
}

/* Rounds, because what is not dead yet may fork; the command itself goes last, so that its session
 * number stays taken. */
void exec_kill(const struct exec_child *child)
{
	bool found = true;

	for (int round = 0; found && round < 32; round++) {
		size_t n;
		AUTO_FREE struct process *list = list_processes(&n);
		found = false;
		for (size_t i = 0; i < n; i++)
			list[i].doomed = list[i].pid == child->pid || list[i].session == child->pid;
		doom_descendants(list, n);
		for (size_t i = 0; i < n; i++) {
			if (!list[i].doomed || list[i].pid == child->pid)
				continue;
			end_process(list[i].pid);
			found = true;
		}
	}
	kill(child->pid, SIGKILL);
}

/* Our ends of what the command writes. */
struct streams {
	const struct transport_cmd *cmd;
	int out[2];
};

/* Returns how much came; 0 at the end. */
static size_t drain(struct streams *s, int i, size_t max)
{
	char buf[16384];
	ssize_t n;

	do
		n = read(s->out[i], buf, max < sizeof(buf) ? max : sizeof(buf));
	while (n < 0 && errno == EINTR);
	if (n <= 0) {
		util_close_fd(&s->out[i]);
		return 0;
	}
	s->cmd->output(s->cmd->ctx, i + 1, buf, (size_t)n);
	return (size_t)n;
}

struct watch {
	int64_t deadline;  /* of the time limit; 0: none */
	int64_t kill_at;   /* after a request to stop; 0: none yet */
	enum err_kind why; /* it was cut short */
};

static void look_at_limits(
        struct watch *w, const struct transport_cmd *cmd, const struct exec_child *child)
{
	int64_t now = clock_mono_ns();

	if (w->why == ERR_NONE && w->deadline && now >= w->deadline) {
		w->why = ERR_FAILED;
		exec_kill(child);
	} else if (w->why == ERR_NONE && cmd->stop && *cmd->stop) {
		w->why = ERR_INTERRUPTED;
		w->kill_at = now + STOP_GRACE_NS;
		kill(-child->pid, SIGTERM);
	} else if (w->kill_at && now >= w->kill_at) {
		w->kill_at = 0;
		exec_kill(child);
	}
}

static int wait_ms(const struct watch *w, const struct transport_cmd *cmd)
{
	int64_t until = w->kill_at ? w->kill_at : w->why == ERR_NONE ? w->deadline : 0;
	int64_t ms = until ? (until - clock_mono_ns()) / 1000000 + 1 : -1;

	if (cmd->stop && w->why == ERR_NONE && (ms < 0 || ms > STOP_TICK_MS))
		return STOP_TICK_MS;
	return ms < 0 && until ? 0 : ms > 60000 ? 60000 : (int)ms;
}

/* Until the command has ended. All that it wrote is in the pipes then; what it left running may
 * hold them open and fill them for ever, and is not waited for. */
static void follow(struct streams *s, const struct exec_child *child, struct watch *w)
{
	bool ended = false;

	while (!ended) {
		struct pollfd fds[3] = {
		        {s->out[0], POLLIN, 0}, {s->out[1], POLLIN, 0}, {child->pidfd, POLLIN, 0}};
		int ready = poll(fds, 3, wait_ms(w, s->cmd));
		for (int i = 0; ready > 0 && i < 2; i++)
			if (fds[i].revents)
				drain(s, i, SIZE_MAX);
		ended = ready > 0 && fds[2].revents;
		if (!ended)
			look_at_limits(w, s->cmd, child);
	}
	for (int i = 0; i < 2; i++)
		for (size_t left = io_pending(s->out[i]), n = 1; left && n; left -= n)
			n = drain(s, i, left);
}

static int open_streams(
        const struct transport_cmd *cmd, struct exec_start *start, int out[2][2], struct err *err)
{
	start->fds[0] = cmd->in_fd;
	start->fds[1] = cmd->out_fd;
	start->fds[2] = cmd->err_fd;
	for (int i = 0; cmd->output && i < 2; i++) {
		if (pipe2(out[i], O_CLOEXEC) < 0)
			return err_sys(err, "make a pipe");
		start->fds[i + 1] = out[i][1];
	}
	return 0;
}

static int spawn(const struct transport_cmd *cmd, struct exec_start *start, struct streams *s,
        struct exec_child *child, struct err *err)
{
	int out[2][2] = {{-1, -1}, {-1, -1}};
	AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	int rc = null < 0 ? err_sys(err, "open '/dev/null'") : open_streams(cmd, start, out, err);
	for (int i = 0; i < 3; i++)
		if (start->fds[i] < 0)
			start->fds[i] = null;
	if (rc == 0)
		rc = exec_spawn(start, child, err);
	for (int i = 0; i < 2; i++) {
		util_close_fd(&out[i][1]);
		if (rc < 0)
			util_close_fd(&out[i][0]);
		s->out[i] = out[i][0];
	}
	return rc;
}

int exec_run(struct transport *t, const struct transport_cmd *cmd, int *status, struct err *err)
{
	struct streams streams = {.cmd = cmd, .out = {-1, -1}};
	struct watch watch = {.why = ERR_NONE};
	struct exec_start start;
	struct exec_child child;
	struct exec_user user = {0};

	int rc = exec_start_init((struct exec_transport *)t, cmd, cmd->user, &user, &start, err);
	start.tracked = cmd->timeout_ns != 0;
	if (rc == 0)
		rc = spawn(cmd, &start, &streams, &child, err);
	exec_start_clear(&start);
	exec_user_clear(&user);
	if (rc < 0)
		return -1;
	watch.deadline = cmd->timeout_ns ? clock_mono_ns() + cmd->timeout_ns : 0;
	follow(&streams, &child, &watch);
	int code = exec_wait(&child);
	util_close_fd(&streams.out[0]);
	util_close_fd(&streams.out[1]);
	if (watch.why == ERR_INTERRUPTED)
		return err_set(err, watch.why, "'%s' was interrupted", cmd->argv[0]);
	if (watch.why != ERR_NONE)
		return err_set(err, watch.why, "'%s' ran longer than %" PRId64 " s", cmd->argv[0],
		        cmd->timeout_ns / 1000000000);
	*status = code;
	return 0;
}
