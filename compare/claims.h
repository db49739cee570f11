/*
 * Statements of course texts, each with a test: docs/claims.yaml lists them, a table of functions
 * answers them from what an experiment found, always with the figure. A statement whose means do
 * not exist yet is answered "not testable here", with the reason.
 */
#pragma once

#include "compare/result.h"

struct claim {
	char *id, *text, *source, *test, *expect;
};
struct claims {
	struct claim *rows;
	size_t n;
};
/* ERR_CONFIG with line and column where the file is not as it should be. */
MUST_CHECK int claims_read(const char *text, size_t n, struct claims *out, struct err *err);
void claims_clear(struct claims *claims);
/* Adds each claim's answer to the result. */
void claims_answer(const struct claims *claims, struct result *result);

/* An answer: verdict and figure. */
struct answer {
	enum verdict verdict;
	struct str figure;
};
struct claim_test {
	const char *name; /* as in the file */
	void (*answer)(const struct result *result, struct answer *out);
};
/* compare/claim_tests.c and others: what is answered by measurements, and by the host itself. */
extern const struct claim_test claim_tests[], claim_facts[];
extern const size_t n_claim_tests, n_claim_facts;

/* compare/claim_text.c: what the tests share. */
#define MISSING "not measured in this run"
/* Median of a series; NAN: none. */
double claim_median(const struct result *result, const char *id, const char *kind);
double claim_max(const struct result *result, const char *id, const char *kind);
/* "kind 12.4 ms" added, preceded by "; " where something is there; false: there is no such series.
 */
bool claim_figure(struct answer *out, const struct result *result, const char *id,
        const char *label, const char *kind);
void claim_say(struct answer *out, enum verdict verdict, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Value of a fact; NULL: none. */
const char *claim_fact(const struct result *result, const char *id, const char *kind);
