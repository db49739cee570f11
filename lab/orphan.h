/* What becomes of a machine that the file no longer has: up does it, plan and status foretell it.
 */
#pragma once

#include "lab/lab.h"

enum orphan {
	ORPHAN_KEPT,        /* until destroy, or up --remove-orphans */
	ORPHAN_OTHER_KIND,  /* kept too; the file has the machine as another kind */
	ORPHAN_SCALED_DOWN, /* destroyed by an up of its declaration, whose count went down */
};

/* m is not in the file; up is asked for the chosen ones. */
enum orphan orphan_of(
        const struct lab *lab, struct machine *const *chosen, size_t n, const struct machine *m);
