/*
 * What isolates a machine, read from inside the running machine by the probe's "facts" and held
 * against the same from the host: nothing here comes from a list. What could not be read is
 * "unknown", never assumed. The answer of a machine is not trusted: known ids only, each once, and
 * of their own form.
 */
#pragma once

#include "compare/probes.h"

#define ISOLATION_FACTS 40

struct isolation_facts {
	char *value[ISOLATION_FACTS]; /* by row of the table of what the probe says; NULL: not said
	                               */
};
void isolation_clear(struct isolation_facts *facts);

MUST_CHECK int isolation_parse(
        const char *text, size_t n, struct isolation_facts *out, struct err *err);
/* Runs "facts" at the place. */
MUST_CHECK int isolation_read(
        const struct probe_place *place, struct isolation_facts *out, struct err *err);
/* NULL: not said. */
const char *isolation_value(const struct isolation_facts *facts, const char *id);

/* Fills the result's facts of this kind: groups "isolation" and "identity". host may be NULL: then
 * what needs the comparison is "unknown"; the host's own facts are given as both. */
void isolation_report(const struct isolation_facts *machine, const struct isolation_facts *host,
        const char *kind, struct result *result);
