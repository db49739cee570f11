/* The parent's side: makes the child, hands it what needs the host's rights, hears what became of
 * it. */
#include "engine/engine_internal.h"

#include "base/io.h"
#include "engine/process.h"
#include "engine/stub.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMIT_LIMIT_MS 10000

static int raise_fds(int fds[2], struct err *err)
{
	for (int i = 0; i < 2; i++) {
		int high = fcntl(fds[i], F_DUPFD_CLOEXEC, HIGH_FD);
		close(fds[i]);
		fds[i] = high;
	}
	return fds[0] < 0 || fds[1] < 0 ? err_sys(err, "make a pipe") : 0;
}

static int pipe_high(int fds[2], struct err *err)
{
	return pipe2(fds, O_CLOEXEC) < 0 ? err_sys(err, "make a pipe") : raise_fds(fds, err);
}

static void lines_close(struct lines *l)
{
	for (int i = 0; i < 2; i++) {
		util_close_fd(&l->report[i]);
		util_close_fd(&l->gate[i]);
		util_close_fd(&l->log[i]);
		util_close_fd(&l->commit[i]);
		util_close_fd(&l->pids[i]);
	}
}

static int lines_open(const struct container_plan *plan, struct lines *l, struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, l->gate) < 0)
		return err_sys(err, "make a pair of sockets");
	if (raise_fds(l->gate, err) < 0 || pipe_high(l->report, err) < 0)
		return -1;
	if (!plan->log)
		return 0;
	if (plan->terminal && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, l->log) < 0)
		return err_sys(err, "make a pair of sockets");
	if ((plan->terminal ? raise_fds(l->log, err) : pipe_high(l->log, err)) < 0)
		return -1;
	return pipe_high(l->commit, err) < 0 ? -1 : pipe_high(l->pids, err);
}

/* What PID 1 executes first, if it is not the program itself. Root of a user namespace cannot write
 * to the host's files. */
static int open_stub(struct engine *e, struct err *err)
{
	const struct container_plan *plan = e->options.plan;
	const char *path = plan->guest_init      ? e->options.init
	        : container_plan_has_users(plan) ? NULL
	                                         : e->options.stub;

	if (path)
		e->init = stub_open(path, HIGH_FD, err);
	return path && e->init < 0 ? -1 : 0;
}

static int open_joins(struct engine *e, struct err *err)
{
	const struct container_plan *plan = e->options.plan;

	e->joins = xcalloc(plan->n_joins, sizeof(*e->joins));
	for (size_t i = 0; i < plan->n_joins; i++)
		e->joins[i] = -1;
	for (size_t i = 0; i < plan->n_joins; i++) {
		AUTO_FD int fd = open(plan->joins[i].path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (e->joins[i] = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD)) < 0)
			return err_sys(err, "open the namespace '%s'", plan->joins[i].path);
	}
	return 0;
}

static int clone_alone(struct engine *e, struct err *err)
{
	e->pid = engine_clone(e);
	return e->pid < 0 ? engine_clone_failed(e, err) : 0;
}

/* Who is born in a group of v2 makes all that he makes on its account. */
static bool may_have_network_due(const struct engine_options *options)
{
	return options->network_meanwhile && options->plan->namespaces & CLONE_NEWNET &&
	        !(options->join && options->join->folder >= 0);
}

static int create(struct engine *e, struct err *err)
{
	const struct container_plan *plan = e->options.plan;

	e->network_due = may_have_network_due(&e->options);
	if (open_stub(e, err) < 0)
		return -1;
	if (open_joins(e, err) < 0 || lines_open(plan, &e->lines, err) < 0)
		return -1;
	if ((plan->log ? engine_supervise(e, err) : clone_alone(e, err)) < 0)
		return -1;
	util_close_fd(&e->lines.report[1]);
	util_close_fd(&e->lines.gate[1]);
	if (confine_prepare(&plan->confine, e->pid, err) < 0)
		return -1;
	if (!(plan->namespaces & CLONE_NEWUSER))
		return 0;
	return userns_map(e->pid, &plan->uids, &plan->gids, &e->userns, err);
}

int engine_create(const struct engine_options *options, struct engine **out, struct err *err)
{
	struct engine *e = xcalloc(1, sizeof(*e));

	*e = (struct engine){
	        .options = *options,
	        .lines = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}},
	        .pidfd = -1,
	        .init = -1,
	        .userns = -1,
	        .failed_join = -1,
	};
	if (create(e, err) < 0) {
		engine_close(e);
		return -1;
	}
	*out = e;
	return 0;
}

pid_t engine_pid(const struct engine *e)
{
	return e->pid;
}

pid_t engine_mon(const struct engine *e)
{
	return e->mon;
}

/* 0: PID 1 executes. */
static int hear_report(struct engine *e, struct err *err)
{
	struct err why;
	ssize_t n = io_read_full(e->lines.report[0], &why, sizeof(why));

	if (n == 0)
		return 0;
	if (n == sizeof(int)) { /* prov-init or prov-exec could not execute it */
		memcpy(&errno, &why, sizeof(int));
		return err_sys(err, "cannot start '%s' in the container",
		        e->options.plan->argv.v[e->options.plan->guest_init ? 3 : 0]);
	}
	if (n != sizeof(why))
		return err_sys(err, "read the container's report");
	if (err)
		*err = why;
	return -1;
}

/* What the child said before it ended is the cause of what fails now. */
static void hear_cause(struct engine *e, struct err *err)
{
	struct err why;

	if (io_read_full(e->lines.report[0], &why, sizeof(why)) == sizeof(why) && err)
		*err = why;
}

/* false: the child has ended. A signal to the caller does not count as that: the child would wait
 * for its mounts, and the caller for its report. */
static bool hear_word(const struct engine *e)
{
	char word;
	ssize_t n;

	while ((n = recv(e->lines.gate[0], &word, 1, 0)) < 0 && errno == EINTR)
		;
	return n == 1;
}

int engine_network(struct engine *e, struct err *err)
{
	if (!e->network_due)
		return 0;
	e->network_due = false;
	if (hear_word(e))
		return 0;
	err_set(err, ERR_FAILED, "the container ended early");
	hear_cause(e, err);
	return -1;
}

/* The child says a word when its tree is made, and waits for one; if it fails first, its report
 * says why. */
static int call_prepared(struct engine *e, struct err *err)
{
	if (!e->options.prepared || !hear_word(e))
		return 0;
	if (e->options.prepared(e->options.ctx, err) < 0)
		return -1;
	return send(e->lines.gate[0], "", 1, MSG_NOSIGNAL) == 1
	        ? 0
	        : err_set(err, ERR_FAILED, "the container ended early");
}

static int open_gate(struct engine *e, struct err *err)
{
	size_t n = e->options.plan->n_rows + 1;
	AUTO_FREE int *sources = xcalloc(n, sizeof(*sources));
	struct layers layers = {-1, -1};

	for (size_t i = 0; i < n; i++)
		sources[i] = -1;
	int rc = sources_open(e, sources, &layers, err);
	if (rc == 0 && gate_send(e->lines.gate[0], sources, n, err) < 0) {
		rc = -1;
		hear_cause(e, err);
	}
	for (size_t i = 0; i < n; i++)
		util_close_fd(&sources[i]);
	layers_close(&layers);
	if (rc == 0)
		rc = engine_network(e, err);
	if (rc == 0)
		rc = call_prepared(e, err);
	util_close_fd(&e->lines.gate[0]);
	return rc;
}

/* A supervisor that ended at once leaves a container that its kernel takes along. */
static bool mon_lives(const struct engine *e)
{
	int status;

	return !e->mon || waitpid(e->mon, &status, WNOHANG) == 0;
}

int engine_start(struct engine *e, struct err *err)
{
	if (open_gate(e, err) < 0 || hear_report(e, err) < 0)
		return -1;
	if (!mon_lives(e)) {
		e->mon = 0;
		return err_set(err, ERR_FAILED, "the container's supervisor ended early");
	}
	e->started = true;
	return 0;
}

int engine_commit(struct engine *e, struct err *err)
{
	AUTO_FD int fd = util_steal_fd(&e->lines.commit[1]);
	struct pollfd closed = {fd, 0, 0}; /* POLLERR: at the other end */

	if (fd < 0)
		return 0;
	if (write(fd, "", 1) != 1)
		return err_sys(err, "tell prov-mon that the container is recorded");
	if (poll(&closed, 1, COMMIT_LIMIT_MS) != 1)
		return err_set(err, ERR_FAILED, "prov-mon does not answer");
	return 0;
}

static void reap(pid_t pid)
{
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* prov-mon ends its container when the commit pipe closes, and itself with it. */
static void end_child(struct engine *e)
{
	lines_close(&e->lines);
	if (e->mon > 0) {
		reap(e->mon);
	} else if (e->pid > 0) {
		process_signal(e->pidfd, SIGKILL);
		reap(e->pid);
	}
}

void engine_close(struct engine *e)
{
	if (!e)
		return;
	if (!e->started)
		end_child(e);
	lines_close(&e->lines);
	util_close_fd(&e->pidfd);
	util_close_fd(&e->init);
	util_close_fd(&e->userns);
	for (size_t i = 0; e->joins && i < e->options.plan->n_joins; i++)
		util_close_fd(&e->joins[i]);
	free(e->joins);
	free(e);
}
