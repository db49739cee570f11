/* What up would do to the lab itself: its key, networks, volumes and ports, and the networks that
 * no machine joins any more. */
#pragma once

#include "lab/prepare.h"

struct lab_plan_row {
	char *name; /* of the step */
	enum plan_action action;
	char *why;
	bool removed;
};
struct lab_plan {
	struct lab_plan_row *v;
	size_t n;
};

/* Without the lab's lock; the chosen machines' specs are prepared. */
MUST_CHECK int lab_plan(const struct lab *lab, struct machine *const *chosen, size_t n,
        struct lab_plan *out, struct err *err);
void lab_plan_add(
        struct lab_plan *plan, const char *name, enum plan_action action, const char *why);
void lab_plan_clear(struct lab_plan *plan);

/* Networks that were made and that no machine joins: of the chosen machines the file counts, of all
 * others also what they were made with. None where that cannot be told of one of them. */
void lab_networks_unused(
        const struct lab *lab, struct machine *const *chosen, size_t n, struct strv *out);
/* lab_lock'ed, after the machines are as the file says: removes them, and what is recorded of them.
 */
MUST_CHECK int lab_networks_drop(struct lab *lab, struct event_sink *sink, struct err *err);
