#include "oci/wait.h"

#include "base/io.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void all_signals(sigset_t *set)
{
	sigfillset(set);
	/* Of this process's own making. */
	const int own[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS, SIGPIPE,
	        SIGTTIN, SIGTTOU};
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		sigdelset(set, own[i]);
}

void wait_block_signals(void)
{
	sigset_t set;

	all_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

struct terminal {
	int master; /* never waited for: a program that does not read must not stop what it says */
	bool raw;
	struct termios before;
	char typed[8192]; /* and not yet taken */
	size_t n_typed;
};

static void copy_size(const struct terminal *t)
{
	struct winsize size;

	if (t->master >= 0 && ioctl(0, TIOCGWINSZ, &size) == 0)
		ioctl(t->master, TIOCSWINSZ, &size);
}

static void terminal_begin(struct terminal *t)
{
	struct termios raw;

	if (t->master >= 0)
		fcntl(t->master, F_SETFL, O_NONBLOCK);
	if (t->master < 0 || tcgetattr(0, &t->before) < 0)
		return;
	raw = t->before;
	cfmakeraw(&raw);
	t->raw = tcsetattr(0, TCSADRAIN, &raw) == 0;
	copy_size(t);
}

static void terminal_end(struct terminal *t)
{
	if (t->raw)
		tcsetattr(0, TCSADRAIN, &t->before);
	util_close_fd(&t->master);
}

/* What the program says; false: its end. */
static bool relay(int from, int to)
{
	char buf[8192];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	return n > 0 && io_write_all(to, buf, (size_t)n, NULL) == 0;
}

/* false: the end of what is typed. */
static bool take_input(struct terminal *t)
{
	ssize_t n = read(0, t->typed, sizeof(t->typed));

	if (n > 0)
		t->n_typed = (size_t)n;
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* false: nobody is there to take it. */
static bool hand_over(struct terminal *t)
{
	ssize_t n = write(t->master, t->typed, t->n_typed);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n < 0)
		return false;
	t->n_typed -= (size_t)n;
	memmove(t->typed, t->typed + n, t->n_typed);
	return true;
}

/* What the program wrote last may still be on its way. */
static void relay_rest(const struct terminal *t)
{
	struct pollfd fd = {t->master, POLLIN, 0};

	while (t->master >= 0 && poll(&fd, 1, 0) > 0 && fd.revents & POLLIN)
		if (!relay(t->master, 1))
			break;
}

static bool has_ended(pid_t pid, int *status)
{
	int raw;
	pid_t ended;

	/* Others may be children as well, where this is the subreaper. */
	while ((ended = waitpid(-1, &raw, WNOHANG)) > 0)
		if (ended == pid) {
			*status = proc_exit_status(raw);
			return true;
		}
	return ended < 0 && errno == ECHILD;
}

/* true: pid has ended. */
static bool handle_signal(int signals, pid_t pid, const struct terminal *t, int *status)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return false;
	switch (info.ssi_signo) {
	case SIGCHLD:
		return has_ended(pid, status);
	case SIGWINCH:
		copy_size(t);
		return false;
	default:
		kill(pid, (int)info.ssi_signo);
		return false;
	}
}

int wait_foreground(pid_t pid, int master, int *status, struct err *err)
{
	struct terminal t = {.master = master};
	bool input = master >= 0, ended;
	sigset_t set;

	all_signals(&set);
	wait_block_signals();
	AUTO_FD int signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return err_sys(err, "wait for signals");
	terminal_begin(&t);
	*status = 0;
	ended = has_ended(pid, status);
	while (!ended) {
		struct pollfd fds[3] = {{signals, POLLIN, 0},
		        {t.master, (short)(POLLIN | (t.n_typed ? POLLOUT : 0)), 0},
		        {input && !t.n_typed ? 0 : -1, POLLIN, 0}};
		poll(fds, 3, -1);
		if (fds[1].revents & POLLOUT && !hand_over(&t))
			t.n_typed = input = 0;
		if (fds[1].revents & ~POLLOUT && !relay(t.master, 1))
			util_close_fd(&t.master);
		if (fds[2].revents)
			input = take_input(&t);
		if (fds[0].revents)
			ended = handle_signal(signals, pid, &t, status);
	}
	relay_rest(&t);
	terminal_end(&t);
	return 0;
}
