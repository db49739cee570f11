#include "lab/volumes.h"

#include "base/fs.h"
#include "core/volume.h"

#include <stdlib.h>
#include <string.h>

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
	for (size_t i = 0; i < lab->decl.n_volumes; i++) {
		const struct volume_decl *decl = &lab->decl.volumes[i];
		struct volume_row *row = row_of(rows, lab, decl->name);
		row->declared = true;
		if (row->size_bytes < 0)
			row->size_bytes = decl->size_bytes;
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

bool volumes_in_use(const struct lab *lab, const char *volume)
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
		if (volumes_in_use(lab, name))
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
