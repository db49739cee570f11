/* Steps of the lab's volumes: made and grown before the machines that have them, removed where
 * somebody asks. */
#include "lab/volumes.h"

#include "base/fs.h"
#include "core/volume.h"

#include <inttypes.h>
#include <stdlib.h>

#define STEP_PREFIX "lab.volume."

struct volume_step {
	const char *name, *path;
	const struct volume_use *use; /* NULL: it is to be removed */
	const struct machine_spec *first;
};

static void volume_inputs(const struct run *run, struct digest *d)
{
	const struct volume_step *v = run->step->data;

	if (v->use)
		digest_number(d, "bytes", v->use->size_bytes);
}

static int volume_apply(struct run *run, struct err *err)
{
	const struct volume_step *v = run->step->data;
	const struct volume_new wanted = {.name = v->name,
	        .size_bytes = v->use->size_bytes,
	        .rootfs = v->first->box.rootfs,
	        .guest = v->use->guest};

	if (!fs_exists(v->path))
		return volume_make(v->path, &wanted, err);
	return volume_resize(v->path, v->use->size_bytes, err) < 0
	        ? err_wrap(err, "volume '%s'", v->name)
	        : 0;
}

/* Never on the way up: what it holds goes only where somebody asks for that. */
static int volume_revert(struct run *run, struct err *err)
{
	const struct volume_step *v = run->step->data;

	return v->use ? 0 : volume_remove(v->path, err);
}

static void volume_explain(const struct run *run, struct str *out)
{
	const struct volume_step *v = run->step->data;

	str_add(out, "A file system of its own in a sparse file.\n");
	str_addf(out, "truncate -s %" PRId64 " ", v->use ? v->use->size_bytes : 0);
	str_add_shell(out, v->path);
	str_add(out, " && mke2fs -F -t ext4 -m 0 ");
	str_add_shell(out, v->path);
	str_add(out, "\n");
}

struct volume_list {
	struct volume_step *v;
	struct step *steps;
	size_t n;
};

static void list_clear(struct volume_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free((char *)(uintptr_t)list->v[i].path);
		free((char *)(uintptr_t)list->steps[i].name);
	}
	free(list->v);
	free(list->steps);
}

static void list_add(struct volume_list *list, const struct lab *lab, const char *name,
        const struct volume_use *use, const struct machine_spec *first)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i].name, name))
			return;
	list->v = xrealloc(list->v, list->n + 1, sizeof(*list->v));
	list->steps = xrealloc(list->steps, list->n + 1, sizeof(*list->steps));
	list->v[list->n] = (struct volume_step){name, volume_path(lab->dir, name), use, first};
	list->steps[list->n++] = (struct step){.name = xasprintf(STEP_PREFIX "%s", name),
	        .stale = CHANGE_LIVE,
	        .inputs = volume_inputs,
	        .apply = volume_apply,
	        .revert = volume_revert,
	        .explain = volume_explain};
}

static struct runner runner_of(struct lab *lab, struct volume_list *list, struct event_sink *sink)
{
	for (size_t i = 0; i < list->n; i++)
		list->steps[i].data = &list->v[i];
	return (struct runner){.session = lab,
	        .journal = lab->journal,
	        .sink = sink,
	        .machine = "",
	        .steps = list->steps,
	        .n_steps = list->n,
	        .partial = true};
}

int volumes_up(struct lab *lab, struct machine *const *chosen, size_t n, struct event_sink *sink,
        const volatile int *stop, struct err *err)
{
	struct volume_list list = {0};
	const struct status world = {.state = MACHINE_RUNNING};
	const struct up_options options = {0};
	bool changed;
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < chosen[i]->spec.n_volumes; k++)
			list_add(&list, lab, chosen[i]->spec.volumes[k].name,
			        &chosen[i]->spec.volumes[k], &chosen[i]->spec);
	struct runner runner = runner_of(lab, &list, sink);
	runner.stop = stop;
	/* They outlive a power cut, so that what tells of them must, too. */
	if (list.n)
		rc = journal_sync(lab->journal, err) < 0
		        ? -1
		        : run_up(&runner, &world, &options, &changed, err);
	runner_clear(&runner);
	list_clear(&list);
	return rc;
}

int volumes_plan(const struct lab *lab, struct machine *const *chosen, size_t n,
        struct lab_plan *out, struct err *err)
{
	struct volume_list list = {0};
	struct plan plan = {0};
	/* Nothing of it is changed: it is not locked. */
	struct lab *same = (struct lab *)(uintptr_t)lab;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < chosen[i]->spec.n_volumes; k++)
			list_add(&list, lab, chosen[i]->spec.volumes[k].name,
			        &chosen[i]->spec.volumes[k], &chosen[i]->spec);
	struct runner runner = runner_of(same, &list, NULL);
	runner.state = lab_state(lab);
	int rc = run_plan(&runner, NULL, &plan, err);
	for (size_t i = 0; rc == 0 && i < plan.n; i++)
		lab_plan_add(out, plan.rows[i].step->name, plan.rows[i].action, plan.rows[i].why);
	free(plan.rows);
	list_clear(&list);
	return rc;
}

int volumes_remove(
        struct lab *lab, const struct strv *names, struct event_sink *sink, struct err *err)
{
	struct volume_list list = {0};
	int rc = 0;

	for (size_t i = 0; i < names->n; i++)
		list_add(&list, lab, names->v[i], NULL, NULL);
	struct runner runner = runner_of(lab, &list, sink);
	for (size_t i = 0; rc == 0 && i < list.n; i++)
		if (volumes_in_use(lab, list.v[i].name) && volume_settle(list.v[i].path, err) < 0)
			rc = err_wrap(err, "volume '%s'", list.v[i].name);
	if (rc == 0 && list.n)
		rc = run_destroy(&runner, err);
	runner_clear(&runner);
	list_clear(&list);
	return rc;
}
