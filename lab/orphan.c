/* Machines that only journals know. */
#include "lab/orphan.h"

#include <string.h>

/* Instances of one declaration of count: NAME-1@KIND, NAME-2@KIND. */
static bool same_declaration(const struct machine_spec *a, const struct machine_spec *b)
{
	const char *dash_a = strrchr(a->name, '-'), *dash_b = strrchr(b->name, '-');

	return a->count && b->count && dash_a && dash_b && str_eq(a->provider, b->provider) &&
	        dash_a - a->name == dash_b - b->name &&
	        strncmp(a->name, b->name, (size_t)(dash_a - a->name)) == 0;
}

enum orphan orphan_of(
        const struct lab *lab, struct machine *const *chosen, size_t n, const struct machine *m)
{
	for (size_t i = 0; i < n; i++)
		if (chosen[i]->in_file && same_declaration(&chosen[i]->spec, &m->spec))
			return ORPHAN_SCALED_DOWN;
	for (size_t i = 0; i < lab->n; i++)
		if (lab->machines[i].in_file && str_eq(lab->machines[i].spec.name, m->spec.name))
			return ORPHAN_OTHER_KIND;
	return ORPHAN_KEPT;
}
