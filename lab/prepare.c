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

int prepare_specs(struct lab *lab, struct machine *const *chosen, size_t n, struct err *err)
{
	const struct journal_state *state =
	        lab->journal ? journal_state(lab->journal) : &lab->state;
	AUTO_STRV missing = {0};
	AUTO_STR all = {0};
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
		strv_add(&missing, m->spec.box.name);
	}
	if (!missing.n)
		return 0;
	err_set(err, first.kind, "%s", str_text(&all));
	return err_hint(err, "%s", first.hint);
}

struct check_job {
	const struct providers *providers;
	struct machine *const *chosen;
	size_t n;
};

static int check_all(const void *arg, void *result, struct err *err)
{
	const struct check_job *job = arg;
	const struct provider *provider;

	(void)result;
	for (size_t i = 0; i < job->n; i++) {
		const struct machine_spec *spec = &job->chosen[i]->spec;
		if (!job->chosen[i]->in_file)
			continue;
		if (provider_find(job->providers, spec->provider, &provider, err) < 0)
			return -1;
		if (provider->check_spec(spec, err) < 0)
			return err_wrap(err, "%s", spec->selector);
	}
	return 0;
}

int prepare_check(
        const struct providers *providers, struct machine *const *chosen, size_t n, struct err *err)
{
	struct check_job job = {providers, chosen, n};

	return helper_call(NULL, check_all, &job, NULL, 0, err);
}
