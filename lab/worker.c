/*
 * One worker process per machine, in a process group of its own, gone with its parent, its standard
 * input empty. The parent schedules, forwards events to the sink and signals to the workers.
 */
#include "lab/verbs.h"

#include "base/proc.h"
#include "lab/schedule.h"
#include "lab/work.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILLING_STOP = 3 }; /* which request to stop ends the workers */

struct worker {
	struct machine *machine;
	pid_t pid;
	int events; /* read end; -1: closed */
	struct str line;
	bool reported; /* its end arrived as an event, with this exit code */
	int code;
	bool unchanged, interrupted;
};

struct crew {
	const struct job *pattern;
	const struct verb *verb;
	const struct watch *watch;
	struct worker *workers;
	size_t n;
	struct schedule *schedule;
	size_t *running; /* indices into workers, n_light + n_heavy of them */
	size_t n_light, n_heavy, most_light, most_heavy, most;
	struct pollfd *fds;
	int forwarded;    /* how often the stop was passed on */
	sigset_t outside; /* signal mask of the caller: in force only while polling */
};

static void become_worker(struct crew *crew, struct worker *w, int pipe_fd, pid_t parent)
{
	struct job job = *crew->pattern;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	sigprocmask(SIG_SETMASK, &crew->outside, NULL);
	if (getppid() != parent || null < 0 || dup2(null, STDIN_FILENO) < 0)
		_exit(1);
	/* The lab's lock stays with the parent alone: if that is killed, the next command need not
	 * wait for workers on their way out. */
	journal_leave(job.lab->journal);
	job.lab->journal = NULL;
	job.machine = w->machine;
	job.sink = event_sink_fd(pipe_fd);
	job.sink->terse = crew->watch->sink->terse;
	job.outcome = "done";
	_exit(work_run(&job, crew->verb));
}

static size_t n_running(const struct crew *crew)
{
	return crew->n_light + crew->n_heavy;
}

static int start_worker(struct crew *crew, struct worker *w, struct err *err)
{
	int fds[2];
	pid_t parent = getpid();

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(
		        err, "make a pipe for the worker of '%s'", w->machine->spec.selector);
	w->pid = fork();
	if (w->pid == 0)
		become_worker(crew, w, fds[1], parent);
	close(fds[1]);
	if (w->pid < 0) {
		close(fds[0]);
		return err_sys(err, "start a worker for '%s'", w->machine->spec.selector);
	}
	w->events = fds[0];
	crew->running[n_running(crew)] = (size_t)(w - crew->workers);
	*(schedule_is_heavy(w->machine) ? &crew->n_heavy : &crew->n_light) += 1;
	return 0;
}

static void skip(
        struct crew *crew, struct worker *w, const char *why, const char *whom, struct outcome *out)
{
	AUTO_FREE char *text = xasprintf("%s%s", why, whom);

	out->skipped++;
	event_emit(crew->watch->sink,
	        &(struct event){
	                .kind = EVENT_WARNING, .machine = w->machine->spec.selector, .text = text});
	work_emit_end(crew->watch->sink, w->machine->spec.selector, crew->verb->name, "skipped", 1);
}

static void skip_rest(struct crew *crew, struct outcome *out)
{
	size_t i, because;

	while ((i = schedule_skipped(crew->schedule, &because)) != SIZE_MAX)
		skip(crew, &crew->workers[i], "skipped: it depends on ",
		        crew->workers[because].machine->spec.selector, out);
	while (crew->forwarded && (i = schedule_drop(crew->schedule)) != SIZE_MAX)
		skip(crew, &crew->workers[i], "not started: ", "interrupted", out);
}

/* How many more of a kind. */
static size_t room(const struct crew *crew, size_t most, size_t now)
{
	size_t all = crew->most - n_running(crew), own = most > now ? most - now : 0;

	return own < all ? own : all;
}

static int start_ready(struct crew *crew, struct outcome *out, struct err *err)
{
	size_t i;

	skip_rest(crew, out);
	while ((i = schedule_next(crew->schedule, room(crew, crew->most_light, crew->n_light),
	                room(crew, crew->most_heavy, crew->n_heavy))) != SIZE_MAX)
		if (start_worker(crew, &crew->workers[i], err) < 0)
			return -1;
	return 0;
}

static void take_line(struct crew *crew, struct worker *w, const char *line, size_t n)
{
	struct event event;
	struct event_text holder = {0};

	if (event_read(line, n, &event, &holder, NULL) == 0) {
		if (event.kind == EVENT_VERB_END) {
			w->reported = true;
			w->code = event.code;
			w->unchanged = str_eq(event.text, "unchanged");
			w->interrupted = str_eq(event.text, "interrupted");
		}
		event_emit(crew->watch->sink, &event);
	}
	event_text_clear(&holder);
}

static void take_events(struct crew *crew, struct worker *w)
{
	char buf[8192];
	ssize_t n = read(w->events, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		close(w->events);
		w->events = -1;
		return;
	}
	str_addn(&w->line, buf, (size_t)n);
	char *start = w->line.buf, *end = w->line.buf + w->line.len, *newline;
	while ((newline = memchr(start, '\n', (size_t)(end - start)))) {
		take_line(crew, w, start, (size_t)(newline - start));
		start = newline + 1;
	}
	size_t rest = (size_t)(end - start);
	memmove(w->line.buf, start, rest);
	w->line.len = rest;
	if (w->reported)
		util_close_fd(&w->events);
}

/* Who has said its last word need not be waited for: what it still held is given back by the kernel
 * while the next ones work. */
static int end_of(struct worker *w)
{
	int status = 0, flags = w->reported ? WNOHANG : 0;
	pid_t ended;

	while ((ended = waitpid(w->pid, &status, flags)) < 0 && errno == EINTR)
		;
	if (ended)
		w->pid = 0;
	return w->reported ? w->code : proc_exit_status(status);
}

/* A worker that ended without a word was killed: its journal says how far it came. That the user
 * did it he knows. */
static void speak_for(struct crew *crew, struct worker *w, int code)
{
	const char *selector = w->machine->spec.selector;
	struct err err;

	w->interrupted = crew->forwarded >= KILLING_STOP;
	if (!w->interrupted) {
		err_set(&err, ERR_FAILED, "the worker ended early (status %d)", code);
		err_hint(&err, "prov up goes on from there, prov destroy removes what is left");
		work_emit_error(crew->watch->sink, selector, &err);
	}
	work_emit_end(crew->watch->sink, selector, crew->verb->name,
	        w->interrupted ? "interrupted" : "failed", 1);
}

static void reap(struct crew *crew, struct worker *w, struct outcome *out)
{
	int code = end_of(w);

	*(schedule_is_heavy(w->machine) ? &crew->n_heavy : &crew->n_light) -= 1;
	schedule_done(crew->schedule, (size_t)(w - crew->workers), code == 0);
	if (!w->reported)
		speak_for(crew, w, code);
	if (code == 0) {
		out->changed += !w->unchanged;
		out->unchanged += w->unchanged;
		return;
	}
	*(w->interrupted ? &out->interrupted : &out->failed) += 1;
	if (out->exit_code == 0)
		out->exit_code = code;
}

/* The first request is passed on so that each worker stops in order, the third ends them. */
static void forward_stop(struct crew *crew)
{
	int asked = crew->watch->stop ? *crew->watch->stop : 0;

	if (asked == crew->forwarded)
		return;
	crew->forwarded = asked;
	for (size_t i = 0; i < n_running(crew); i++)
		kill(crew->workers[crew->running[i]].pid, asked >= KILLING_STOP ? SIGKILL : SIGINT);
	const char *text = asked == 1 ? "stopping in order; the third Ctrl-C ends it at once"
	        : asked == 2          ? "still stopping; the next Ctrl-C ends it at once"
	                              : "ended; prov destroy removes what is left";
	event_emit(crew->watch->sink,
	        &(struct event){.kind = EVENT_WARNING, .machine = "", .text = text});
}

static void wait_for_events(struct crew *crew, struct outcome *out)
{
	size_t n = n_running(crew), kept = 0;

	for (size_t i = 0; i < n; i++)
		crew->fds[i] = (struct pollfd){crew->workers[crew->running[i]].events, POLLIN, 0};
	int ms = crew->watch->sink->tick_ms;
	struct timespec tick = {ms / 1000, ms % 1000 * 1000000L};
	if (ppoll(crew->fds, n, ms > 0 ? &tick : NULL, &crew->outside) < 0)
		return; /* a signal: the caller looks at the stop count */
	for (size_t i = 0; i < n; i++) {
		struct worker *w = &crew->workers[crew->running[i]];
		if (crew->fds[i].revents)
			take_events(crew, w);
		if (w->events < 0)
			reap(crew, w, out);
		else
			crew->running[kept++] = crew->running[i];
	}
}

static int supervise(struct crew *crew, struct outcome *out, struct err *err)
{
	struct journal *lab = crew->pattern->lab->journal;
	int rc = 0;

	do {
		forward_stop(crew);
		if (rc == 0)
			rc = start_ready(crew, out, err);
		/* The lab's header goes to the disk while the workers work. */
		if (rc == 0 && lab)
			rc = journal_sync(lab, err);
		if (n_running(crew) == 0)
			break;
		wait_for_events(crew, out);
		if (crew->watch->sink->tick)
			crew->watch->sink->tick(crew->watch->sink);
	} while (true);
	return rc;
}

static void set_limits(struct crew *crew)
{
	int asked = crew->pattern->options->parallel;
	struct abreast usual = schedule_abreast(sysconf(_SC_NPROCESSORS_ONLN));

	crew->most = asked > 0 ? (size_t)asked : usual.light + usual.heavy;
	crew->most_light = asked > 0 ? crew->most : usual.light;
	crew->most_heavy = asked > 0 ? crew->most : usual.heavy;
	if (crew->most > schedule_pipes())
		crew->most = schedule_pipes();
}

/* Signals wait outside of ppoll: none is lost between looking at the count and sleeping. */
static void block_signals(struct crew *crew)
{
	sigset_t asking;

	sigemptyset(&asking);
	sigaddset(&asking, SIGINT);
	sigaddset(&asking, SIGTERM);
	sigaddset(&asking, SIGHUP);
	sigprocmask(SIG_BLOCK, &asking, &crew->outside);
}

static void crew_clear(struct crew *crew)
{
	for (size_t i = 0; i < crew->n; i++) {
		str_clear(&crew->workers[i].line);
		if (crew->workers[i].pid > 0)
			waitpid(crew->workers[i].pid, NULL, WNOHANG); /* whoever has ended since */
	}
	free(crew->workers);
	free(crew->running);
	free(crew->fds);
	schedule_free(crew->schedule);
}

int workers_run(const struct job *pattern, const struct verb *verb, struct machine *const *chosen,
        size_t n, const struct watch *watch, struct outcome *out, struct err *err)
{
	struct crew crew = {.pattern = pattern, .verb = verb, .watch = watch, .n = n};

	crew.workers = xcalloc(n + 1, sizeof(*crew.workers));
	crew.running = xcalloc(n + 1, sizeof(*crew.running));
	crew.fds = xcalloc(n + 1, sizeof(*crew.fds));
	for (size_t i = 0; i < n; i++)
		crew.workers[i] = (struct worker){.machine = chosen[i], .events = -1};
	crew.schedule = schedule_new(chosen, n, verb->up_order);
	set_limits(&crew);
	block_signals(&crew);
	/* Each worker copies the pages that it writes to: what reading the lab has left in pieces
	 * is put together once here, and stays so, and not by each of them. */
	mallopt(M_MXFAST, 0);
	malloc_trim(64 << 10);
	int rc = supervise(&crew, out, err);
	sigprocmask(SIG_SETMASK, &crew.outside, NULL);
	if (rc == 0 && crew.forwarded)
		rc = err_set(err, ERR_INTERRUPTED, "interrupted");
	crew_clear(&crew);
	return rc;
}
