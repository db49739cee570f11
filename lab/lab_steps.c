/*
 * The lab's own steps: its key and its networks (lab/network/network_steps.c). They outlive single
 * machines and are reverted by the last machine's destroy. The libraries they need are opened by a
 * helper process.
 */
#include "lab/id_registry.h"
#include "lab/lab_session.h"
#include "lab/volumes.h"

#include "base/fs.h"
#include "base/proc.h"
#include "core/keys.h"

#include <stdlib.h>
#include <string.h>

/* Under the helper's lock, so that two commands make one key. */
static int generate_key(const void *arg, void *result, struct err *err)
{
	const char *path = arg;
	AUTO_FREE char *public = xasprintf("%s.pub", path);
	const struct key_ops *ops;
	struct key_pair pair = {0};
	void *symbol;

	(void)result;
	if (fs_exists(path))
		return 0;
	if (module_symbol("prov-ssh", "prov_keys", &symbol, err) < 0)
		return -1;
	ops = symbol;
	if (ops->generate("prov lab", &pair, err) < 0)
		return -1;
	/* The public half first: a private key without it would look complete. */
	int rc = fs_replace(public, pair.public_line, strlen(pair.public_line), 0644, err);
	if (rc == 0)
		rc = fs_replace(path, pair.private_key, strlen(pair.private_key), 0600, err);
	key_pair_clear(&pair);
	return rc;
}

int lab_login_key(struct lab *lab, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/id_ed25519", lab->dir);

	return fs_exists(path) ? 0 : helper_call(lab, generate_key, path, NULL, 0, err);
}

static int key_apply(struct run *run, struct err *err)
{
	return lab_login_key(((struct lab_session *)run->session)->lab, err);
}

static int key_revert(struct run *run, struct err *err)
{
	struct lab_session *s = run->session;
	AUTO_FREE char *public = xasprintf("%s.pub", s->key_path);

	return fs_unlink(s->key_path, err) < 0 ? -1 : fs_unlink(public, err);
}

static const struct step key_step = {
        .name = "lab.key",
        .flags = STEP_QUIET,
        .stale = CHANGE_LIVE,
        .apply = key_apply,
        .revert = key_revert,
};

static bool any_kvm(struct machine *const *chosen, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(chosen[i]->spec.provider, "kvm"))
			return true;
	return false;
}

static void session_open(
        struct lab *lab, struct machine *const *chosen, size_t n, struct lab_session *s)
{
	*s = (struct lab_session){.lab = lab, .key_path = xasprintf("%s/id_ed25519", lab->dir)};
	lab_networks_open(s, chosen, n);
}

static void session_clear(struct lab_session *s)
{
	lab_networks_clear(s);
	free(s->key_path);
}

static struct step *list_steps(struct lab_session *s, bool key, bool down, size_t *n)
{
	struct step *steps = xcalloc(s->n_networks + 3, sizeof(*steps));

	*n = 0;
	if (key)
		steps[(*n)++] = key_step;
	for (size_t i = 0; i < s->n_networks; i++)
		steps[(*n)++] = lab_network_step(&s->networks[i]);
	if (key && (down || lab_mesh_wanted(s->lab)))
		steps[(*n)++] = lab_mesh_step;
	return steps;
}

static int climb(struct lab_session *s, bool key, struct event_sink *sink, const volatile int *stop,
        struct err *err)
{
	struct lab *lab = s->lab;
	struct status world = {.state = MACHINE_RUNNING};
	struct up_options options = {0};
	bool changed;
	size_t n;
	AUTO_FREE struct step *steps = list_steps(s, key, false, &n);
	struct runner runner = {
	        .session = s,
	        .journal = lab->journal,
	        .sink = sink,
	        .machine = "",
	        .steps = steps,
	        .n_steps = n,
	        .stop = stop,
	};

	/* Key and networks outlive a power cut, so that what tells of them must, too. */
	if (n && journal_sync(lab->journal, err) < 0)
		return -1;
	if (!lab_networks_stand(s))
		world.state = MACHINE_HALTED;
	int rc = run_up(&runner, &world, &options, &changed, err);
	runner_clear(&runner);
	return rc;
}

int lab_steps_up(struct lab *lab, struct machine *const *chosen, size_t n, struct event_sink *sink,
        const volatile int *stop, struct err *err)
{
	struct lab_session session;
	bool kvm = any_kvm(chosen, n);

	session_open(lab, chosen, n, &session);
	if (kvm || !lab_networks_stand(&session))
		lab_libvirt_start(lab_libvirt(lab), sink);
	int rc = climb(&session, kvm || lab_mesh_wanted(lab), sink, stop, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		lab_networks_tell(&session, &chosen[i]->spec);
	session_clear(&session);
	return rc;
}

/* A lab that never was up has no id to derive names from. */
static void preview(const struct lab_session *s, bool key, struct lab_plan *out)
{
	AUTO_STRV names = {0};

	if (key)
		lab_plan_add(out, key_step.name, PLAN_APPLY, "never applied");
	net_joined(s->lab, &names);
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *name = xasprintf("lab.network.%s", names.v[i]);
		lab_plan_add(out, name, PLAN_APPLY, "never applied");
	}
	if (key && lab_mesh_wanted(s->lab))
		lab_plan_add(out, lab_mesh_step.name, PLAN_APPLY, "never applied");
}

static int plan_steps(struct lab_session *s, bool key, struct lab_plan *out, struct err *err)
{
	struct status world = {.state = lab_networks_stand(s) ? MACHINE_RUNNING : MACHINE_HALTED};
	struct plan plan = {0};
	size_t n;
	AUTO_FREE struct step *steps = list_steps(s, key, false, &n);
	struct runner runner = {.session = s,
	        .state = lab_state(s->lab),
	        .machine = "",
	        .steps = steps,
	        .n_steps = n,
	        .partial = true};
	int rc = run_plan(&runner, &world, &plan, err);

	for (size_t i = 0; rc == 0 && i < plan.n; i++)
		lab_plan_add(out, plan.rows[i].step->name, plan.rows[i].action, plan.rows[i].why);
	free(plan.rows);
	return rc;
}

int lab_steps_plan(const struct lab *lab, struct machine *const *chosen, size_t n,
        struct lab_plan *out, struct err *err)
{
	/* Nothing of it is changed: it is not locked. */
	struct lab_session s = {.lab = (struct lab *)(uintptr_t)lab};
	bool key = any_kvm(chosen, n) || lab_mesh_wanted(lab);
	int rc = 0;

	if (!lab->id) {
		preview(&s, key, out);
		return 0;
	}
	session_open(s.lab, chosen, n, &s);
	rc = plan_steps(&s, key, out, err);
	session_clear(&s);
	return rc;
}

int lab_steps_down(struct lab *lab, struct event_sink *sink, struct err *err)
{
	const struct ports_who nobody = {.lab = lab};
	struct lab_session session;
	size_t n;

	session_open(lab, NULL, 0, &session);
	AUTO_FREE struct step *steps = list_steps(&session, true, true, &n);
	steps[n++] = lab_ports_step(&nobody);
	struct runner runner = {
	        .session = &session,
	        .journal = lab->journal,
	        .sink = sink,
	        .machine = "",
	        .steps = steps,
	        .n_steps = n,
	};
	bool kept = volumes_count(lab) > 0;
	runner.partial = kept;
	int rc = journal_is_blank(journal_state(lab->journal)) ? 0 : run_destroy(&runner, err);
	runner_clear(&runner);
	session_clear(&session);
	/* A volume is found by the lab's id: as long as there is one, both stay. */
	if (rc < 0 || kept)
		return rc;
	if (lab->folder)
		identity_remove(lab->folder);
	id_registry_give_back(lab->dir);
	return journal_discard(lab->journal, err);
}
