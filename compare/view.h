/*
 * A result as reports lay it out: groups in a fixed order, one row per figure, one cell per kind,
 * ratios against the row's base. Rows borrow from the result.
 */
#pragma once

#include "compare/figure.h"
#include "compare/result.h"

/* One id, all kinds that have it. */
struct view_row {
	const char *id, *title, *group, *unit, *method;
	bool higher_is_better;
	bool curve;                  /* values over different x: its fit is shown, not its median */
	const struct series **cells; /* as many as the view has kinds; NULL: this kind has none */
	const struct series *base;   /* ratios are against it; NULL: nothing to compare with */
};
struct view {
	const char **kinds; /* host, process, container, container+init, kvm, kvm-warm, peers */
	size_t n_kinds;
	const char **groups; /* those that have rows, in the order of the report */
	size_t n_groups;
	struct view_row *rows; /* in the order of groups, then as they were measured */
	size_t n_rows;
};
#define AUTO_VIEW __attribute__((cleanup(view_clear))) struct view

void view_make(const struct result *result, struct view *out);
void view_clear(struct view *view);
const struct view_row *view_row(const struct view *view, const char *id); /* NULL: none */
const char *view_group_title(const char *group);
/* Kinds in the report's order that have a fact of this group; the caller frees the array. */
size_t view_fact_kinds(const struct result *result, const char *group, const char ***out);

/* A ratio that is valid only between two different series. */
void view_ratio(const struct series *of, const struct series *base, struct ratio *out);
void view_summary(const struct series *series, struct summary *out);
/* "median [min–max]", for a curve what one more costs. */
void view_figure(const struct view_row *row, const struct series *series, struct str *out);
/* How many times the row's base it is, and whether that can be said; nothing for the base itself.
 */
void view_verdict(const struct view_row *row, const struct series *series, struct str *out);
size_t view_disturbed(const struct series *series);
void view_runs(const struct series *series, struct str *out); /* "5 runs, 1 disturbed" */
size_t view_all_disturbed(const struct result *result);
/* What every report says first where instructions are emulated; NULL where they are not. */
const char *view_emulated(const struct result *result);
