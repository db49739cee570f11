/* How a process ended: its exit code, and that in words. */
#include "base/proc.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

int proc_exit_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

char *proc_signal_name(int signal)
{
	const char *name = sigabbrev_np(signal);

	if (name)
		return xasprintf("SIG%s", name);
	if (signal >= SIGRTMIN && signal <= SIGRTMAX)
		return xasprintf("SIGRTMIN+%d", signal - SIGRTMIN);
	return xasprintf("signal %d", signal);
}

char *proc_code_text(int code)
{
	AUTO_FREE char *name = NULL;

	if (code <= 128 || code - 128 > SIGRTMAX)
		return xasprintf("%d", code);
	name = proc_signal_name(code - 128);
	return xasprintf("%d (%s)", code, name);
}
