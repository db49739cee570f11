/* Ports of the host that the other labs of this home have published. */
#pragma once

#include "lab/network/published.h"

/* The lists of the other labs, and how each is told: "'shop' (k3x9…)". */
struct published_others {
	struct strv ids, labels;
	struct published_list *lists;
};

/* To be cleared in any case. A journal that cannot be read publishes nothing. */
MUST_CHECK int published_others_read(
        const struct lab *lab, struct published_others *out, struct err *err);
void published_others_clear(struct published_others *others);
