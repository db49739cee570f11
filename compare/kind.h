/*
 * What is compared: one row per kind. A kind is a provider and what is changed in a machine's spec
 * for it; the plain process is the floor below them all. A kind that the engines do not offer yet
 * has its row too, so that asking for it names the reason.
 */
#pragma once

#include "base/err.h"
#include "core/spec.h"

struct compare_kind {
	const char *name;                         /* "container+init": in reports and --kinds */
	const char *provider;                     /* NULL: a process of the host */
	const char *machine;                      /* name of its machines in the experiment's lab */
	const char *absent;                       /* why it is not offered; NULL: it is */
	void (*adapt)(struct machine_spec *spec); /* NULL: as declared */
	double guess_s;                           /* one round, before the first one was timed */
};

extern const struct compare_kind compare_kinds[];
extern const size_t n_compare_kinds;

/*
 * Kinds in the table's order. list: names separated by commas, NULL: all that are offered.
 * ERR_USAGE names one that does not exist, or is not offered and why. free(*out).
 */
MUST_CHECK int kinds_choose(
        const char *list, const struct compare_kind ***out, size_t *n, struct err *err);
