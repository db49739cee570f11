/* A spec whose provisioning is one step, for the suites of provisioners. */
#pragma once

#include "provisioners/provisioners.h"
#include "tests/fake/check_util.h"

/* Applies that step with the runner's spec; resumed: an earlier prov was killed in it. */
static inline int apply_only_step(struct runner *runner, bool resumed, struct err *err)
{
	struct step *steps;
	size_t n;

	provision_steps(runner->spec, NULL, &steps, &n);
	ck_assert_uint_eq(n, 1);
	struct run run = {.spec = runner->spec,
	        .names = runner->names,
	        .step = &steps[0],
	        .resumed = resumed,
	        .runner = runner};
	int rc = steps[0].apply(&run, err);
	provision_steps_free(steps, n);
	return rc;
}
