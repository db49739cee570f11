/*
 * PID 1 of a container: reaps what it inherits and passes signals on.
 *
 *   prov-init STOP_SIGNAL REPORT_FD [COMMAND [ARG…]]
 *
 * Without a command it stays until SIGTERM, SIGINT or STOP_SIGNAL, asks every process in the
 * container to end, waits for those that it is the parent of and exits with 0; the kernel kills the
 * rest. With a command it runs it, passes every signal on to it and exits with its status (128 + n
 * for signal n). A command that cannot be executed is reported as an errno written to REPORT_FD,
 * which is closed otherwise.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct state {
	pid_t child; /* 0: no command */
	int stop_signal;
	int stopping;
};

static pid_t start(char **argv, int report)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid != 0)
		return pid;
	fcntl(report, F_SETFD, FD_CLOEXEC);
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(argv[0], argv);
	int code = errno;
	if (write(report, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(code == ENOENT ? 127 : 126);
}

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void reap(const struct state *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == s->child)
			_exit(exit_status(status));
	if (pid < 0 && errno == ECHILD && s->stopping)
		_exit(0);
}

static void begin_stop(struct state *s)
{
	s->stopping = 1;
	kill(-1, SIGTERM);
	kill(-1, SIGCONT); /* a stopped process cannot end */
	reap(s);
}

static void handle(struct state *s, int sig)
{
	if (sig == SIGCHLD)
		reap(s);
	else if (s->child)
		kill(s->child, sig);
	else if (sig == SIGTERM || sig == SIGINT || sig == s->stop_signal)
		begin_stop(s);
}

int main(int argc, char **argv)
{
	struct state s = {0};
	sigset_t all;

	if (argc < 3)
		return 2;
	prctl(PR_SET_NAME, "prov-init");
	/* Blocked (by who started it, already), so that they queue: the kernel drops what PID 1
	 * neither blocks nor handles. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	s.stop_signal = atoi(argv[1]);
	int report = atoi(argv[2]);
	if (argc > 3 && (s.child = start(argv + 3, report)) < 0)
		return 126;
	if (report > 2)
		close(report);
	for (;;) {
		int sig = sigwaitinfo(&all, NULL);
		if (sig > 0)
			handle(&s, sig);
	}
}
