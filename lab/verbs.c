/* What each verb does to one machine. All of it runs inside the machine's worker. */
#include "lab/verbs.h"

#include "core/console.h"
#include "lab/network/plug.h"

#include <string.h>
#include <unistd.h>

static struct runner runner_of(
        const struct job *job, const struct access *a, struct journal *journal)
{
	return (struct runner){
	        .provider = a->provider,
	        .spec = a->spec,
	        .names = a->names,
	        .session = a->session,
	        .journal = journal,
	        .sink = job->sink,
	        .machine = job->machine->spec.selector,
	        .steps = a->steps,
	        .n_steps = a->n_steps,
	        .stop = job->stop,
	};
}

/* The lab's lock is held: whoever still has this journal is the worker of a killed command. */
static int open_journal(const struct job *job, struct journal **out, struct err *err)
{
	return journal_open_after(job->machine->names.journal, 10 * INT64_C(1000000000), out, err);
}

/* The journal's lock before the look at the world: a killed worker may still be changing it. A
 * machine that has no folder yet gets one only once its provider has agreed. */
static int begin(struct job *job, enum access_spec which, const struct strv *with, struct access *a,
        struct journal **j, struct err *err)
{
	*a = (struct access){0};
	if (job->machine->state.exists && open_journal(job, j, err) < 0)
		return -1;
	if (access_open(job->providers, job->machine, which, with, a, err) < 0)
		return -1;
	return *j ? 0 : open_journal(job, j, err);
}

static int climb(struct job *job, const struct access *a, struct journal *j, struct err *err)
{
	struct runner runner = runner_of(job, a, j);
	struct up_options options = {job->options->recreate, job->options->no_provision};
	bool changed = false;
	int rc = run_up(&runner, &a->world, &options, &changed, err);

	job->told = runner.error_said;
	runner_clear(&runner);
	job->outcome = changed ? "done" : "unchanged";
	return rc;
}

static void say(const struct job *job, enum event_kind kind, const char *text)
{
	event_emit(job->sink,
	        &(struct event){
	                .kind = kind, .machine = job->machine->spec.selector, .text = text});
}

/* Every process of it goes on; *a tells what the world says then. */
static int thaw(const struct job *job, struct access *a, struct err *err)
{
	if (a->world.state != MACHINE_SUSPENDED || !a->provider->freeze)
		return 0;
	if (a->provider->freeze(a->session, false, err) < 0 ||
	        a->provider->inspect(a->session, &a->world, err) < 0)
		return -1;
	say(job, EVENT_NOTE, "resumed");
	return 0;
}

#define TAIL_BYTES 1400

/* What it last said, then what happened. */
static int fail_ended(const struct job *job, const struct status *world, struct err *err)
{
	const char *selector = job->machine->spec.selector;
	AUTO_STR tail = {0};

	console_tail(job->machine->names.console, TAIL_BYTES, &tail);
	if (tail.len) {
		say(job, EVENT_NOTE, "the end of what it printed:");
		event_emit(job->sink,
		        &(struct event){.kind = EVENT_OUTPUT,
		                .machine = selector,
		                .stream = 2,
		                .text = tail.buf,
		                .text_n = tail.len});
	}
	err_set(err, ERR_FAILED, "%s: it is %s",
	        world->detail[0] ? world->detail : "its first process has ended",
	        machine_state_name(world->state));
	return err_hint(err, "prov logs %s has all that it printed", selector);
}

/* What ended well has done what it was told to; its state says that it is no longer there. */
static int settle(const struct job *job, const struct access *a, struct err *err)
{
	struct status world;

	if (!a->provider->settle)
		return 0;
	if (a->provider->settle(a->session, job->stop, &world, err) < 0)
		return -1;
	if (world.state == MACHINE_RUNNING || world.state == MACHINE_SUSPENDED)
		return 0;
	if (world.exit_status != 0)
		return fail_ended(job, &world, err);
	AUTO_FREE char *text =
	        xasprintf("%s: it is %s", world.detail, machine_state_name(world.state));
	say(job, EVENT_NOTE, text);
	return 0;
}

static int up(struct job *job, struct err *err)
{
	struct access a;
	struct journal *j = NULL;
	int rc = begin(job, ACCESS_DECLARED, &job->options->provision_with, &a, &j, err);
	bool suspended = rc == 0 && a.world.state == MACHINE_SUSPENDED;

	if (rc == 0)
		rc = thaw(job, &a, err);
	if (rc == 0)
		rc = climb(job, &a, j, err);
	if (rc == 0)
		rc = settle(job, &a, err);
	if (rc == 0 && suspended)
		job->outcome = "done";
	journal_close(j);
	access_close(&a);
	return rc;
}

/* Halts or destroys, by the journal's own spec. */
static int descend(struct job *job, int (*go)(struct runner *r, bool *changed, struct err *err),
        struct err *err)
{
	struct access a;
	struct journal *j = NULL;
	bool changed = false;
	int rc = begin(job, ACCESS_STORED, NULL, &a, &j, err);

	/* What is stopped cannot obey; what is to go for good need not. What cannot go on is
	 * halted all the same. */
	struct err why = {0};
	if (rc == 0 && go == run_halt && thaw(job, &a, &why) < 0)
		say(job, EVENT_WARNING, why.message);
	if (rc == 0) {
		struct runner runner = runner_of(job, &a, j);
		rc = go(&runner, &changed, err);
		job->told = runner.error_said;
		runner_clear(&runner);
	}
	journal_close(j);
	access_close(&a);
	job->outcome = changed ? "done" : "unchanged";
	return rc;
}

static int halt(struct job *job, struct err *err)
{
	if (!job->machine->state.exists) {
		job->outcome = "unchanged";
		return 0;
	}
	return descend(job, run_halt, err);
}

static int reload(struct job *job, struct err *err)
{
	if (halt(job, err) < 0)
		return -1;
	return up(job, err);
}

static int revert_and_remove(struct runner *r, bool *changed, struct err *err)
{
	*changed = true;
	if (run_destroy(r, err) < 0)
		return -1;
	return journal_discard(r->journal, err);
}

static int destroy(struct job *job, struct err *err)
{
	if (!job->machine->state.exists) {
		job->outcome = "unchanged";
		return 0;
	}
	return descend(job, revert_and_remove, err);
}

static bool is_chosen(const struct job *job, const struct step *step)
{
	const struct strv *with = &job->options->provision_with;
	const char *prefix = "provision:";

	return str_starts(step->name, prefix) &&
	        (with->n == 0 || strv_has(with, step->name + strlen(prefix)));
}

static int provision_all(
        struct job *job, const struct access *a, struct journal *j, struct err *err)
{
	struct runner runner = runner_of(job, a, j);
	int rc = 0;

	job->outcome = "unchanged";
	for (size_t i = 0; rc == 0 && i < a->n_steps; i++) {
		if (!is_chosen(job, &a->steps[i]))
			continue;
		rc = run_step(&runner, &a->steps[i], err);
		job->told = runner.error_said;
		job->outcome = "done";
	}
	runner_clear(&runner);
	return rc;
}

static int provision(struct job *job, struct err *err)
{
	struct access a;
	struct journal *j = NULL;
	int rc = job->machine->state.exists
	        ? begin(job, ACCESS_DECLARED, &job->options->provision_with, &a, &j, err)
	        : access_open(job->providers, job->machine, ACCESS_DECLARED, NULL, &a, err);

	if (rc == 0 && a.world.state != MACHINE_RUNNING) {
		bool suspended = a.world.state == MACHINE_SUSPENDED;
		rc = err_set(err, ERR_FAILED, "'%s' is %s", job->machine->spec.selector,
		        suspended ? "suspended" : "not running");
		err_hint(err, "prov %s %s", suspended ? "resume" : "up",
		        job->machine->spec.selector);
	}
	if (rc == 0)
		rc = provision_all(job, &a, j, err);
	journal_close(j);
	access_close(&a);
	return rc;
}

/* Of a machine that does not run: an error where it was named. */
static int not_running(struct job *job, enum machine_state state, struct err *err)
{
	const char *selector = job->machine->spec.selector;

	job->outcome = "unchanged";
	if (!job->options->named)
		return 0;
	err_set(err, ERR_FAILED, "'%s' is %s", selector,
	        job->machine->state.exists ? machine_state_name(state) : "not up");
	return err_hint(err, "prov up %s", selector);
}

static int set_frozen(struct job *job, bool freeze, struct err *err)
{
	struct access a;
	struct journal *j = NULL;

	if (!job->machine->state.exists)
		return not_running(job, MACHINE_ABSENT, err);
	int rc = begin(job, ACCESS_STORED, NULL, &a, &j, err);
	enum machine_state state = a.world.state;
	if (rc == 0 && state != MACHINE_RUNNING && state != MACHINE_SUSPENDED)
		rc = not_running(job, state, err);
	else if (rc == 0 && !a.provider->freeze)
		rc = err_set(err, ERR_CONFIG, "machines of the kind '%s' cannot be suspended",
		        a.provider->name);
	else if (rc == 0 && (state == MACHINE_SUSPENDED) == freeze)
		job->outcome = "unchanged";
	else if (rc == 0)
		rc = a.provider->freeze(a.session, freeze, err);
	journal_close(j);
	access_close(&a);
	return rc;
}

static int suspend(struct job *job, struct err *err)
{
	return set_frozen(job, true, err);
}

static int resume(struct job *job, struct err *err)
{
	return set_frozen(job, false, err);
}

/* That nothing had to be done may be a slip in one of the two names. */
static void say_as_it_was(const struct job *job)
{
	const struct plug *plug = job->options->plug;
	AUTO_FREE char *text =
	        xasprintf("%s '%s'", plug->in ? "is already in" : "is not in", plug->network);

	say(job, EVENT_NOTE, text);
}

/* A network of a running machine; by the spec of its journal, since that is what runs. */
static int set_plugged(struct job *job, struct err *err)
{
	struct access a;
	struct journal *j = NULL;
	int rc = begin(job, ACCESS_STORED, NULL, &a, &j, err);

	if (rc == 0 && a.world.state != MACHINE_RUNNING)
		rc = not_running(job, a.world.state, err);
	else if (rc == 0 && !a.provider->plug)
		rc = err_set(err, ERR_CONFIG,
		        "networks of a running machine of the kind '%s' cannot be changed",
		        a.provider->name);
	else if (rc == 0 && (rc = plug_apply(job, &a, err)) == 0)
		say_as_it_was(job);
	if (rc == 0)
		job->outcome = "unchanged";
	journal_close(j);
	access_close(&a);
	return rc < 0 ? -1 : 0;
}

const struct verb verb_up = {"up", true, up};
const struct verb verb_halt = {"halt", false, halt};
const struct verb verb_reload = {"reload", true, reload};
const struct verb verb_destroy = {"destroy", false, destroy};
const struct verb verb_provision = {"provision", true, provision};
const struct verb verb_suspend = {"suspend", false, suspend};
const struct verb verb_connect = {"connect", true, set_plugged};
const struct verb verb_disconnect = {"disconnect", true, set_plugged};
const struct verb verb_resume = {"resume", true, resume};
