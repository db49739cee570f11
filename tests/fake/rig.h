/*
 * One machine of the fake provider with its journal, as lab/ would run it: for tests of the runner.
 * All of it lives below one folder; several runs of one rig, also in killed children, see the same
 * world.
 */
#pragma once

#include "tests/fake/fake_provider.h"

/* Events as text, one a line: "step-begin fake.disk apply", "error fake.disk no space". */
struct recorder {
	struct event_sink sink;
	struct str text;
	int64_t phase_ns[N_PHASES]; /* when each was last reached; 0: never */
};

struct rig {
	char *root;
	struct machine_spec spec;
	struct names names;
	struct recorder events;
	struct step *steps; /* the fake's, then the rig's own */
	size_t n_steps;
	struct runner runner; /* complete between rig_open and rig_close */
	struct status world;
	volatile int stop;
};

/* Makes everything below root (which is removed first). The machine is web@container. */
void rig_begin(struct rig *rig, const char *root);
void rig_end(struct rig *rig); /* removes root */
/* One more step behind the provider's. */
void rig_add_step(struct rig *rig, const struct step *step);

/* Opens journal and session and inspects, as a worker does. With which spec: the rig's (up), or the
 * journal's (halt, destroy) where from_journal. */
MUST_CHECK int rig_open(struct rig *rig, bool from_journal, struct err *err);
void rig_close(struct rig *rig);

/* A whole verb: open, run, close. destroy discards the machine's folder when all was reverted. */
MUST_CHECK int rig_up(
        struct rig *rig, const struct up_options *options, bool *changed, struct err *err);
MUST_CHECK int rig_halt(struct rig *rig, bool *changed, struct err *err);
MUST_CHECK int rig_destroy(struct rig *rig, struct err *err);
/* From the journal without a lock, as `prov plan` does. */
MUST_CHECK int rig_plan(struct rig *rig, struct plan *out, struct err *err);
