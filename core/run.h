/*
 * The runner: the only code that calls a step. Around each call it appends begun/done to the
 * journal and emits the same facts as events. Resuming, cleaning up and the first run are the same
 * code.
 *
 * Every error that a verb below returns has been emitted as EVENT_ERROR already (destroy emits one
 * for each step that failed): who calls it passes on the exit code. ERR_INTERRUPTED is not emitted,
 * it is what the user asked for. The verbs emit no EVENT_VERB_…: those are the worker's.
 */
#pragma once

#include "core/journal.h"
#include "core/provider.h"

/* Called before and after every effect and every journal line ("before apply", "after begun", …);
 * the crash matrix kills the process in one of them. */
struct run_hooks {
	void (*point)(void *ctx, const char *where, const char *step);
	void *ctx;
};

struct runner {
	const struct provider *provider; /* NULL for a lab's own steps */
	const struct machine_spec *spec; /* of now (up) or of the journal (halt, destroy) */
	const struct names *names;
	void *session; /* the provider's; opened by the caller */
	struct journal *journal;
	const struct journal_state *state; /* for run_plan alone, where journal is NULL: no lock */
	struct event_sink *sink;
	const char *machine;      /* for events; "" is the lab */
	const struct step *steps; /* all of them in order: the provider's, then provisioning */
	size_t n_steps;
	bool partial; /* others of the journal's steps are another runner's */
	const volatile int *stop;
	const struct run_hooks *hooks; /* NULL outside tests */
	/* The runner's own: */
	struct transport *transport;
	bool destroying;      /* handed to reverts, see struct run */
	bool resumed;         /* handed to applies, likewise */
	bool phase_said;      /* by the step that runs now; or it is not reached */
	bool untouched;       /* likewise: it failed before it had an effect */
	int64_t elsewhere_ns; /* likewise: what it worked in other steps' calls, or they in its */
	bool error_said;      /* what the verb returns has been emitted */
};

enum plan_action { PLAN_KEEP, PLAN_APPLY, PLAN_LIVE, PLAN_RESTART, PLAN_RECREATE, PLAN_MANUAL };
struct plan_row {
	const struct step *step;
	enum plan_action action;
	const char
	        *why; /* "never applied", "was interrupted", "not running", "inputs changed", … */
	bool revert_first; /* left half reverted, or made from other inputs */
};
struct plan {
	struct plan_row *rows;
	size_t n;
	bool restart, recreate; /* some row needs it */
};

/*
 * What up would do, from the journal and the world. world is what inspect said; NULL for a lab's
 * own steps. The world wins: where it says absent, every step is applied again, where it says not
 * running, the volatile ones. The plan borrows the steps; free(plan->rows).
 */
MUST_CHECK int run_plan(
        const struct runner *r, const struct status *world, struct plan *out, struct err *err);

/*
 * Climbs. *changed says whether anything was applied. A plan that needs RECREATE is refused
 * (ERR_FAILED with a hint) unless recreate; RESTART halts first. A step that fails is journalled
 * with its message and ends the run. ERR_INTERRUPTED when *stop. A damaged journal is refused.
 *
 * A machine's header is written here, once the plan is accepted and what the old spec made is
 * halted or destroyed (with a session of its own, from the spec in the journal): a refused change
 * leaves the journal as it was. A lab writes its own header before.
 */
struct up_options {
	bool recreate;
	bool no_provision; /* skip steps named "provision:…" */
};
MUST_CHECK int run_up(struct runner *r, const struct status *world,
        const struct up_options *options, bool *changed, struct err *err);
/* Reverts the volatile steps, in reverse. *changed: something had been started in this boot. */
MUST_CHECK int run_halt(struct runner *r, bool *changed, struct err *err);
/* Reverts every step that may have begun (all of them if the journal is absent, damaged or may lack
 * lines), in reverse. Goes on past failures and reports the first. The journal and its folder stay:
 * journal_discard. */
MUST_CHECK int run_destroy(struct runner *r, struct err *err);
/* Applies one step again whatever the journal says: `prov provision`. */
MUST_CHECK int run_step(struct runner *r, const struct step *step, struct err *err);
/* Closes the transport if one was opened. */
void runner_clear(struct runner *r);
