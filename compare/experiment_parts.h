/* What the files of the experiment share. */
#pragma once

#include "compare/experiment.h"
#include "compare/work.h"

struct experiment {
	const struct experiment_options *options;
	const struct experiment_env *env;
	struct result *result;
	const struct compare_kind **kinds;
	size_t n_kinds;
	bool *broken;    /* by kind: it failed once and is left out from then on */
	double *round_s; /* by kind: what one round took, to tell the time left */
	char *home;      /* PROV_HOME */
	char *folder;    /* of the lab's prov.yaml; the workers leave their results here */
	struct lab lab;
	struct compare_recorder recorder;
	int instances; /* of each kind */
	int64_t begun_ns;
	double available_mib; /* MemAvailable before several were started; 0: none were */
};

/* Machines that are started together. */
struct team {
	struct machine **machines;
	size_t n;
};

/* experiment_lab.c: writes the lab's file and looks for the boxes: an error that the user can cure
 * comes before anything else is said or done. */
MUST_CHECK int experiment_prepare(struct experiment *e, struct err *err);
/* Makes the network of what was prepared; close removes the lab with all that is in it. */
MUST_CHECK int experiment_open(struct experiment *e, struct err *err);
void experiment_close(struct experiment *e);
/* Instance index (from 0) of a kind. */
struct machine *experiment_machine(
        struct experiment *e, const struct compare_kind *kind, int index);
/* Runs a verb on machines of the lab and reads their journals anew. -1: interrupted, or one of them
 * failed, which err then says. */
MUST_CHECK int experiment_verb(struct experiment *e, const struct verb *verb,
        const struct work_options *options, const struct team *team, struct err *err);
/* Destroys them whatever the user asked meanwhile. */
MUST_CHECK int experiment_destroy(struct experiment *e, const struct team *team, struct err *err);

/* experiment_round.c: one start of one kind, looked at from all sides. */
MUST_CHECK int experiment_round(struct experiment *e, size_t kind, int run, struct err *err);
/* experiment_many.c: several at once. */
MUST_CHECK int experiment_storm(struct experiment *e, size_t kind, struct err *err);
MUST_CHECK int experiment_ladder(struct experiment *e, size_t kind, struct err *err);
MUST_CHECK int experiment_density(struct experiment *e, size_t kind, struct err *err);
int experiment_ladder_top(const struct experiment *e, const struct compare_kind *kind);
/* experiment_peers.c: the probes between the first two machines, which are up. That they fail is a
 * note of the result; -1: interrupted. */
MUST_CHECK int experiment_peers(
        struct experiment *e, const struct compare_kind *kind, struct err *err);
/* experiment_host.c: the host, and what an engineer would ask about the method. */
void experiment_describe_host(struct experiment *e);
void experiment_notes(struct experiment *e);
void experiment_differences(struct experiment *e);
