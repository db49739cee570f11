/* What each verb does to one machine. All of it runs inside the machine's worker. */
#include "lab/verbs.h"

#include "base/fs.h"

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

static int up(struct job *job, struct err *err)
{
	struct access a;
	struct journal *j = NULL;
	int rc = begin(job, ACCESS_DECLARED, &job->options->provision_with, &a, &j, err);

	if (rc == 0)
		rc = climb(job, &a, j, err);
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
		rc = err_set(err, ERR_FAILED, "'%s' is not running", job->machine->spec.selector);
		err_hint(err, "prov up %s", job->machine->spec.selector);
	}
	if (rc == 0)
		rc = provision_all(job, &a, j, err);
	journal_close(j);
	access_close(&a);
	return rc;
}

const struct verb verb_up = {"up", true, up};
const struct verb verb_halt = {"halt", false, halt};
const struct verb verb_reload = {"reload", true, reload};
const struct verb verb_destroy = {"destroy", false, destroy};
const struct verb verb_provision = {"provision", true, provision};
