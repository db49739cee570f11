/*
 * The experiment's own lab: a folder with a prov.yaml below PROV_HOME/tmp, an id, a network. It is
 * a lab like any other: if prov is killed, global-status lists it and destroy --lab removes it.
 */
#include "compare/experiment_parts.h"

#include "base/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a box without a declared machine is provisioned with: files, pipes, a digest and some
 * compression, with what every box has, and the same bytes each time. */
static const char default_script[] =
        "d=/var/tmp/prov-compare\n"
        "mkdir -p $d\n"
        "i=0\n"
        "while [ $i -lt 200 ]; do i=$((i + 1)); echo \"line $i\" >$d/$i; done\n"
        "cat $d/* | sha256sum >$d/digest\n"
        "head -c 2000000 /dev/zero | gzip >$d/zero.gz\n"
        "sync\n";

static void default_machine(struct machine_spec *spec, bool small)
{
	struct provision_item *item = xcalloc(1, sizeof(*item));

	provision_item_init(item);
	item->type = PROVISION_SHELL;
	item->name = xstrdup("compare");
	item->script = xstrdup(default_script);
	spec->provision = item;
	spec->n_provision = 1;
	if (small)
		spec->memory_bytes = INT64_C(128) << 20;
}

#define SWAP(a, b)                      \
	do {                            \
		__typeof__(a) swap = a; \
		a = b;                  \
		b = swap;               \
	} while (0)

/* What was declared, in the experiment's own machine: its name, kind and addresses stay. */
static void take_declaration(struct machine_spec *spec, const struct machine_spec *declared)
{
	struct machine_spec copy;

	spec_copy(&copy, declared);
	SWAP(spec->cpus, copy.cpus);
	SWAP(spec->memory_bytes, copy.memory_bytes);
	SWAP(spec->disk_bytes, copy.disk_bytes);
	SWAP(spec->user, copy.user);
	SWAP(spec->env, copy.env);
	SWAP(spec->network_mode, copy.network_mode);
	SWAP(spec->folders, copy.folders);
	SWAP(spec->n_folders, copy.n_folders);
	SWAP(spec->provision, copy.provision);
	SWAP(spec->n_provision, copy.n_provision);
	SWAP(spec->container, copy.container);
	SWAP(spec->kvm, copy.kvm);
	spec_clear(&copy);
	spec_init(&copy);
	if (spec->network_mode != NET_LAB) {
		SWAP(spec->nics, copy.nics);
		SWAP(spec->n_nics, copy.n_nics);
	}
	spec_clear(&copy);
}

static const struct machine_spec *declared_for(const struct experiment *e, const char *provider)
{
	for (size_t i = 0; i < e->options->n_declared; i++)
		if (str_eq(e->options->declared[i]->provider, provider))
			return e->options->declared[i];
	return e->options->n_declared ? e->options->declared[0] : NULL;
}

static void fill_specs(struct experiment *e)
{
	bool small = e->options->quick && str_eq(e->result->box, "tiny");

	for (size_t i = 0; i < e->lab.n; i++) {
		struct machine_spec *spec = &e->lab.machines[i].spec;
		const struct machine_spec *declared = declared_for(e, spec->provider);
		if (declared)
			take_declaration(spec, declared);
		else
			default_machine(spec, small);
		/* Both kinds have the same to do. */
		spec_drop_implicit_folders(spec);
	}
}

/* Once the box is known: what its init is can be seen in its files alone. */
static void adapt_specs(struct experiment *e)
{
	for (size_t i = 0; i < e->lab.n; i++) {
		struct machine_spec *spec = &e->lab.machines[i].spec;
		for (size_t k = 0; k < e->n_kinds; k++)
			if (e->kinds[k]->adapt && str_starts(spec->name, e->kinds[k]->machine))
				e->kinds[k]->adapt(spec);
	}
}

static int write_file(struct experiment *e, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/prov.yaml", e->folder);
	AUTO_STR text = {0};

	str_addf(&text, "prov: 1\nlab: compare\ndefaults: { box: \"%s\" }\nmachines:\n",
	        e->result->box);
	for (size_t k = 0; k < e->n_kinds; k++)
		if (e->kinds[k]->provider)
			str_addf(&text, "  %s: { provider: %s, count: %d }\n", e->kinds[k]->machine,
			        e->kinds[k]->provider, e->instances);
	return fs_replace(path, str_text(&text), text.len, 0600, err);
}

static int make_folder(struct experiment *e, struct err *err)
{
	AUTO_FREE char *tmp = xasprintf("%s/tmp", e->home);
	AUTO_FREE char *folder = xasprintf("%s/compare-XXXXXX", tmp);

	if (fs_mkdirs(tmp, 0711, err) < 0)
		return -1;
	if (!mkdtemp(folder))
		return err_sys(err, "make a folder in '%s'", tmp);
	e->folder = STEAL(folder);
	return 0;
}

static int open_lab(struct experiment *e, struct err *err)
{
	struct problems problems = {0};
	const struct lab_options options = {.from = e->folder};
	int rc = lab_open(&options, &e->lab, &problems, err);

	if (rc < 0 && problems.n)
		err_set(err, ERR_FAILED, "the experiment's own file: %s", problems.rows[0].text);
	problems_clear(&problems);
	return rc;
}

static bool any_machine(const struct experiment *e)
{
	for (size_t k = 0; k < e->n_kinds; k++)
		if (e->kinds[k]->provider)
			return true;
	return false;
}

static struct machine **all_machines(struct experiment *e)
{
	struct machine **all = xcalloc(e->lab.n + 1, sizeof(*all));

	for (size_t i = 0; i < e->lab.n; i++)
		all[i] = &e->lab.machines[i];
	return all;
}

int experiment_prepare(struct experiment *e, struct err *err)
{
	if (!any_machine(e))
		return 0;
	if (make_folder(e, err) < 0 || write_file(e, err) < 0 || open_lab(e, err) < 0)
		return -1;
	fill_specs(e);
	AUTO_FREE struct machine **all = all_machines(e);
	if (prepare_specs(&e->lab, all, e->lab.n, err) < 0)
		return -1;
	adapt_specs(e);
	return 0;
}

int experiment_open(struct experiment *e, struct err *err)
{
	if (!any_machine(e))
		return 0;
	AUTO_FREE struct machine **all = all_machines(e);
	if (lab_lock(&e->lab, err) < 0 || alloc_network(&e->lab, err) < 0 ||
	        alloc_ids(&e->lab, err) < 0 || prepare_specs(&e->lab, all, e->lab.n, err) < 0)
		return -1;
	return lab_steps_up(&e->lab, all, e->lab.n, &e->recorder.sink, e->env->stop, err);
}

struct machine *experiment_machine(struct experiment *e, const struct compare_kind *kind, int index)
{
	AUTO_FREE char *name = xasprintf("%s-%d", kind->machine, index + 1);

	for (size_t i = 0; i < e->lab.n; i++)
		if (str_eq(e->lab.machines[i].spec.name, name))
			return &e->lab.machines[i];
	return NULL;
}

/* The workers wrote the journals; what the next verb does depends on them. */
static int read_journals(const struct team *team, struct err *err)
{
	for (size_t i = 0; i < team->n; i++) {
		struct machine *m = team->machines[i];
		journal_state_clear(&m->state);
		m->state = (struct journal_state){0};
		if (journal_read(m->names.journal, &m->state, err) < 0)
			return -1;
		m->state.exists = m->state.exists || fs_exists(m->names.dir);
	}
	return 0;
}

static int first_failure(const struct experiment *e, const struct team *team,
        const struct outcome *out, struct err *err)
{
	size_t failed = out->failed + out->interrupted + out->skipped;

	if (!failed)
		return 0;
	for (size_t i = 0; i < team->n; i++) {
		const struct timeline *t =
		        recorder_of(&e->recorder, team->machines[i]->spec.selector);
		if (t && t->error)
			return err_set(err, ERR_FAILED, "%s", t->error);
	}
	return err_set(err, ERR_FAILED, "%zu of %zu machines failed", failed, team->n);
}

static int run_verb(struct experiment *e, const struct verb *verb,
        const struct verb_options *options, const struct team *team, const volatile int *stop,
        struct err *err)
{
	const struct job pattern = {
	        .providers = e->env->providers, .lab = &e->lab, .options = options, .stop = stop};
	const struct watch watch = {.sink = &e->recorder.sink, .stop = stop};
	struct outcome out = {0};
	struct err second = {0};

	int rc = workers_run(&pattern, verb, team->machines, team->n, &watch, &out, err);
	if (rc == 0)
		rc = first_failure(e, team, &out, err);
	if (read_journals(team, &second) < 0 && rc == 0) {
		*err = second;
		rc = -1;
	}
	return rc;
}

int experiment_verb(struct experiment *e, const struct verb *verb,
        const struct work_options *options, const struct team *team, struct err *err)
{
	return run_verb(e, verb, &options->base, team, e->env->stop, err);
}

int experiment_destroy(struct experiment *e, const struct team *team, struct err *err)
{
	const struct verb_options options = {0};

	return run_verb(e, &verb_destroy, &options, team, NULL, err);
}

static int remove_lab(struct experiment *e, struct err *err)
{
	AUTO_FREE struct machine **left = xcalloc(e->lab.n + 1, sizeof(*left));
	struct team team = {.machines = left};

	for (size_t i = 0; i < e->lab.n; i++)
		if (fs_exists(e->lab.machines[i].names.dir))
			left[team.n++] = &e->lab.machines[i];
	if (team.n && (read_journals(&team, err) < 0 || experiment_destroy(e, &team, err) < 0))
		return -1;
	return lab_steps_down(&e->lab, &e->recorder.sink, err);
}

void experiment_close(struct experiment *e)
{
	struct err err = {0};

	recorder_reset(&e->recorder);
	if (e->lab.journal && remove_lab(e, &err) < 0) {
		AUTO_FREE char *text = xasprintf(
		        "the experiment's lab %s is still there: %s; prov destroy --lab %s",
		        e->lab.id, err.message, e->lab.id);
		event_emit(e->env->sink,
		        &(struct event){.kind = EVENT_WARNING, .machine = "", .text = text});
	} else if (e->folder && fs_remove_tree(e->folder, &err) < 0) {
		event_emit(e->env->sink,
		        &(struct event){.kind = EVENT_WARNING, .machine = "", .text = err.message});
	}
	lab_clear(&e->lab);
	free(e->folder);
}
