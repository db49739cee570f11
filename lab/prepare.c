#include "lab/prepare.h"

#include "boxes/store.h"

#include <stdlib.h>

static int use_box(const struct lab *lab, struct machine_spec *spec, struct err *err)
{
	struct box box = {0};
	AUTO_FREE char *name = xstrdup(spec->box.name);

	if (store_find(lab->home, name, &box, err) < 0)
		return -1;
	free(spec->box.name);
	spec->box.name = NULL;
	int rc = store_use(lab->home, &box, &spec->box, err);
	box_clear(&box);
	if (!spec->box.name)
		spec->box.name = xstrdup(name);
	if (rc == 0 && !spec->user)
		spec->user = xstrdup(spec->box.user ? spec->box.user : "root");
	return rc;
}

int prepare_specs(struct lab *lab, struct err *err)
{
	const struct journal_state *state =
	        lab->journal ? journal_state(lab->journal) : &lab->state;
	AUTO_STRV missing = {0};
	struct err first = {0}, e;

	for (size_t i = 0; i < lab->n; i++) {
		struct machine *m = &lab->machines[i];
		if (!m->in_file)
			continue;
		if (lab->id)
			alloc_fill(state, &m->spec);
		if (use_box(lab, &m->spec, &e) == 0 || strv_has(&missing, m->spec.box.name))
			continue;
		strv_add(&missing, m->spec.box.name);
		if (first.kind == ERR_NONE)
			first = e;
		else
			err_wrap(&first, "%s", e.message);
	}
	if (!missing.n)
		return 0;
	*err = first;
	return -1;
}
