#include "lab/lab_plan.h"

#include "lab/lab_session.h"
#include "lab/network/published.h"
#include "lab/volumes.h"

#include <stdlib.h>

static const char never[] = "never applied";

void lab_plan_add(struct lab_plan *plan, const char *name, enum plan_action action, const char *why)
{
	plan->v = xrealloc(plan->v, plan->n + 1, sizeof(*plan->v));
	plan->v[plan->n++] =
	        (struct lab_plan_row){.name = xstrdup(name), .action = action, .why = xstrdup(why)};
}

void lab_plan_clear(struct lab_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		free(plan->v[i].name);
		free(plan->v[i].why);
	}
	free(plan->v);
	*plan = (struct lab_plan){0};
}

static void add_unused(
        const struct lab *lab, struct machine *const *chosen, size_t n, struct lab_plan *out)
{
	AUTO_STRV names = {0};

	lab_networks_unused(lab, chosen, n, &names);
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *name = xasprintf("lab.network.%s", names.v[i]);
		lab_plan_add(out, name, PLAN_APPLY, "no machine joins it any more");
		out->v[out->n - 1].removed = true;
	}
}

/* What was published in this boot stands, for those that run; whether it is what the file says is
 * seen by up. */
static void add_ports(
        const struct lab *lab, struct machine *const *chosen, size_t n, struct lab_plan *out)
{
	bool any = false, known = true, run = true;

	for (size_t i = 0; i < n; i++) {
		const struct machine_spec *spec = &chosen[i]->spec;
		AUTO_FREE char *key = xasprintf("%s%s", PUBLISHED_FACT, spec->selector);
		if (!spec->n_ports)
			continue;
		any = true;
		known = known && journal_fact(lab_state(lab), key);
		run = run && journal_started(&chosen[i]->state);
	}
	if (!any)
		return;
	bool now = known && published_now(lab);
	lab_plan_add(out, "lab.ports", now && run ? PLAN_KEEP : PLAN_APPLY,
	        !known         ? never
	                : !now ? "not published since the host's start"
	                : !run ? "undone while its machine does not run"
	                       : "done");
}

int lab_plan(const struct lab *lab, struct machine *const *chosen, size_t n, struct lab_plan *out,
        struct err *err)
{
	if (lab_steps_plan(lab, chosen, n, out, err) < 0 ||
	        volumes_plan(lab, chosen, n, out, err) < 0)
		return -1;
	add_ports(lab, chosen, n, out);
	add_unused(lab, chosen, n, out);
	return 0;
}
