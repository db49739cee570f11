#include "transports/terminal.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int endings[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};

int terminal_hold(struct terminal *t, struct err *err)
{
	sigset_t set;

	*t = (struct terminal){.signals = -1, .is_tty = isatty(STDIN_FILENO)};
	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		sigaddset(&set, endings[i]);
	if (sigprocmask(SIG_BLOCK, &set, &t->mask) < 0)
		return err_sys(err, "block signals");
	t->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (t->signals < 0) {
		err_sys(err, "watch for signals");
		sigprocmask(SIG_SETMASK, &t->mask, NULL);
		return -1;
	}
	return 0;
}

int terminal_raw(struct terminal *t, struct err *err)
{
	struct termios raw;

	if (!t->is_tty)
		return 0;
	if (tcgetattr(STDIN_FILENO, &t->saved) < 0)
		return err_sys(err, "read the terminal's mode");
	raw = t->saved;
	cfmakeraw(&raw);
	t->raw = true;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0)
		return err_sys(err, "set the terminal to raw mode");
	return 0;
}

bool terminal_signals(struct terminal *t)
{
	struct signalfd_siginfo info;
	bool resized = false;

	while (read(t->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			resized = true;
		else if (!t->ending)
			t->ending = (int)info.ssi_signo;
	}
	return resized;
}

void terminal_size(int *columns, int *rows)
{
	struct winsize size;

	*columns = 80;
	*rows = 24;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row) {
			*columns = size.ws_col;
			*rows = size.ws_row;
			return;
		}
}

void terminal_restore(struct terminal *t)
{
	/* A process in the background would be stopped by SIGTTOU here; blocked, it may set the
	 * mode. */
	sigset_t ttou, before;

	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &before);
	if (t->raw)
		while (tcsetattr(STDIN_FILENO, TCSADRAIN, &t->saved) < 0 && errno == EINTR)
			;
	sigprocmask(SIG_SETMASK, &before, NULL);
	util_close_fd(&t->signals);
	sigprocmask(SIG_SETMASK, &t->mask, NULL);
	if (t->ending)
		raise(t->ending);
	t->raw = false;
}
