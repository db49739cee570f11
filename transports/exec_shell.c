/* shell(): a terminal of the machine's own, joined to this process's. */
#include "transports/exec_internal.h"

#include "base/io.h"
#include "engine/terminal.h"
#include "transports/exec_env.h"
#include "transports/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int make_pty(int root, int *master, int *slave, struct err *err)
{
	AUTO_FD int multiplexer = exec_open_in(root, "/dev/pts/ptmx", O_PATH);

	if (multiplexer < 0)
		return err_sys(err, "open the machine's '/dev/pts/ptmx'");
	if (terminal_open(multiplexer, master, slave, err) < 0)
		return -1;
	fcntl(*master, F_SETFL, O_NONBLOCK);
	return 0;
}

/* A terminal belongs to who opened it: to root inside, or nobody there could give it away. */
static int open_pty(const struct entry *entry, int *master, int *slave, struct err *err)
{
	int uid = setfsuid(entry->uid), gid = setfsgid(entry->gid);
	int rc = make_pty(entry->root, master, slave, err);

	setfsuid((uid_t)uid);
	setfsgid((gid_t)gid);
	return rc;
}

static void follow_size(int master)
{
	struct winsize size = {0};
	int columns, rows;

	terminal_size(&columns, &rows);
	size.ws_col = (unsigned short)columns;
	size.ws_row = (unsigned short)rows;
	ioctl(master, TIOCSWINSZ, &size);
}

/* What is left behind may write on for ever; a terminal holds less than this of what the command
 * had said when it ended. */
enum { LAST_WORDS = 65536 };

struct talk {
	struct terminal *terminal;
	int master; /* never waited for: a program that does not read must not stop what it says */
	int in;     /* -1: at its end */
	const struct exec_child *child;
	const volatile int *stop;
	char typed[16384]; /* and not yet taken */
	size_t n_typed;
	size_t shown; /* bytes of what the machine said */
};

/* What the machine says. False: there is nothing more. */
static bool show_output(struct talk *t)
{
	char buf[16384];
	ssize_t n = read(t->master, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	t->shown += n > 0 ? (size_t)n : 0;
	/* EIO of the master: every slave is closed. */
	return n > 0 && io_write_all(STDOUT_FILENO, buf, (size_t)n, NULL) == 0;
}

/* The end of a file or pipe is typed as ^D. */
static void take_input(struct talk *t)
{
	ssize_t n = read(t->in, t->typed, sizeof(t->typed));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0) {
		t->n_typed = (size_t)n;
		return;
	}
	if (!t->terminal->is_tty) {
		t->typed[0] = 4;
		t->n_typed = 1;
	}
	t->in = -1;
}

static void hand_over(struct talk *t)
{
	ssize_t n = write(t->master, t->typed, t->n_typed);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0)
		n = (ssize_t)t->n_typed;
	t->n_typed -= (size_t)n;
	memmove(t->typed, t->typed + n, t->n_typed);
}

static int interrupted(const struct talk *t, struct err *err)
{
	int sig = t->terminal->ending;

	if (!sig && !(t->stop && *t->stop))
		return 0;
	exec_kill(t->child);
	return sig ? err_set(err, ERR_INTERRUPTED, "ended by signal '%s'", strsignal(sig))
	           : err_set(err, ERR_INTERRUPTED, "interrupted");
}

/* What may be read and written now; true: something is. */
static bool wait_for(const struct talk *t, bool ended, struct pollfd fds[4])
{
	fds[0] = (struct pollfd){t->n_typed ? -1 : t->in, POLLIN, 0};
	fds[1] = (struct pollfd){t->master, (short)(POLLIN | (t->n_typed ? POLLOUT : 0)), 0};
	fds[2] = (struct pollfd){t->terminal->signals, POLLIN, 0};
	fds[3] = (struct pollfd){ended ? -1 : t->child->pidfd, POLLIN, 0};
	return poll(fds, 4, ended ? 0 : t->stop ? 100 : -1) > 0;
}

/* False: the master has nothing more to say. */
static bool serve(struct talk *t, const struct pollfd fds[4])
{
	bool more = !(fds[1].revents & ~POLLOUT) || show_output(t);

	if (t->n_typed && fds[1].revents & POLLOUT)
		hand_over(t);
	if (fds[0].revents)
		take_input(t);
	if (fds[2].revents && terminal_signals(t->terminal))
		follow_size(t->master);
	if (!more) {
		t->master = t->in = -1;
		t->n_typed = 0;
	}
	return more;
}

/* Ends with the command; what it left behind may hold the terminal on. */
static int converse(struct talk *t, struct err *err)
{
	size_t most = 0; /* to show, once it ended */
	bool ended = false;

	for (;;) {
		struct pollfd fds[4];
		bool ready = wait_for(t, ended, fds);
		if (ended && (!ready || !(fds[1].revents & ~POLLOUT) || t->shown >= most))
			return 0;
		if (ready && !serve(t, fds) && ended)
			return 0;
		if (!ended && ready && fds[3].revents) {
			ended = true;
			most = t->shown + LAST_WORDS;
		}
		if (interrupted(t, err) < 0)
			return -1;
	}
}

/* As login(1) does it: a dash before the shell's name. */
static void login_shell(struct exec_start *start, const char *argv[2], char **name)
{
	const char *slash = strrchr(start->user->shell, '/');

	*name = xasprintf("-%s", slash ? slash + 1 : start->user->shell);
	argv[0] = *name;
	argv[1] = NULL;
	start->argv = argv;
	start->file = start->user->shell;
}

static void set_term(struct exec_start *start)
{
	const char *term = getenv("TERM");
	AUTO_FREE char *setting = xasprintf("TERM=%s", term && *term ? term : "dumb");

	env_set(&start->env, setting);
}

static int talk_to(struct exec_start *start, struct terminal *terminal, const volatile int *stop,
        int *status, struct err *err)
{
	AUTO_FD int master = -1, slave = -1;
	struct exec_child child;

	if (open_pty(&start->transport->entry, &master, &slave, err) < 0)
		return -1;
	follow_size(master);
	for (int i = 0; i < 3; i++)
		start->fds[i] = slave;
	start->terminal = true;
	if (exec_spawn(start, &child, err) < 0)
		return -1;
	util_close_fd(&slave);
	struct talk talk = {.terminal = terminal,
	        .master = master,
	        .in = STDIN_FILENO,
	        .child = &child,
	        .stop = stop};
	int rc = terminal_raw(terminal, err);
	if (rc == 0)
		rc = converse(&talk, err);
	else
		exec_kill(&child);
	int code = exec_wait(&child);
	if (rc == 0)
		*status = code;
	return rc;
}

int exec_shell(struct transport *t, const struct transport_cmd *cmd, int *status, struct err *err)
{
	const struct exec_transport *x = (const struct exec_transport *)t;
	struct exec_user user = {0};
	struct exec_start start;
	struct terminal terminal;
	const char *argv[2];
	AUTO_FREE char *name = NULL;
	/* A login is the login user's, a command root's. */
	const char *who = cmd->user || cmd->argv ? cmd->user : x->user;

	int rc = exec_start_init(x, cmd, who, &user, &start, err);
	if (rc == 0)
		rc = terminal_hold(&terminal, err);
	if (rc == 0) {
		set_term(&start);
		if (!cmd->argv)
			login_shell(&start, argv, &name);
		rc = talk_to(&start, &terminal, cmd->stop, status, err);
		terminal_restore(&terminal);
	}
	exec_start_clear(&start);
	exec_user_clear(&user);
	return rc;
}
