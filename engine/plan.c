#include "engine/plan.h"

#include <stdlib.h>
#include <string.h>

static void add_escaped(struct str *out, const char *key, const char *path)
{
	str_addf(out, "%s%s=", out->len ? "," : "", key);
	for (const char *p = path; *p; p++) {
		if (strchr("\\,:", *p))
			str_addn(out, "\\", 1);
		str_addn(out, p, 1);
	}
}

void overlay_options(const char *lower, const char *upper, const char *work, struct str *out)
{
	add_escaped(out, "lowerdir", lower);
	add_escaped(out, "upperdir", upper);
	add_escaped(out, "workdir", work);
}

void container_plan_clear(struct container_plan *plan)
{
	strv_clear(&plan->argv);
	strv_clear(&plan->env);
	free(plan->root);
	free(plan->overlay);
	free(plan->hostname);
	free(plan->console);
	free(plan->status);
	*plan = (struct container_plan){0};
}
