#include "transports/ssh/flow.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define STEP_MS 100
/*
 * sshd reports the exit status when the process ends and closes the channel when nobody holds its
 * output any more: a daemon that a script left behind would hold it for ever. What was written
 * before the end arrives well within this time.
 */
#define LINGER_NS INT64_C(1000000000)
/* And where it never falls silent, this is the end all the same. */
#define LINGER_MAX_NS (5 * LINGER_NS)

/* RFC 4254, 6.10, and what OpenSSH adds. */
static const struct {
	const char *name;
	int number;
} signals[] = {
        {"ABRT", SIGABRT},
        {"ALRM", SIGALRM},
        {"FPE", SIGFPE},
        {"HUP", SIGHUP},
        {"ILL", SIGILL},
        {"INT", SIGINT},
        {"KILL", SIGKILL},
        {"PIPE", SIGPIPE},
        {"QUIT", SIGQUIT},
        {"SEGV", SIGSEGV},
        {"TERM", SIGTERM},
        {"USR1", SIGUSR1},
        {"USR2", SIGUSR2},
        {"BUS@openssh.com", SIGBUS},
        {"XCPU@openssh.com", SIGXCPU},
};

/* Waits where the descriptor does not block, as a terminal or pipe of the user's may be set. */
static int write_out(int fd, const char *data, size_t n, struct err *err)
{
	while (n) {
		ssize_t k = write(fd, data, n);
		if (k < 0 && errno == EAGAIN) {
			struct pollfd pfd = {fd, POLLOUT, 0};
			if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
				return err_sys(err, "wait for the output");
			continue;
		}
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_sys(err, "write the output");
		data += k;
		n -= (size_t)k;
	}
	return 0;
}

static int on_data(ssh_session session, ssh_channel channel, void *data, uint32_t n, int is_stderr,
        void *userdata)
{
	struct flow *f = userdata;
	int fd = is_stderr ? f->cmd->err_fd : f->cmd->out_fd;

	(void)session;
	(void)channel;
	f->silent_ns = 0;
	if (f->output_err.kind != ERR_NONE)
		return (int)n;
	if (f->cmd->output)
		f->cmd->output(f->cmd->ctx, is_stderr ? 2 : 1, data, n);
	else if (fd >= 0 && write_out(fd, data, n, &f->output_err) < 0)
		return (int)n; /* said by the next ssh_flow_step */
	return (int)n;
}

static void on_eof(ssh_session session, ssh_channel channel, void *userdata)
{
	(void)session;
	(void)channel;
	((struct flow *)userdata)->eof = true;
}

static void on_close(ssh_session session, ssh_channel channel, void *userdata)
{
	(void)session;
	(void)channel;
	((struct flow *)userdata)->closed = true;
}

static void set_status(struct flow *f, int status)
{
	f->has_status = true;
	f->status = status;
	f->silent_ns = f->lingered_ns = 0;
}

static void on_status(ssh_session session, ssh_channel channel, int status, void *userdata)
{
	(void)session;
	(void)channel;
	set_status(userdata, status & 0xff);
}

static void on_signal(ssh_session session, ssh_channel channel, const char *name, int core,
        const char *message, const char *lang, void *userdata)
{
	int number = 0; /* of a signal that SSH has no name for: 128 */

	(void)session;
	(void)channel;
	(void)core;
	(void)message;
	(void)lang;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (name && strcmp(name, signals[i].name) == 0)
			number = signals[i].number;
	set_status(userdata, 128 + number);
}

int ssh_flow_open(
        struct flow *f, struct link *link, const struct transport_cmd *cmd, struct err *err)
{
	*f = (struct flow){.link = link, .cmd = cmd, .in_fd = cmd->in_fd};
	if (ssh_link_channel(link, &f->channel, err) < 0)
		return -1;
	f->callbacks = (struct ssh_channel_callbacks_struct){
	        .userdata = f,
	        .channel_data_function = on_data,
	        .channel_eof_function = on_eof,
	        .channel_close_function = on_close,
	        .channel_exit_status_function = on_status,
	        .channel_exit_signal_function = on_signal,
	};
	ssh_callbacks_init(&f->callbacks);
	if (ssh_set_channel_callbacks(f->channel, &f->callbacks) != SSH_OK)
		return ssh_link_failed(link, err, "watch a channel to %s", link->name);
	return 0;
}

/* After a request that said SSH_AGAIN. */
static int again(struct flow *f, struct err *err)
{
	return ssh_link_wait(f->link, -1, -1, NULL, STEP_MS, err);
}

static int requested(struct flow *f, int rc, const char *what, struct err *err)
{
	if (rc == SSH_AGAIN)
		return -1;
	if (rc != SSH_OK)
		return ssh_link_failed(f->link, err, "%s refused %s", f->link->name, what);
	return 0;
}

int ssh_flow_exec(struct flow *f, const char *line, struct err *err)
{
	int rc;

	while ((rc = ssh_channel_request_exec(f->channel, line)) == SSH_AGAIN)
		if (again(f, err) < 0)
			break;
	if (requested(f, rc, "a command", err) < 0)
		return -1;
	if (f->in_fd < 0)
		ssh_channel_send_eof(f->channel);
	return 0;
}

int ssh_flow_pty(struct flow *f, const char *term, int columns, int rows, struct err *err)
{
	int rc;

	f->tty = true;
	while ((rc = ssh_channel_request_pty_size(f->channel, term, columns, rows)) == SSH_AGAIN)
		if (again(f, err) < 0)
			break;
	return requested(f, rc, "a terminal", err);
}

int ssh_flow_login_shell(struct flow *f, struct err *err)
{
	int rc;

	while ((rc = ssh_channel_request_shell(f->channel)) == SSH_AGAIN)
		if (again(f, err) < 0)
			break;
	return requested(f, rc, "a login shell", err);
}

/* Never more than the window takes: libssh would wait for it. */
static void feed(struct flow *f)
{
	char buf[32768];
	uint32_t room = ssh_channel_window_size(f->channel);
	ssize_t n = read(f->in_fd, buf, room < sizeof(buf) ? room : sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0) {
		/* A command may end without reading its input: that is its own affair. */
		(void)ssh_channel_write(f->channel, buf, (uint32_t)n);
		return;
	}
	f->in_fd = -1;
	if (f->tty)
		(void)ssh_channel_write(f->channel, "\004", 1);
	else
		ssh_channel_send_eof(f->channel);
}

static bool can_feed(const struct flow *f)
{
	return f->in_fd >= 0 && !f->closed && ssh_channel_window_size(f->channel) > 0 &&
	        !(ssh_get_poll_flags(f->link->session) & SSH_WRITE_PENDING);
}

/* Of a step that took so long. What lies beyond its limit went to who takes the output, or to
 * others of a busy host: meanwhile nobody listened, and what the machine said may be there. */
static void listened(struct flow *f, int64_t took_ns, int wait_ms)
{
	int64_t ns = took_ns < wait_ms * INT64_C(1000000) ? took_ns : wait_ms * INT64_C(1000000);

	f->lingered_ns += ns;
	if (f->silent_ns)
		f->silent_ns += ns;
}

int ssh_flow_step(struct flow *f, int wake_fd, int wait_ms, struct err *err)
{
	bool in_ready = false;
	int64_t begun = clock_mono_ns();

	f->silent_ns++; /* an answer makes it 0 */
	if (ssh_link_wait(f->link, wake_fd, can_feed(f) ? f->in_fd : -1, &in_ready, wait_ms, err) <
	        0)
		/* `reboot` ends the connection together with its answer. */
		return f->has_status && !ssh_is_connected(f->link->session) ? 0 : -1;
	listened(f, clock_mono_ns() - begun, wait_ms);
	if (in_ready)
		feed(f);
	if (f->output_err.kind != ERR_NONE) {
		if (err)
			*err = f->output_err;
		return -1;
	}
	return 0;
}

bool ssh_flow_ended(const struct flow *f)
{
	if (f->closed || !ssh_is_connected(f->link->session))
		return true;
	return f->has_status &&
	        (f->eof || f->silent_ns > LINGER_NS || f->lingered_ns > LINGER_MAX_NS);
}

int ssh_flow_finish(struct flow *f, int *status, struct err *err)
{
	while (!ssh_flow_ended(f))
		if (ssh_flow_step(f, -1, STEP_MS, err) < 0)
			return -1;
	if (!f->has_status)
		return ssh_is_connected(f->link->session)
		        ? err_set(err, ERR_FAILED, "%s ended the command without an exit status",
		                  f->link->name)
		        : err_set(err, ERR_FAILED, "the connection to %s was lost", f->link->name);
	*status = f->status;
	return 0;
}

void ssh_flow_close(struct flow *f)
{
	if (f->channel) {
		ssh_remove_channel_callbacks(f->channel, &f->callbacks);
		ssh_link_channel_close(f->channel);
	}
	f->channel = NULL;
}
