/* Ports of the host that other labs have published: those of this home by their journals, those of
 * other homes by what the kernel holds. */
#pragma once

#include "lab/network/published.h"

/* The lists of the other labs, and how each is told: "'shop' (k3x9…)". */
struct published_others {
	struct strv ids, labels;
	struct published_list *lists;
	bool asked; /* the kernel */
};

/* To be cleared in any case. A journal that cannot be read publishes nothing. */
MUST_CHECK int published_others_read(
        const struct lab *lab, struct published_others *out, struct err *err);
/* Adds the labs of other homes that have ports now, once: it takes a process and a library. Where
 * the kernel cannot be asked there are none, and publishing says why. */
void published_others_ask(const struct lab *lab, struct published_others *others);
void published_others_clear(struct published_others *others);
