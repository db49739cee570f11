#include "lab/prepare.h"

#include "boxes/store.h"
#include "core/folder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void clear_use(struct box_use *use)
{
	char **const texts[] = {&use->name, &use->digest, &use->rootfs, &use->disk, &use->kernel,
	        &use->initrd, &use->cmdline, &use->user};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		util_free_ptr(texts[i]);
}

/* May be called again, as `up` does once it holds the lock. */
static int use_box(const struct lab *lab, struct machine_spec *spec, struct err *err)
{
	struct box box = {0};
	struct box_use use = {0};

	if (store_find(lab->home, spec->box.name, &box, err) < 0)
		return -1;
	int rc = store_use(lab->home, &box, &use, err);
	box_clear(&box);
	if (rc < 0)
		return rc;
	clear_use(&spec->box);
	spec->box = use;
	if (!spec->user)
		spec->user = xstrdup(spec->box.user ? spec->box.user : "root");
	folders_settle(spec);
	return 0;
}

int prepare_specs(struct lab *lab, struct machine *const *chosen, size_t n, struct err *err)
{
	const struct journal_state *state =
	        lab->journal ? journal_state(lab->journal) : &lab->state;
	AUTO_STRV missing = {0};
	AUTO_STR all = {0}, hints = {0};
	struct err first = {0}, e;

	for (size_t i = 0; i < n; i++) {
		struct machine *m = chosen[i];
		if (!m->in_file)
			continue;
		if (lab->id)
			alloc_fill(state, &m->spec);
		if (use_box(lab, &m->spec, &e) == 0 || strv_has(&missing, m->spec.box.name))
			continue;
		first = missing.n ? first : e;
		str_addf(&all, "%s%s", missing.n ? "; " : "", e.message);
		/* As many as an error's hint can hold. */
		if (hints.len + strlen(m->spec.box.name) + strlen(e.hint) + 10 < sizeof(e.hint))
			str_addf(&hints, "%s'%s': %s", hints.len ? "; " : "", m->spec.box.name,
			        e.hint);
		strv_add(&missing, m->spec.box.name);
	}
	if (!missing.n)
		return 0;
	err_set(err, first.kind, "%s", str_text(&all));
	if (geteuid() != 0)
		return err_hint(err,
		        "prov needs root for machines, and root has boxes of its own: sudo prov …");
	return err_hint(err, "%s", missing.n == 1 ? first.hint : str_text(&hints));
}
