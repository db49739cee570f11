/*
 * The experiment of `prov compare`: a lab of its own, in which each kind of the same machine is
 * started, looked at, provisioned, loaded and destroyed, round after round in alternating order. It
 * sees a machine only through events, the provider's usage and a transport, so that no number
 * exists for one kind that could not exist for the other.
 */
#pragma once

#include "compare/claims.h"
#include "compare/kind.h"
#include "compare/recorder.h"
#include "compare/result.h"
#include "lab/verbs.h"

struct experiment_options {
	const char *box; /* of a machine with the defaults of prov.yaml */
	/* Or a declared machine: its spec for each provider. n_declared 0: box. */
	const struct machine_spec *const *declared;
	size_t n_declared;
	const char *kinds; /* NULL: all that are offered */
	int runs;
	int parallel; /* machines of the boot storm; 0: none */
	bool cold, quick, density;
	const struct claims *claims; /* to be answered; NULL: none */
	int max;                     /* machines that a density test starts at most */
	double reserve;              /* part of MemTotal that a density test leaves: 0.1 */
	int64_t settle_ns;           /* time limit for memory to stand still */
	int64_t density_ns;          /* time limit of the density test, each kind */
};

/* Who watches, and what machines are made by. */
struct experiment_env {
	const struct providers *providers;
	struct event_sink *sink;
	const volatile int *stop;
};

/*
 * Fills result, which is zeroed before and to be cleared in any case. ERR_INTERRUPTED: what is in
 * result is whole, but not all of it is there (result->complete is false). Everything that was made
 * is gone when it returns; where it cannot be removed, a warning names the lab.
 */
MUST_CHECK int experiment_run(const struct experiment_options *options,
        const struct experiment_env *env, struct result *result, struct err *err);
