/* One step: its effect between two journal lines, and what it may say and ask meanwhile. */
#include "core/run_internal.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

struct run runner_run(struct runner *r, const struct step *step)
{
	return (struct run){.spec = r->spec,
	        .names = r->names,
	        .session = r->session,
	        .step = step,
	        .resumed = r->resumed,
	        .destroying = r->destroying,
	        .runner = r};
}

void runner_point(const struct runner *r, const char *where, const char *step)
{
	if (r->hooks)
		r->hooks->point(r->hooks->ctx, where, step);
}

static struct event event_of(const struct runner *r, enum event_kind kind, const struct step *step)
{
	return (struct event){.kind = kind,
	        .machine = r->machine,
	        .step = step ? step->name : "",
	        .quiet = step && step->flags & STEP_QUIET};
}

void runner_error(struct runner *r, const char *step, const struct err *why)
{
	struct event event = event_of(r, EVENT_ERROR, NULL);

	if (why->kind == ERR_INTERRUPTED)
		return;
	r->error_said = true;
	event.step = step;
	event.text = why->message;
	event.hint = why->hint[0] ? why->hint : NULL;
	event.code = why->code ? why->code : err_exit_code(why);
	event_emit(r->sink, &event);
}

static int look_at_stop(const struct runner *r, struct err *err)
{
	return r->stop && *r->stop ? err_set(err, ERR_INTERRUPTED, "interrupted") : 0;
}

/* The four journal lines around effects have one shape, and hooks on both sides. */
static int mark(struct runner *r, int (*append)(struct journal *, const char *, struct err *),
        const char *where[2], const struct step *step, struct err *err)
{
	runner_point(r, where[0], step->name);
	if (append(r->journal, step->name, err) < 0)
		return -1;
	runner_point(r, where[1], step->name);
	return 0;
}

static void emit_begin(struct runner *r, const struct step *step, const char *what)
{
	struct event event = event_of(r, EVENT_STEP_BEGIN, step);

	event.text = what;
	event.phase = step->phase;
	event.more = event.quiet; /* nobody is shown that it has begun */
	event_emit(r->sink, &event);
}

static void emit_end(struct runner *r, const struct step *step, int64_t start_ns, bool ok)
{
	struct event event = event_of(r, EVENT_STEP_END, step);

	event.t_ns = clock_mono_ns();
	event.duration_ns = event.t_ns - start_ns + r->elsewhere_ns;
	r->elsewhere_ns = 0;
	event.text = ok ? "done" : "failed";
	event.phase = step->phase;
	/* Behind it come the next step's begin or the verb's end. */
	event.more = true;
	event_emit(r->sink, &event);
}

/* An interruption is no failure of the step: it stays begun, and the next up goes on there. */
static void note_failure(struct runner *r, const struct step *step, const struct err *why)
{
	struct err second = {0};

	if (why->kind == ERR_INTERRUPTED)
		return;
	runner_point(r, "before failed", step->name);
	if (journal_failed(r->journal, step->name, why, &second) < 0 &&
	        !str_eq(second.message, why->message))
		runner_error(r, step->name, &second);
	runner_point(r, "after failed", step->name);
	runner_error(r, step->name, why);
}

static int apply_effect(struct runner *r, const struct step *step, struct err *err)
{
	struct run run = runner_run(r, step);

	if (!step->apply)
		return 0;
	err_clear(err);
	runner_point(r, "before apply", step->name);
	int rc = step->apply(&run, err);
	runner_point(r, "after apply", step->name);
	return rc;
}

static int mark_done(struct runner *r, const struct step *step, const char *digest, struct err *err)
{
	runner_point(r, "before done", step->name);
	if (journal_done(r->journal, step->name, digest, step->flags & STEP_VOLATILE, err) < 0)
		return -1;
	runner_point(r, "after done", step->name);
	return 0;
}

static bool was_cut_short(const struct runner *r, const struct step *step)
{
	const struct step_record *record = journal_step(runner_state(r), step->name);

	return record && record->state == STEP_BEGUN;
}

static bool never_begun(const struct runner *r, const struct step *step)
{
	const struct step_record *record = journal_step(runner_state(r), step->name);

	return !record || record->state == STEP_ABSENT;
}

/* Quiet steps run nothing in the machine. */
static int64_t oom_kills(const struct runner *r, const struct step *step)
{
	if (!r->provider || !r->provider->oom_kills || step->flags & STEP_QUIET)
		return -1;
	return r->provider->oom_kills(r->session);
}

/* A script whose process the kernel killed knows nothing of why. */
static void explain_oom(
        const struct runner *r, const struct step *step, int64_t before, struct err *err)
{
	int64_t now = oom_kills(r, step), killed = now - (before > 0 ? before : 0);

	if (!err || now <= 0 || killed <= 0)
		return;
	AUTO_STR limit = {0};
	str_add_size(&limit, r->spec->memory_bytes);
	err_hint(err, "the kernel killed %d process%s of it for lack of memory: 'memory' is %s",
	        (int)killed, killed == 1 ? "" : "es", str_text(&limit));
}

static void say_phase(struct run *run, enum phase phase, int64_t t_ns, bool more)
{
	struct event event = event_of(run->runner, EVENT_PHASE, run->step);
	int64_t now = clock_mono_ns();

	event.phase = phase;
	event.more = more;
	event.t_ns = t_ns ? t_ns : now;
	event.wall_ns = clock_wall_ns() - (now - event.t_ns);
	event_emit(run->runner->sink, &event);
	if (run->step && phase == run->step->phase)
		run->runner->phase_said = true;
}

int runner_apply(struct runner *r, const struct step *step, struct err *err)
{
	bool fresh = never_begun(r, step);
	char digest[DIGEST_HEX_LEN + 1];
	int64_t start_ns = clock_mono_ns();

	if (look_at_stop(r, err) < 0)
		return -1;
	emit_begin(r, step, "apply");
	r->phase_said = r->untouched = false;
	r->resumed = was_cut_short(r, step);
	/* Taken before the effect: a file that changes under it is stale next time, not missed. */
	step_digest(r, step, digest);
	int64_t killed = oom_kills(r, step);
	int rc = mark(r, journal_begun, (const char *[]){"before begun", "after begun"}, step, err);
	if (rc == 0)
		rc = apply_effect(r, step, err);
	if (rc == 0)
		rc = mark_done(r, step, digest, err);
	if (rc < 0) {
		explain_oom(r, step, killed, err);
		note_failure(r, step, err);
	}
	if (rc < 0 && fresh && r->untouched && journal_reverted(r->journal, step->name, NULL) < 0)
		r->untouched = false; /* it stays begun: a revert too many harms nothing */
	struct run run = runner_run(r, step);
	if (rc == 0 && step->phase != PHASE_NONE && !r->phase_said)
		say_phase(&run, step->phase, 0, true);
	emit_end(r, step, start_ns, rc == 0);
	return rc;
}

int runner_revert(struct runner *r, const struct step *step, struct err *err)
{
	struct run run = runner_run(r, step);
	int64_t start_ns = clock_mono_ns();

	if (look_at_stop(r, err) < 0)
		return -1;
	emit_begin(r, step, "revert");
	int rc = mark(r, journal_reverting, (const char *[]){"before reverting", "after reverting"},
	        step, err);
	if (rc == 0 && step->revert) {
		runner_point(r, "before revert", step->name);
		rc = step->revert(&run, err);
		runner_point(r, "after revert", step->name);
	}
	if (rc == 0)
		rc = mark(r, journal_reverted,
		        (const char *[]){"before reverted", "after reverted"}, step, err);
	if (rc < 0)
		note_failure(r, step, err);
	emit_end(r, step, start_ns, rc == 0);
	return rc;
}

static void say(struct run *run, enum event_kind kind, const char *fmt, va_list ap)
{
	struct event event = event_of(run->runner, kind, run->step);
	AUTO_FREE char *text = xvasprintf(fmt, ap);

	event.text = text;
	event_emit(run->runner->sink, &event);
}

void run_note(struct run *run, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(run, EVENT_NOTE, fmt, ap);
	va_end(ap);
}

void run_warning(struct run *run, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(run, EVENT_WARNING, fmt, ap);
	va_end(ap);
}

void run_progress(struct run *run, const char *what, int64_t done, int64_t total)
{
	struct event event = event_of(run->runner, EVENT_PROGRESS, run->step);

	event.text = what;
	event.done = done;
	event.total = total;
	event_emit(run->runner->sink, &event);
}

void run_output(struct run *run, int stream, const char *data, size_t n)
{
	struct event event = event_of(run->runner, EVENT_OUTPUT, run->step);

	event.stream = stream;
	event.text = data;
	event.text_n = n;
	event_emit(run->runner->sink, &event);
}

void run_phase(struct run *run, enum phase phase, int64_t t_ns)
{
	say_phase(run, phase, t_ns, false);
}

void run_no_phase(struct run *run)
{
	run->runner->phase_said = true;
}

int run_record(struct run *run, const char *key, const char *value, struct err *err)
{
	runner_point(run->runner, "before fact", run->step->name);
	if (journal_set(run->runner->journal, key, value, err) < 0)
		return -1;
	runner_point(run->runner, "after fact", run->step->name);
	return 0;
}

const char *run_fact(const struct run *run, const char *key)
{
	return journal_fact(runner_state(run->runner), key);
}

int run_transport(struct run *run, struct transport **out, struct err *err)
{
	struct runner *r = run->runner;

	if (!r->provider)
		return err_set(err, ERR_FAILED, "a lab has no transport, only its machines have");
	/* A container answers at once or never; the time that a virtual machine may take to boot
	 * is the limit for both. */
	if (!r->transport &&
	        r->provider->connect(
	                r->session, r->spec->kvm.boot_timeout_ns, r->stop, &r->transport, err) < 0)
		return -1;
	*out = r->transport;
	return 0;
}

int run_inspect(struct run *run, struct status *out, struct err *err)
{
	struct runner *r = run->runner;

	if (!r->provider)
		return err_set(err, ERR_FAILED, "a lab has no state, only its machines have");
	return r->provider->inspect(r->session, out, err);
}

void run_untouched(struct run *run)
{
	run->runner->untouched = true;
}

void run_took(struct run *run, int64_t ns)
{
	run->runner->elsewhere_ns += ns;
}

const volatile int *run_stop(const struct run *run)
{
	return run->runner->stop;
}

void runner_clear(struct runner *r)
{
	if (r->transport)
		r->transport->ops->close(r->transport);
	r->transport = NULL;
}
