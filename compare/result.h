/*
 * What an experiment found, independent of how it is shown: series of numbers and facts, each with
 * its kind, unit and method. Every report (terminal, JSON, CSV, Markdown, HTML) is made from this
 * alone, so that all show the same figures. JSON carries every single run. Ids are part of the JSON
 * format: never rename one.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "compare/stats.h"

/* Texts are const so that literals can describe; what stands in a result is its own copy.
 *
 * One number per run. The kinds are "process", "container", "container+init", "kvm", "kvm-warm",
 * "host", or a peer's name. */
struct series {
	const char *id; /* "start.t5", "memory.slope", "probe.syscall" */
	const char *kind;
	const char *title; /* "until a command runs" */
	const char *group; /* "start", "memory", "probe", "disk", "density", "storm": the section */
	const char *unit;  /* "s", "MiB", "ns", "MiB/s", "count" */
	const char *method; /* how it was read, one sentence */
	bool higher_is_better;
	double *values;
	bool *disturbed; /* by load or steal time: shown, counted, flagged */
	double *x; /* NULL, or what the value belongs to (number of instances); NAN: nothing */
	size_t n;
};

/* Something read from the running machine that is no number: "own kernel": "yes". */
struct fact {
	const char *id, *kind, *title, *group; /* group: "isolation", "identity", "difference" */
	const char *value;
	const char *method;
};

enum verdict { VERDICT_CONFIRMED, VERDICT_REFUTED, VERDICT_PARTLY, VERDICT_NOT_TESTABLE };
struct claim_result {
	const char *id;     /* "1" … */
	const char *text;   /* the statement */
	const char *source; /* the courses that make it */
	enum verdict verdict;
	const char *figure; /* the number it rests on, with its unit; or the reason why it is not
	                 testable here */
};

struct host_info {
	char *kernel, *cpu, *distribution, *accelerator, *date; /* date: ISO 8601, UTC */
	bool emulated; /* KVM does not run at the hardware's speed: every page says so at the top */
	char *emulated_note;
	int cpus;
	double memory_mib;
	char *prov_version;
};

struct result {
	struct host_info host;
	char *box, *machine; /* what was compared */
	int runs, parallel;
	bool cold;         /* page cache dropped before each round */
	bool complete;     /* false: interrupted; what is here is whole */
	struct strv notes; /* what an engineer would ask: transport bias, cache= mode, KSM … */
	struct series *series;
	size_t n_series;
	struct fact *facts;
	size_t n_facts;
	struct claim_result *claims;
	size_t n_claims;
};

void result_clear(struct result *result);
/* Finds or makes the series; text is copied the first time. Borrowed until the next call. */
struct series *result_series(struct result *result, const struct series *described);
/* A value that is not finite is no run and is not added; x is NAN where the series has none. */
void series_add(struct series *series, double value, double x, bool disturbed);
const struct series *result_find(
        const struct result *result, const char *id, const char *kind); /* NULL: none */
void result_fact(struct result *result, const struct fact *described);
const struct fact *result_fact_of(const struct result *result, const char *id, const char *kind);
void result_claim(struct result *result, const struct claim_result *described);

/* "confirmed", "refuted", "partly", "not-testable": as in JSON. */
const char *verdict_name(enum verdict verdict);

/* JSON, schema 1 (docs/compare.schema.json describes it). What is derived (summaries, ratios) is
 * written for other programs and computed anew when it is read. Any text may be read: the error
 * says which place is wrong. */
#define RESULT_SCHEMA 1
void result_write_json(const struct result *result, struct str *out);
MUST_CHECK int result_read_json(const char *text, size_t n, struct result *out, struct err *err);
