#include "lab/prepare.h"

#include "boxes/store.h"
#include "core/folder.h"

#include <stdlib.h>

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
	bool to_be_made;
	bool in_program; /* the kinds that need no module, or the others */
};

static bool is_in_program(const struct providers *providers, const char *name)
{
	for (size_t i = 0; i < providers->n; i++)
		if (str_eq(providers->entries[i].name, name))
			return providers->entries[i].in_program;
	return false;
}

static bool concerns(const struct check_job *job, const struct machine *m)
{
	return m->in_file && is_in_program(job->providers, m->spec.provider) == job->in_program;
}

static int check_all(const void *arg, void *result, struct err *err)
{
	const struct check_job *job = arg;
	const struct provider *provider;

	(void)result;
	for (size_t i = 0; i < job->n; i++) {
		const struct machine_spec *spec = &job->chosen[i]->spec;
		if (!concerns(job, job->chosen[i]))
			continue;
		if (provider_find(job->providers, spec->provider, &provider, err) < 0)
			return -1;
		if (provider->check_spec(spec, err) < 0)
			return err_wrap(err, "%s", spec->selector);
		if (job->to_be_made && provider->check_rights && provider->check_rights(err) < 0)
			return -1;
	}
	return 0;
}

int prepare_check(const struct providers *providers, struct machine *const *chosen, size_t n,
        bool to_be_made, struct err *err)
{
	struct check_job job = {providers, chosen, n, to_be_made, true};
	bool others = false;

	if (check_all(&job, NULL, err) < 0)
		return -1;
	job.in_program = false;
	for (size_t i = 0; i < n; i++)
		others = others || concerns(&job, chosen[i]);
	return others ? helper_call(NULL, check_all, &job, NULL, 0, err) : 0;
}
