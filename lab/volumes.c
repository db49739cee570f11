#include "lab/volumes.h"

#include "base/fs.h"
#include "core/volume.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STEP_PREFIX "lab.volume."

/* --- what there is --- */

static struct volume_row *row_of(struct volume_rows *rows, const struct lab *lab, const char *name)
{
	for (size_t i = 0; i < rows->n; i++)
		if (str_eq(rows->v[i].name, name))
			return &rows->v[i];
	rows->v = xrealloc(rows->v, rows->n + 1, sizeof(*rows->v));
	rows->v[rows->n] = (struct volume_row){.name = xstrdup(name),
	        .path = lab->dir ? volume_path(lab->dir, name) : NULL,
	        .size_bytes = -1,
	        .used_bytes = -1};
	return &rows->v[rows->n++];
}

/* As it was last made; false: the machine does not exist (any more). */
static bool stored_spec(const struct machine *m, struct machine_spec *out)
{
	return m->state.spec && m->names.journal && fs_exists(m->names.journal) &&
	        spec_read(m->state.spec, out, NULL) == 0;
}

static void add_users(struct volume_rows *rows, const struct lab *lab)
{
	for (size_t i = 0; i < lab->n; i++) {
		struct machine_spec spec;
		if (!stored_spec(&lab->machines[i], &spec))
			continue;
		for (size_t k = 0; k < spec.n_volumes; k++)
			strv_add(&row_of(rows, lab, spec.volumes[k].name)->users, spec.selector);
		spec_clear(&spec);
	}
}

static void add_declared(struct volume_rows *rows, const struct lab *lab)
{
	for (size_t i = 0; i < lab->n; i++) {
		const struct machine *m = &lab->machines[i];
		for (size_t k = 0; m->in_file && k < m->spec.n_volumes; k++) {
			struct volume_row *row = row_of(rows, lab, m->spec.volumes[k].name);
			row->declared = true;
			if (row->size_bytes < 0)
				row->size_bytes = m->spec.volumes[k].size_bytes;
		}
	}
}

int volumes_look(const struct lab *lab, struct volume_rows *out, struct err *err)
{
	struct volume_rows rows = {0};
	AUTO_STRV names = {0};

	if (lab->dir && volume_list(lab->dir, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		struct volume_row *row = row_of(&rows, lab, names.v[i]);
		if (volume_size(row->path, &row->size_bytes, &row->used_bytes, err) < 0) {
			volume_rows_clear(&rows);
			return -1;
		}
	}
	add_users(&rows, lab);
	add_declared(&rows, lab);
	*out = rows;
	return 0;
}

void volume_rows_clear(struct volume_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		free(rows->v[i].name);
		free(rows->v[i].path);
		strv_clear(&rows->v[i].users);
	}
	free(rows->v);
	*rows = (struct volume_rows){0};
}

size_t volumes_count(const struct lab *lab)
{
	AUTO_STRV names = {0};

	return lab->dir && volume_list(lab->dir, &names, NULL) == 0 ? names.n : 0;
}

/* --- who may have one at the same time --- */

static const struct volume_use *use_of(const struct machine_spec *spec, const char *volume)
{
	for (size_t i = 0; i < spec->n_volumes; i++)
		if (str_eq(spec->volumes[i].name, volume))
			return &spec->volumes[i];
	return NULL;
}

/* Containers share one mount; what a virtual machine writes nobody else's kernel knows of. */
static bool go_together(const struct machine_spec *a, const struct volume_use *of_a,
        const struct machine_spec *b, const struct volume_use *of_b)
{
	bool kvm_a = str_eq(a->provider, "kvm"), kvm_b = str_eq(b->provider, "kvm");

	return (!kvm_a && !kvm_b) || (kvm_a && kvm_b && of_a->read_only && of_b->read_only);
}

/* Some step that a halt would undo has begun in this boot. */
static bool is_started(const struct lab *lab, const struct machine *m)
{
	for (size_t i = 0; i < m->state.n_steps; i++) {
		const struct step_record *s = &m->state.steps[i];
		if (s->state == STEP_DONE && s->is_volatile &&
		        str_eq(s->boot_id, journal_boot_id(lab->journal)))
			return true;
	}
	return false;
}

static bool is_in_use(const struct lab *lab, const char *volume)
{
	AUTO_FREE char *path = volume_path(lab->dir, volume);

	return volume_in_container(path) || volume_in_vm(path);
}

static int refuse_both(const struct machine_spec *a, const struct machine_spec *b,
        const char *volume, struct err *err)
{
	err_set(err, ERR_CONFIG, "volumes: '%s' and '%s' cannot have '%s' at the same time",
	        a->selector, b->selector, volume);
	return err_hint(err,
	        "containers can share a volume, and virtual machines that only read it (:ro); "
	        "bring "
	        "up one of the two: prov up %s",
	        a->selector);
}

static int refuse_held(const struct machine_spec *spec, const struct machine_spec *holder,
        const char *volume, struct err *err)
{
	err_set(err, ERR_BUSY, "volumes: '%s' of '%s' is in use by '%s'", volume, spec->selector,
	        holder->selector);
	return err_hint(err, "prov halt %s", holder->selector);
}

static int admit_beside(const struct lab *lab, const struct machine_spec *spec,
        const struct machine_spec *other, bool other_chosen, struct err *err)
{
	for (size_t i = 0; i < spec->n_volumes; i++) {
		const char *name = spec->volumes[i].name;
		const struct volume_use *use = use_of(other, name);
		if (!use || go_together(spec, &spec->volumes[i], other, use))
			continue;
		if (other_chosen)
			return refuse_both(spec, other, name, err);
		if (is_in_use(lab, name))
			return refuse_held(spec, other, name, err);
	}
	return 0;
}

static bool is_among(const struct machine *m, struct machine *const *chosen, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (chosen[i] == m)
			return true;
	return false;
}

static int admit_one(const struct lab *lab, const struct machine *m, struct machine *const *chosen,
        size_t n, struct err *err)
{
	for (size_t i = 0; i < lab->n; i++) {
		const struct machine *other = &lab->machines[i];
		bool together = is_among(other, chosen, n);
		struct machine_spec stored;
		int rc = 0;
		if (other == m)
			continue;
		if (together) {
			rc = admit_beside(lab, &m->spec, &other->spec, true, err);
		} else if (is_started(lab, other) && stored_spec(other, &stored)) {
			rc = admit_beside(lab, &m->spec, &stored, false, err);
			spec_clear(&stored);
		}
		if (rc < 0)
			return -1;
	}
	return 0;
}

int volumes_admit(const struct lab *lab, struct machine *const *chosen, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (chosen[i]->spec.n_volumes && admit_one(lab, chosen[i], chosen, n, err) < 0)
			return -1;
	return 0;
}

/* --- steps --- */

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
		if (is_in_use(lab, list.v[i].name) && volume_settle(list.v[i].path, err) < 0)
			rc = err_wrap(err, "volume '%s'", list.v[i].name);
	if (rc == 0 && list.n)
		rc = run_destroy(&runner, err);
	runner_clear(&runner);
	list_clear(&list);
	return rc;
}
