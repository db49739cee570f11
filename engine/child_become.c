/* The cloned child's last steps: streams, signals, descriptors, rights, program. */
#include "engine/engine_internal.h"

#include "base/proc.h"
#include "engine/entry.h"
#include "engine/stub.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

static int set_terminal(const struct engine *e, struct err *err)
{
	const struct container_plan *plan = e->options.plan;
	AUTO_FD int slave = -1;

	if (terminal_console(plan->log ? e->lines.log[1] : e->options.terminal,
	            &plan->terminal_size, plan->confine.uid, &slave, err) < 0)
		return -1;
	for (int i = 0; i < 3; i++)
		if (dup2(slave, i) < 0)
			return err_sys(err, "set the standard streams");
	return 0;
}

static int set_streams(const struct engine *e, struct err *err)
{
	int log = e->lines.log[1];
	AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (e->options.keep_streams)
		return 0;
	if (e->options.plan->terminal)
		return set_terminal(e, err);
	if (null < 0 || !is_char_device(null, 1, 3))
		return err_sys(err, "open '/dev/null' of the container");
	if (dup2(null, 0) < 0 || dup2(log >= 0 ? log : null, 1) < 0 ||
	        dup2(log >= 0 ? log : null, 2) < 0)
		return err_sys(err, "set the standard streams");
	return 0;
}

static int set_signals(const struct container_plan *plan, struct err *err)
{
	sigset_t mask;

	if (setsid() < 0)
		return err_sys(err, "make a session");
	if (plan->terminal && ioctl(0, TIOCSCTTY, 0) < 0)
		return err_sys(err, "take the terminal");
	proc_default_signals();
	/* prov-init waits for blocked signals: what came before it blocked them would be lost. */
	if (plan->guest_init)
		sigfillset(&mask);
	else
		sigemptyset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return 0;
}

/* Descriptors that outlive this: what PID 1 inherits, then the report, then prov-init. */
static int keep_only(const struct engine *e, int *report, int *init, struct err *err)
{
	const struct container_plan *plan = e->options.plan;
	int first = 3 + (int)e->options.preserve_fds;

	*report = dup3(e->lines.report[1], first, plan->reports_exec ? 0 : O_CLOEXEC);
	*init = e->init < 0 ? -1 : dup3(e->init, first + 1, O_CLOEXEC);
	if (*report < 0 || (e->init >= 0 && *init < 0))
		return err_sys(err, "hand the report over");
	int keep[5 + HIGH_FD] = {
	        *report, *init, e->options.hold, e->options.late, plan->confine.listener.socket};
	size_t n = 5;
	for (int fd = 3; fd < first && n < ARRAY_SIZE(keep); fd++)
		keep[n++] = fd;
	keep_descriptors(keep, n);
	return 0;
}

/* Nothing of the host's is open any more that such a folder could be reached by. */
static int go_to(const char *folder, struct err *err)
{
	if (enter_folder(folder) == 0)
		return 0;
	if (errno == EXDEV || errno == ELOOP)
		return err_set(err, ERR_FAILED, "the folder '%s' is not in the container", folder);
	return err_sys(err, "enter the folder '%s' of the container", folder);
}

/* All is made. Whoever waits hears it by the end of the report; from now on nobody does. */
static int wait_for_word(const struct engine *e, int *report, struct err *err)
{
	char word;

	if (e->options.hold <= 0)
		return 0;
	util_close_fd(report);
	if (e->options.late > 0)
		*report = e->options.late;
	while (read(e->options.hold, &word, 1) < 0)
		if (errno != EINTR)
			return err_sys(err, "wait for the word to start");
	close(e->options.hold);
	return 0;
}

static int execute(const struct container_plan *plan, int init, int report, struct err *err)
{
	if (plan->guest_init) {
		stub_execute(init, plan->argv.v, plan->env.v);
	} else if (init >= 0) {
		stub_execute_file(init, report, plan->argv.v[0], plan->argv.v, plan->env.v);
	} else {
		environ = plan->env.v;
		execvp(plan->argv.v[0], plan->argv.v);
	}
	return err_sys(err, "cannot start '%s' in the container", plan->argv.v[0]);
}

int child_become(const struct engine *e, int *report, struct err *err)
{
	const struct container_plan *plan = e->options.plan;
	int init;

	if (set_streams(e, err) < 0 || set_signals(plan, err) < 0 ||
	        keep_only(e, report, &init, err) < 0)
		return -1;
	if (e->options.inside && e->options.inside(e->options.ctx, err) < 0)
		return -1;
	if (confine_become(&plan->confine, err) < 0)
		return -1;
	/* A change of the user may have shown it: it is not its own program yet. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(err, "hide from the container");
	if (prctl(PR_SET_PDEATHSIG, 0) < 0)
		return err_sys(err, "leave the parent");
	if (plan->cwd && go_to(plan->cwd, err) < 0)
		return -1;
	if (wait_for_word(e, report, err) < 0)
		return -1;
	if (e->options.before_exec && e->options.before_exec(e->options.ctx, err) < 0)
		return -1;
	if (confine_seal(&plan->confine, err) < 0)
		return -1;
	return execute(plan, init, *report, err);
}
