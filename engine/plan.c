#include "engine/plan.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

struct fs_row *plan_add(struct container_plan *plan, enum fs_op op, const char *path)
{
	plan->rows = xrealloc(plan->rows, plan->n_rows + 1, sizeof(*plan->rows));
	struct fs_row *row = &plan->rows[plan->n_rows++];

	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	*row = (struct fs_row){.op = op, .path = xstrndup(path, n)};
	return row;
}

void id_maps_add(struct id_maps *maps, uint32_t inside, uint32_t outside, uint32_t count)
{
	maps->v = xrealloc(maps->v, maps->n + 1, sizeof(*maps->v));
	maps->v[maps->n++] = (struct id_map){inside, outside, count};
}

void id_maps_copy(struct id_maps *dst, const struct id_maps *src)
{
	for (size_t i = 0; i < src->n; i++)
		id_maps_add(dst, src->v[i].inside, src->v[i].outside, src->v[i].count);
}

bool id_maps_equal(const struct id_maps *a, const struct id_maps *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].inside != b->v[i].inside || a->v[i].outside != b->v[i].outside ||
		        a->v[i].count != b->v[i].count)
			return false;
	return true;
}

uint32_t id_maps_outside(const struct id_maps *maps, uint32_t inside)
{
	for (size_t i = 0; i < maps->n; i++)
		if (inside >= maps->v[i].inside && inside - maps->v[i].inside < maps->v[i].count)
			return maps->v[i].outside + (inside - maps->v[i].inside);
	return maps->n ? UINT32_MAX : inside;
}

bool container_plan_has_users(const struct container_plan *plan)
{
	for (size_t i = 0; i < plan->n_joins; i++)
		if (plan->joins[i].kind == CLONE_NEWUSER)
			return true;
	return plan->namespaces & CLONE_NEWUSER;
}

void fs_row_clear(struct fs_row *row)
{
	free(row->path);
	free(row->source);
	free(row->type);
	free(row->data);
	free(row->uids.v);
	free(row->gids.v);
}

void container_plan_clear(struct container_plan *plan)
{
	for (size_t i = 0; i < plan->n_rows; i++)
		fs_row_clear(&plan->rows[i]);
	for (size_t i = 0; i < plan->n_joins; i++)
		free(plan->joins[i].path);
	for (size_t i = 0; i < plan->n_sysctl; i++) {
		free(plan->sysctl[i].key);
		free(plan->sysctl[i].value);
	}
	void *owned[] = {plan->rows, plan->joins, plan->sysctl, plan->offsets, plan->uids.v,
	        plan->gids.v, plan->root, plan->lower, plan->upper, plan->work, plan->hostname,
	        plan->domainname, plan->cwd, plan->console, plan->status};
	for (size_t i = 0; i < ARRAY_SIZE(owned); i++)
		free(owned[i]);
	confine_clear(&plan->confine);
	strv_clear(&plan->argv);
	strv_clear(&plan->env);
	*plan = (struct container_plan){0};
}
