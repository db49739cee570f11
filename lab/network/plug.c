#include "lab/network/plug.h"

#include "lab/network/networks.h"
#include "lab/file/value_net.h"

#include <stdlib.h>
#include <string.h>

static const char prefix[] = "plug.";

static struct nic *find_nic(const struct machine_spec *spec, const char *network)
{
	for (size_t i = 0; i < spec->n_nics; i++)
		if (str_eq(spec->nics[i].network, network))
			return &spec->nics[i];
	return NULL;
}

static int check_network(const struct lab *lab, const char *network, struct err *err)
{
	struct network_decl decl;
	AUTO_STR escaped = {0}, names = {0};

	if (net_declared(lab, network, &decl))
		return 0;
	str_add_escaped(&escaped, network, strlen(network));
	err_set(err, ERR_USAGE, "there is no network '%s' in lab '%s'", str_text(&escaped),
	        lab->name);
	str_add(&names, "default");
	for (size_t i = 0; i < lab->decl.n_networks; i++)
		str_addf(&names, ", %s", lab->decl.networks[i].name);
	return err_hint(err, "its networks: %s", str_text(&names));
}

static int check_machine(const struct machine *m, struct err *err)
{
	const char *selector = m->spec.selector;

	if (!m->in_file)
		return err_set(err, ERR_FAILED, "'%s' is no longer in the file", selector);
	if (!m->state.exists) {
		err_set(err, ERR_FAILED, "'%s' is not up", selector);
		return err_hint(err, "prov up %s", selector);
	}
	if (m->spec.network_mode == NET_HOST)
		return err_set(err, ERR_CONFIG,
		        "'%s' has the host's network: it cannot join another", selector);
	return 0;
}

/* As if the file had it; a way into the world that the machine has stays as it is. */
static void add_nic(struct machine_spec *spec, const char *network)
{
	bool routed = spec_route(spec) != NULL;

	spec_add_nic(spec, network)->default_route = !routed;
	spec->network_mode = NET_LAB;
}

static int check_address(const struct lab *lab, const struct plug *plug, struct err *err)
{
	const struct journal_state *state = journal_state(lab->journal);
	const char *text = net_fact(state, plug->network, "subnet");
	struct subnet net;
	uint32_t address;

	if (value_ipv4(plug->address, &address, err) < 0)
		return -1;
	if (!text || value_subnet(text, &net, NULL) < 0)
		return 0;
	if (!subnet_has(&net, address))
		return err_set(err, ERR_CONFIG,
		        "%s is no address for a machine in '%s', which is %s", plug->address,
		        plug->network, text);
	if (address != net.address + 1 || net_recorded_mode(state, plug->network) == NET_BRIDGE)
		return 0;
	err_set(err, ERR_CONFIG, "%s is the address of the host in '%s'", plug->address,
	        plug->network);
	return err_hint(err, "machines have the next ones");
}

/* The network's subnet is known only once somebody joins it. */
static int find_address(
        struct lab *lab, struct machine_spec *spec, const struct plug *plug, struct err *err)
{
	struct nic *nic = find_nic(spec, plug->network);

	if (alloc_network(lab, err) < 0)
		return -1;
	if (!plug->address)
		return 0;
	if (check_address(lab, plug, err) < 0)
		return -1;
	free(nic->address);
	nic->address = xstrdup(plug->address);
	return alloc_network(lab, err);
}

int plug_check(
        const struct lab *lab, const struct machine *m, const struct plug *plug, struct err *err)
{
	if (check_network(lab, plug->network, err) < 0 || check_machine(m, err) < 0)
		return -1;
	if (!plug->address || !plug->in || !find_nic(&m->spec, plug->network))
		return 0;
	err_set(err, ERR_USAGE, "the file says how '%s' joins '%s'", m->spec.selector,
	        plug->network);
	return err_hint(err, "write the address there, or leave --ip out");
}

int plug_find(struct lab *lab, struct machine *m, struct plug *plug, struct err *err)
{
	plug->added = !find_nic(&m->spec, plug->network);
	if (plug->added)
		add_nic(&m->spec, plug->network);
	/* All that it has been connected to, so that plug->nic stays where it is. */
	plug_names(lab);
	plug->nic = find_nic(&m->spec, plug->network);
	if (plug->in && find_address(lab, &m->spec, plug, err) < 0)
		return -1;
	alloc_fill(journal_state(lab->journal), &m->spec);
	return 0;
}

/* The fact "plug.NETWORK.SELECTOR": "in", connected; "out", disconnected, though it is in the file.
 * Whether it is still so is asked of the world. */
static char *plug_key(const char *network, const char *selector)
{
	return xasprintf("%s%s.%s", prefix, network, selector);
}

int plug_note(
        struct lab *lab, const struct machine *m, const struct plug *plug, bool in, struct err *err)
{
	AUTO_FREE char *key = plug_key(plug->network, m->spec.selector);
	const char *value = in == !plug->added ? NULL : in ? "in" : "out";

	if (str_eq(journal_fact(journal_state(lab->journal), key), value))
		return 0;
	return journal_set(lab->journal, key, value, err);
}

static void forget_address(struct nic *nic)
{
	free(nic->address);
	free(nic->address6);
	nic->address = nic->address6 = NULL;
}

int plug_forget(struct lab *lab, struct machine *m, const struct plug *plug, struct err *err)
{
	AUTO_FREE char *key = xasprintf("ip.%s.%s", plug->network, m->spec.selector);
	struct nic *nic = find_nic(&m->spec, plug->network);

	if (plug_note(lab, m, plug, false, err) < 0)
		return -1;
	/* So that no name leads there. */
	forget_address(nic);
	if (!plug->added || !journal_fact(journal_state(lab->journal), key))
		return 0;
	return journal_set(lab->journal, key, NULL, err);
}

/* The network of a fact of this machine; NULL: it is another one. The caller frees. */
static char *network_of(const char *key, const char *selector)
{
	const char *name = str_starts(key, prefix) ? key + strlen(prefix) : NULL;
	const char *dot = name ? strchr(name, '.') : NULL;

	return dot && str_eq(dot + 1, selector) ? xstrndup(name, (size_t)(dot - name)) : NULL;
}

static void drop_nic(struct machine_spec *spec, const char *network)
{
	for (size_t i = 0; i < spec->n_nics; i++)
		if (str_eq(spec->nics[i].network, network)) {
			spec_drop_nic(spec, i);
			return;
		}
}

/* The provider is asked before the spec is touched, which its session may see, too. */
static void look_at(const struct journal_state *state, const struct access *a, const char *network,
        bool in, struct machine_spec *spec)
{
	struct machine_spec whole;

	if (in == !!find_nic(spec, network))
		return;
	spec_copy(&whole, spec);
	if (in) {
		add_nic(&whole, network);
		alloc_fill(state, &whole);
	}
	bool now = a->provider->plugged(a->session, find_nic(&whole, network));
	spec_clear(&whole);
	if (now && in) {
		add_nic(spec, network);
		alloc_fill(state, spec);
	} else if (!now && !in) {
		drop_nic(spec, network);
	}
}

void plug_expect(const struct journal_state *state, const struct access *a, const char *network,
        bool in, struct machine_spec *spec)
{
	plug_look(state, a, spec);
	if (!in) {
		drop_nic(spec, network);
	} else if (!find_nic(spec, network)) {
		add_nic(spec, network);
		alloc_fill(state, spec);
	}
}

bool plug_any(const struct journal_state *state, const char *selector)
{
	for (size_t i = 0; i < state->n_facts; i++) {
		AUTO_FREE char *network = network_of(state->facts[i].key, selector);
		if (network)
			return true;
	}
	return false;
}

void plug_look(const struct journal_state *state, const struct access *a, struct machine_spec *spec)
{
	bool runs = a->world.state == MACHINE_RUNNING || a->world.state == MACHINE_SUSPENDED;

	for (size_t i = 0; runs && a->provider->plugged && i < state->n_facts; i++) {
		AUTO_FREE char *network = network_of(state->facts[i].key, spec->selector);
		if (network)
			look_at(state, a, network, str_eq(state->facts[i].value, "in"), spec);
	}
}

void plug_recorded(const struct journal_state *state, struct machine_spec *spec)
{
	/* A way into the world that was taken away is not given to another network. */
	for (int out = 0; out < 2; out++)
		for (size_t i = 0; i < state->n_facts && spec->network_mode != NET_HOST; i++) {
			AUTO_FREE char *network = network_of(state->facts[i].key, spec->selector);
			if (!network || str_eq(state->facts[i].value, "in") == out)
				continue;
			if (out)
				drop_nic(spec, network);
			else if (!find_nic(spec, network))
				add_nic(spec, network);
		}
	alloc_fill(state, spec);
}

void plug_names(const struct lab *lab)
{
	const struct journal_state *state = lab_state(lab);

	for (size_t i = 0; i < state->n_facts; i++)
		for (size_t k = 0; k < lab->n; k++) {
			struct machine_spec *spec = &lab->machines[k].spec;
			AUTO_FREE char *network = network_of(state->facts[i].key, spec->selector);
			struct nic *nic = network ? find_nic(spec, network) : NULL;
			if (!network || spec->network_mode == NET_HOST)
				continue;
			if (str_eq(state->facts[i].value, "in") && !nic) {
				add_nic(spec, network);
				alloc_fill(state, spec);
			} else if (str_eq(state->facts[i].value, "out") && nic) {
				forget_address(nic);
			}
		}
}

void plug_undone(const struct journal_state *state, struct machine_spec *spec)
{
	for (size_t i = 0; i < state->n_facts; i++) {
		AUTO_FREE char *network = network_of(state->facts[i].key, spec->selector);
		if (network && str_eq(state->facts[i].value, "in"))
			drop_nic(spec, network);
	}
	alloc_fill(state, spec);
}

int plug_reset(struct lab *lab, struct machine *const *chosen, size_t n, struct err *err)
{
	const struct journal_state *state = journal_state(lab->journal);
	AUTO_STRV keys = {0};

	for (size_t i = 0; i < state->n_facts; i++)
		for (size_t k = 0; k < n; k++) {
			const struct machine_spec *spec = &chosen[k]->spec;
			AUTO_FREE char *network = network_of(state->facts[i].key, spec->selector);
			if (!network)
				continue;
			strv_add(&keys, state->facts[i].key);
			if (!find_nic(spec, network))
				strv_addf(&keys, "ip.%s.%s", network, spec->selector);
		}
	for (size_t i = 0; i < keys.n; i++)
		if (journal_fact(state, keys.v[i]) &&
		        journal_set(lab->journal, keys.v[i], NULL, err) < 0)
			return -1;
	return 0;
}
