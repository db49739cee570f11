/* What plan.c, run.c and run_step.c share. */
#pragma once

#include "core/run.h"

const struct journal_state *runner_state(const struct runner *r);
/* What a step's functions get. */
struct run runner_run(struct runner *r, const struct step *step);
/* Of the step's inputs as they are now; "" if it has none. */
void step_digest(const struct runner *r, const struct step *step, char out[DIGEST_HEX_LEN + 1]);
bool step_is_provision(const struct step *step);

void runner_point(const struct runner *r, const char *where, const char *step);
void runner_error(struct runner *r, const char *step, const struct err *why);

/* One effect between its two journal lines. ERR_INTERRUPTED before anything happens if *stop. */
MUST_CHECK int runner_apply(struct runner *r, const struct step *step, struct err *err);
MUST_CHECK int runner_revert(struct runner *r, const struct step *step, struct err *err);
