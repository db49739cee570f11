/* What up would do: one decision for each step, from its record, its digest and the world. */
#include "core/run_internal.h"

#include "base/clock.h"

#include <stdlib.h>

struct facts {
	const struct journal_state *state;
	const struct status *world; /* NULL: a lab, which stands as long as the host runs */
	const char *boot_id;
};

const struct journal_state *runner_state(const struct runner *r)
{
	return r->journal ? journal_state(r->journal) : r->state;
}

void step_digest(const struct runner *r, const struct step *step, char out[DIGEST_HEX_LEN + 1])
{
	struct digest digest;

	out[0] = '\0';
	if (!step->inputs)
		return;
	/* The inputs look at the run and change nothing in it. */
	struct run run = runner_run((struct runner *)(uintptr_t)r, step);
	digest_init(&digest);
	step->inputs(&run, &digest);
	digest_hex(&digest, out);
}

bool step_is_provision(const struct step *step)
{
	return str_starts(step->name, "provision:");
}

static bool is_up(const struct facts *f)
{
	return !f->world || f->world->state == MACHINE_RUNNING ||
	        f->world->state == MACHINE_SUSPENDED;
}

/*
 * Why a step that the journal calls done is not; NULL: it is. The journal may have lost lines in an
 * unclean boot, but never gains any: what it says is done was done. Whether it stands still is the
 * world's word: a volatile step is void in another boot or when the machine does not run, every
 * step when the machine is absent.
 */
static const char *void_reason(
        const struct facts *f, const struct step *step, const struct step_record *record)
{
	if (f->world && f->world->state == MACHINE_ABSENT)
		return "the machine is gone";
	if (!(step->flags & STEP_VOLATILE))
		return NULL;
	if (!str_eq(record->boot_id, f->boot_id))
		return "the host was booted again";
	return is_up(f) ? NULL : "not running";
}

static void decide_done(struct plan_row *row)
{
	row->why = row->step->flags & STEP_ALWAYS ? "runs every time" : "done";
	row->action = row->step->flags & STEP_ALWAYS ? PLAN_APPLY : PLAN_KEEP;
}

static void decide_stale(const struct facts *f, struct plan_row *row)
{
	row->why = "inputs changed";
	switch (row->step->stale) {
	case CHANGE_LIVE:
		row->action = PLAN_LIVE;
		return;
	case CHANGE_RESTART:
		row->action = is_up(f) ? PLAN_RESTART : PLAN_APPLY;
		row->revert_first = true;
		return;
	case CHANGE_RECREATE:
		row->action = PLAN_RECREATE;
		return;
	case CHANGE_MANUAL:
		/* A script of every up is run as it now is: one that has had its run waits for
		 * `provision`. */
		if (row->step->flags & STEP_ALWAYS)
			decide_done(row);
		else
			row->action = PLAN_MANUAL;
		return;
	}
}

static void decide(const struct runner *r, const struct facts *f, struct plan_row *row)
{
	const struct step *step = row->step;
	const struct step_record *record = journal_step(f->state, step->name);
	char digest[DIGEST_HEX_LEN + 1];

	row->action = PLAN_APPLY;
	if (!record || record->state == STEP_ABSENT) {
		row->why = "never applied";
		return;
	}
	if (record->state == STEP_REVERTING) {
		row->why = "was being removed";
		row->revert_first = true;
		return;
	}
	if (record->state == STEP_BEGUN) {
		row->why = str_eq(f->state->failed_step, step->name) ? "failed" : "was interrupted";
		return;
	}
	bool gone = f->world && f->world->state == MACHINE_ABSENT;
	row->why = void_reason(f, step, record);
	if (row->why && !gone)
		return;
	step_digest(r, step, digest);
	bool stale = !str_eq(digest, record->digest);
	/* Gone may mean that only the domain was undefined by hand: a disk made from another box is
	 * neither built upon nor thrown away unasked. */
	if (stale && (!gone || step->stale == CHANGE_RESTART || step->stale == CHANGE_RECREATE))
		decide_stale(f, row);
	if (stale || gone)
		return;
	decide_done(row);
}

int run_plan(const struct runner *r, const struct status *world, struct plan *out, struct err *err)
{
	char boot_id[BOOT_ID_LEN + 1];
	struct facts facts = {runner_state(r), world, boot_id};
	struct plan plan = {.rows = xcalloc(r->n_steps, sizeof(*plan.rows)), .n = r->n_steps};

	if (clock_boot_id(boot_id, err) < 0) {
		free(plan.rows);
		return -1;
	}
	for (size_t i = 0; i < r->n_steps; i++) {
		plan.rows[i].step = &r->steps[i];
		decide(r, &facts, &plan.rows[i]);
		plan.restart = plan.restart || plan.rows[i].action == PLAN_RESTART;
		plan.recreate = plan.recreate || plan.rows[i].action == PLAN_RECREATE;
	}
	*out = plan;
	return 0;
}
