/* Networks that no machine joins any more: they go with the next up. */
#include "lab/lab_plan.h"
#include "lab/lab_session.h"

#include <stdlib.h>

static void add_nics(const struct machine_spec *spec, struct strv *out)
{
	for (size_t i = 0; i < spec->n_nics; i++)
		if (!strv_has(out, spec->nics[i].network))
			strv_add(out, spec->nics[i].network);
}

/* What it was made with, by its journal of now. false: that cannot be told. */
static bool add_made(const struct machine *m, struct strv *out)
{
	struct journal_state state = {0};
	struct machine_spec spec;

	if (!m->names.journal)
		return true;
	if (journal_read(m->names.journal, &state, NULL) < 0)
		return false;
	bool readable = state.spec && spec_read(state.spec, &spec, NULL) == 0;
	if (readable) {
		add_nics(&spec, out);
		spec_clear(&spec);
	}
	bool known = !state.damaged && (readable || !state.exists);
	journal_state_clear(&state);
	return known;
}

static bool is_chosen(const struct machine *m, struct machine *const *chosen, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (chosen[i] == m)
			return true;
	return false;
}

/* Connected while they run: "plug.NETWORK.SELECTOR". */
static bool is_connected(const struct journal_state *state, const char *network)
{
	AUTO_FREE char *prefix = xasprintf("plug.%s.", network);

	for (size_t i = 0; i < state->n_facts; i++)
		if (str_starts(state->facts[i].key, prefix) && str_eq(state->facts[i].value, "in"))
			return true;
	return false;
}

void lab_networks_unused(
        const struct lab *lab, struct machine *const *chosen, size_t n, struct strv *out)
{
	const struct journal_state *state = lab_state(lab);
	AUTO_STRV used = {0}, recorded = {0};

	net_joined(lab, &used);
	for (size_t i = 0; i < lab->n; i++)
		if ((!lab->machines[i].in_file || !is_chosen(&lab->machines[i], chosen, n)) &&
		        !add_made(&lab->machines[i], &used))
			return; /* it may be in any of them */
	net_recorded(state, &recorded);
	for (size_t i = 0; i < recorded.n; i++)
		if (net_fact(state, recorded.v[i], "subnet") && !strv_has(&used, recorded.v[i]) &&
		        !is_connected(state, recorded.v[i]))
			strv_add(out, recorded.v[i]);
}

static int forget(struct lab *lab, const char *network, struct err *err)
{
	const struct journal_state *state = journal_state(lab->journal);
	AUTO_FREE char *of_network = xasprintf("net.%s.", network);
	AUTO_FREE char *of_machines = xasprintf("ip.%s.", network);
	AUTO_STRV keys = {0};

	for (size_t i = 0; i < state->n_facts; i++)
		if (str_starts(state->facts[i].key, of_network) ||
		        str_starts(state->facts[i].key, of_machines))
			strv_add(&keys, state->facts[i].key);
	for (size_t i = 0; i < keys.n; i++)
		if (journal_set(lab->journal, keys.v[i], NULL, err) < 0)
			return -1;
	return 0;
}

int lab_networks_drop(struct lab *lab, struct event_sink *sink, struct err *err)
{
	struct lab_session session = {.lab = lab};
	AUTO_STRV names = {0};

	lab_networks_unused(lab, NULL, 0, &names);
	if (!names.n)
		return 0;
	lab_networks_named(&session, &names);
	AUTO_FREE struct step *steps = xcalloc(names.n, sizeof(*steps));
	for (size_t i = 0; i < session.n_networks; i++)
		steps[i] = lab_network_step(&session.networks[i]);
	struct runner runner = {.session = &session,
	        .journal = lab->journal,
	        .sink = sink,
	        .machine = "",
	        .steps = steps,
	        .n_steps = session.n_networks,
	        .partial = true};
	int rc = run_destroy(&runner, err);
	for (size_t i = 0; rc == 0 && i < names.n; i++)
		rc = forget(lab, names.v[i], err);
	runner_clear(&runner);
	lab_networks_clear(&session);
	return rc;
}
