/* The verbs: which steps, in which order. */
#include "core/run_internal.h"

#include <stdlib.h>

enum which { WHICH_VOLATILE, WHICH_ALL };

/* True if a revert is due. Where lines may be missing (all of them, in a folder without a header),
 * a step without any may have begun as well; lines lost in an unclean boot matter to a destroy
 * alone, since volatile effects did not survive it either. */
static bool may_have_begun(const struct runner *r, const struct step *step, enum which which)
{
	const struct journal_state *state = runner_state(r);
	const struct step_record *record = journal_step(state, step->name);

	return !state->exists || state->damaged || state->torn ||
	        (state->rebooted && which == WHICH_ALL) || (record && record->state != STEP_ABSENT);
}

/* Steps of the journal that this prov does not have (a provisioner taken out of the file needs
 * none). */
static void warn_of_strangers(struct runner *r)
{
	const struct journal_state *state = runner_state(r);

	for (size_t i = 0; i < state->n_steps; i++) {
		const struct step_record *record = &state->steps[i];
		bool known = record->state == STEP_ABSENT || str_starts(record->name, "provision:");
		for (size_t k = 0; !known && k < r->n_steps; k++)
			known = str_eq(r->steps[k].name, record->name);
		struct run run = runner_run(r, NULL);
		if (!known)
			run_warning(&run, "this prov has no step '%s': what it made stays",
			        record->name);
	}
}

/* A failed revert ends a halt: what lies below still carries it. A destroy goes on, so that as
 * little as possible stays. */
static int revert_steps(struct runner *r, enum which which, struct err *err)
{
	const struct step *failed = NULL;
	struct err first = {0}, why = {0};

	for (size_t i = r->n_steps; i-- > 0;) {
		const struct step *step = &r->steps[i];
		bool due = which == WHICH_ALL || step->flags & STEP_VOLATILE;
		if (!due || !may_have_begun(r, step, which) || runner_revert(r, step, &why) == 0)
			continue;
		if (!failed)
			first = why;
		failed = failed ? failed : step;
		if (which == WHICH_VOLATILE || why.kind == ERR_INTERRUPTED)
			break;
	}
	if (!failed)
		return 0;
	/* The reverts that followed made the journal forget the first failure. */
	if (first.kind != ERR_INTERRUPTED &&
	        journal_failed(r->journal, failed->name, &first, &why) < 0)
		runner_error(r, failed->name, &why);
	if (err)
		*err = why.kind == ERR_INTERRUPTED ? why : first;
	return -1;
}

/* Something that this boot has started, finished or not, has no revert yet. */
static bool anything_started(const struct runner *r)
{
	const struct journal_state *state = runner_state(r);

	for (size_t i = 0; i < r->n_steps; i++) {
		const struct step_record *record = journal_step(state, r->steps[i].name);
		if (r->steps[i].flags & STEP_VOLATILE && record && record->state != STEP_ABSENT &&
		        str_eq(record->boot_id, journal_boot_id(r->journal)))
			return true;
	}
	return state->damaged;
}

int run_halt(struct runner *r, bool *changed, struct err *err)
{
	r->error_said = false;
	*changed = anything_started(r);
	int rc = revert_steps(r, WHICH_VOLATILE, err);
	runner_clear(r);
	return rc;
}

int run_destroy(struct runner *r, struct err *err)
{
	r->error_said = false;
	r->destroying = true;
	if (!r->partial)
		warn_of_strangers(r);
	int rc = revert_steps(r, WHICH_ALL, err);
	r->destroying = false;
	runner_clear(r);
	return rc;
}

static int undo_all(struct runner *r, struct err *err)
{
	r->destroying = true;
	int rc = revert_steps(r, WHICH_ALL, err);
	r->destroying = false;
	if (rc < 0)
		return -1;
	/* Facts belong to what is gone. */
	while (runner_state(r)->n_facts) {
		AUTO_FREE char *key = xstrdup(runner_state(r)->facts[0].key);
		if (journal_set(r->journal, key, NULL, err) < 0)
			return -1;
	}
	return 0;
}

/* Takes away what stands in the plan's way: all, or what runs; then reverts that a killed halt or
 * destroy left half done, and steps made from other inputs. */
static int undo(struct runner *r, const struct plan *plan, struct err *err)
{
	if (plan->recreate)
		return undo_all(r, err);
	if (plan->restart && revert_steps(r, WHICH_VOLATILE, err) < 0)
		return -1;
	for (size_t i = plan->n; i-- > 0;) {
		const struct plan_row *row = &plan->rows[i];
		if (row->revert_first && may_have_begun(r, row->step, WHICH_ALL) &&
		        runner_revert(r, row->step, err) < 0)
			return -1;
	}
	return 0;
}

/* What the old spec made is undone by a session of the old spec: its domain may be on another
 * host. */
static int undo_old(struct runner *r, const struct plan *plan, struct err *err)
{
	const struct journal_state *state = runner_state(r);
	struct machine_spec spec = {0};
	AUTO_STR now = {0};

	if (r->spec)
		spec_write(r->spec, &now);
	if (!r->spec || !r->provider || !state->spec || str_eq(state->spec, str_text(&now)))
		return undo(r, plan, err);
	if (spec_read(state->spec, &spec, err) < 0)
		return err_wrap(err, "read the spec in '%s'", journal_path(r->journal));
	struct runner old = *r;
	old.transport = NULL;
	old.spec = &spec;
	int rc = r->provider->open(&spec, r->names, &old.session, err);
	if (rc == 0) {
		rc = undo(&old, plan, err);
		runner_clear(&old);
		r->provider->close(old.session);
	}
	r->error_said = old.error_said;
	spec_clear(&spec);
	return rc;
}

static int write_header(struct runner *r, struct err *err)
{
	AUTO_STR spec = {0};

	if (!r->spec)
		return 0;
	spec_write(r->spec, &spec);
	runner_point(r, "before header", "");
	if (journal_header(r->journal, "machine", r->spec->provider, str_text(&spec), err) < 0)
		return -1;
	if (r->provider && r->provider->lasting && journal_sync(r->journal, err) < 0)
		return -1;
	runner_point(r, "after header", "");
	return 0;
}

static int refuse_recreate(const struct runner *r, const struct plan *plan, struct err *err)
{
	AUTO_STR names = {0};

	for (size_t i = 0; i < plan->n; i++)
		if (plan->rows[i].action == PLAN_RECREATE)
			str_addf(&names, "%s'%s'", names.len ? ", " : "", plan->rows[i].step->name);
	err_set(err, ERR_FAILED, "what %s was made from has changed: needs --recreate",
	        str_text(&names));
	return err_hint(err,
	        "'prov plan' shows the steps; 'prov up --recreate %s' destroys the machine with "
	        "all that it holds and makes it again",
	        r->machine);
}

/* Who edited a script expects that up runs it. */
static void say_edited(struct runner *r, const struct step *step)
{
	struct run run = runner_run(r, step);

	run_note(&run, "'%s' was edited after it ran: prov provision runs it again", step->name);
}

static int climb(struct runner *r, const struct plan *plan, const struct up_options *options,
        bool *changed, struct err *err)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_row *row = &plan->rows[i];
		if (row->action == PLAN_MANUAL)
			say_edited(r, row->step);
		if (row->action == PLAN_KEEP || row->action == PLAN_MANUAL)
			continue;
		if (options->no_provision && step_is_provision(row->step))
			continue;
		if (runner_apply(r, row->step, err) < 0)
			return -1;
		*changed = *changed || !(row->step->flags & STEP_PROBE);
	}
	return 0;
}

/* Before a machine that works goes down. */
static void say_restart(struct runner *r, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *step = plan->rows[i].step;
		struct run run = runner_run(r, step);
		if (plan->rows[i].action == PLAN_RESTART)
			run_note(&run, "is restarted: what '%s' is made from was edited",
			        step->name);
	}
}

/* After it, the plan holds nothing but what can be applied in order. */
static int make_room(
        struct runner *r, const struct status *world, struct plan *plan, struct err *err)
{
	struct status halted = {.state = MACHINE_HALTED, .exit_status = -1};
	bool needed = plan->restart || plan->recreate;
	struct plan second;

	for (size_t i = 0; i < plan->n; i++)
		needed = needed || plan->rows[i].revert_first;
	if (!needed)
		return 0;
	say_restart(r, plan);
	if (undo_old(r, plan, err) < 0)
		return -1;
	if (plan->restart || plan->recreate) {
		runner_clear(r);
		world = world ? &halted : NULL;
	}
	if (run_plan(r, world, &second, err) < 0)
		return -1;
	free(plan->rows);
	*plan = second;
	return 0;
}

static int up(struct runner *r, const struct status *world, const struct up_options *options,
        bool *changed, struct err *err)
{
	struct plan plan = {0};

	if (r->provider && r->provider->check_rights && r->provider->check_rights(err) < 0)
		return -1;
	if (journal_intact(runner_state(r), journal_path(r->journal), err) < 0 ||
	        run_plan(r, world, &plan, err) < 0)
		return -1;
	int rc = plan.recreate && !options->recreate ? refuse_recreate(r, &plan, err) : 0;
	if (rc == 0)
		rc = make_room(r, world, &plan, err);
	if (rc == 0)
		rc = write_header(r, err);
	if (rc == 0)
		rc = climb(r, &plan, options, changed, err);
	free(plan.rows);
	return rc;
}

/* Failed steps have said so themselves. */
static int say_error(struct runner *r, int rc, struct err *err)
{
	if (rc < 0 && !r->error_said)
		runner_error(r, "", err);
	return rc;
}

int run_up(struct runner *r, const struct status *world, const struct up_options *options,
        bool *changed, struct err *err)
{
	r->error_said = false;
	*changed = false;
	return say_error(r, up(r, world, options, changed, err), err);
}

int run_step(struct runner *r, const struct step *step, struct err *err)
{
	r->error_said = false;
	int rc = journal_intact(runner_state(r), journal_path(r->journal), err);
	if (rc == 0)
		rc = runner_apply(r, step, err);
	return say_error(r, rc, err);
}
