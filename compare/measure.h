/*
 * The numbers that an experiment takes, one row each: id, title, section, unit and how it was read.
 * Probes have a table of their own (compare/probes.h).
 */
#pragma once

#include "compare/result.h"

struct measure {
	const char *id, *title, *group, *unit, *method;
};

const struct measure *measure_find(const char *id); /* NULL: there is none */
/* The series of this figure and kind, without values; its texts are borrowed. */
struct series measure_series(const struct measure *measure, const char *kind);
/* Adds a value to the series of the id, which must have a row. x: NAN where it has none. method
 * NULL: the row's. A value that is not finite is dropped. */
void measure_add(struct result *result, const char *id, const char *kind, double value, double x,
        const char *method);
/* A line that reports show under an id, such as "identity.kernel". */
void measure_fact(struct result *result, const struct fact *fact);

/* Adds what a worker found to what is known, flagged if its run was disturbed. */
void measure_merge(struct result *into, const struct result *from, bool disturbed);
