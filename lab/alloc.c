/*
 * Scarce numbers: an address for each machine in each of its networks. Allocated once, in file
 * order, those that the file has first, and recorded; a machine keeps its address as long as the
 * file or a journal knows it.
 */
#include "lab/network/networks.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static char *address_key(const char *network, const char *selector)
{
	return xasprintf("ip.%s.%s", network, selector);
}

static bool known(const struct lab *lab, const char *selector)
{
	for (size_t i = 0; i < lab->n; i++)
		if (str_eq(lab->machines[i].spec.selector, selector))
			return true;
	return false;
}

int alloc_forget(struct lab *lab, const char *prefix, struct err *err)
{
	AUTO_STRV gone = {0};
	const struct journal_state *state = journal_state(lab->journal);

	for (size_t i = 0; i < state->n_facts; i++) {
		const char *key = state->facts[i].key;
		if (str_starts(key, prefix) && !known(lab, key + strlen(prefix)))
			strv_add(&gone, key);
	}
	for (size_t i = 0; i < gone.n; i++)
		if (journal_set(lab->journal, gone.v[i], NULL, err) < 0)
			return -1;
	return 0;
}

/* The selector that has the address in this network; NULL: none. */
static const char *holder_of(
        const struct journal_state *state, const char *prefix, const char *address)
{
	for (size_t i = 0; i < state->n_facts; i++)
		if (str_starts(state->facts[i].key, prefix) &&
		        str_eq(state->facts[i].value, address))
			return state->facts[i].key + strlen(prefix);
	return NULL;
}

struct pool {
	struct lab *lab;
	const char *network;
	char *prefix; /* "ip.NETWORK." */
	struct subnet net;
	uint32_t next;      /* where to look for a free one: the host part */
	struct strv others; /* not to be given out */
};

static int no_address(const struct pool *pool, const char *selector, struct err *err)
{
	err_set(err, ERR_FAILED, "network '%s' has no address left for '%s'", pool->network,
	        selector);
	return err_hint(err,
	        "destroy the lab once: its next subnet follows the number of its machines; or "
	        "write a larger one");
}

/* One that nobody had to have. */
static int record_any(struct pool *pool, const char *selector, struct err *err)
{
	AUTO_FREE char *key = address_key(pool->network, selector);
	const struct journal_state *state = journal_state(pool->lab->journal);
	uint32_t last = (UINT32_C(1) << (32 - pool->net.prefix)) - 1; /* broadcast */

	if (journal_fact(state, key))
		return 0;
	for (; pool->next < last; pool->next++) {
		AUTO_FREE char *address = ipv4_text(pool->net.address + pool->next);
		if (!holder_of(state, pool->prefix, address) && !strv_has(&pool->others, address))
			return journal_set(pool->lab->journal, key, address, err);
	}
	return no_address(pool, selector, err);
}

/* Who had it by chance gives it up, unless it exists. */
static int take_from(struct pool *pool, const char *selector, const char *address, struct err *err)
{
	const struct journal_state *state = journal_state(pool->lab->journal);
	const char *holder = holder_of(state, pool->prefix, address);

	if (!holder)
		return 0;
	for (size_t i = 0; i < pool->lab->n; i++) {
		const struct machine *m = &pool->lab->machines[i];
		if (!str_eq(m->spec.selector, holder) || !m->state.exists)
			continue;
		err_set(err, ERR_CONFIG, "'ip': %s of '%s' in the network '%s' is that of '%s'",
		        address, selector, pool->network, holder);
		return err_hint(err, "write another one, or destroy %s first", holder);
	}
	AUTO_FREE char *key = address_key(pool->network, holder);
	return journal_set(pool->lab->journal, key, NULL, err);
}

static int record_fixed(
        struct pool *pool, const char *selector, const char *address, struct err *err)
{
	AUTO_FREE char *key = address_key(pool->network, selector);

	if (str_eq(journal_fact(journal_state(pool->lab->journal), key), address))
		return 0;
	if (take_from(pool, selector, address, err) < 0)
		return -1;
	return journal_set(pool->lab->journal, key, address, err);
}

static int record_addresses(struct pool *pool, bool fixed, struct err *err)
{
	for (size_t i = 0; i < pool->lab->n; i++) {
		const struct machine *m = &pool->lab->machines[i];
		for (size_t k = 0; m->in_file && k < m->spec.n_nics; k++) {
			const struct nic *nic = &m->spec.nics[k];
			int rc = 0;
			if (!str_eq(nic->network, pool->network))
				continue;
			if (fixed && nic->address)
				rc = record_fixed(pool, m->spec.selector, nic->address, err);
			else if (!fixed)
				rc = record_any(pool, m->spec.selector, err);
			if (rc < 0)
				return -1;
		}
	}
	return 0;
}

static int alloc_one(struct lab *lab, const char *name, struct err *err)
{
	const struct journal_state *state = journal_state(lab->journal);
	struct pool pool = {.lab = lab, .network = name, .next = 2}; /* .1 is the host */
	struct network_decl decl;

	if (!net_declared(lab, name, &decl) || alloc_subnet(lab, name, &decl, err) < 0)
		return -1;
	const char *subnet = net_fact(state, name, "subnet");
	if (!subnet || value_subnet(subnet, &pool.net, NULL) < 0)
		return err_set(err, ERR_FAILED, "the lab's journal holds no readable subnet");
	AUTO_FREE char *prefix = pool.prefix = xasprintf("ip.%s.", name);
	int rc = alloc_forget(lab, prefix, err);
	if (rc == 0 && decl.mode == NET_BRIDGE)
		rc = alloc_neighbours(lab, name, &decl, &pool.others, err);
	if (rc == 0)
		rc = record_addresses(&pool, true, err);
	if (rc == 0)
		rc = record_addresses(&pool, false, err);
	strv_clear(&pool.others);
	return rc;
}

int alloc_network(struct lab *lab, struct err *err)
{
	AUTO_STRV names = {0};

	net_joined(lab, &names);
	for (size_t i = 0; i < names.n; i++)
		if (alloc_one(lab, names.v[i], err) < 0)
			return -1;
	return 0;
}

static void set_text(char **field, char *text)
{
	free(*field);
	*field = text;
}

/* The same last number as in IPv4. */
static char *address6(const char *subnet6, uint32_t host)
{
	return host > 0xffff ? xasprintf("%s%x:%x", subnet6, host >> 16, host & 0xffff)
	                     : xasprintf("%s%x", subnet6, host);
}

static void fill_ipv6(
        const char *subnet6, enum net_mode mode, const struct subnet *net, struct nic *nic)
{
	uint32_t address;

	if (value_ipv4(nic->address, &address, NULL) < 0)
		return;
	set_text(&nic->address6, address6(subnet6, address - net->address));
	set_text(&nic->gateway6, mode == NET_ISOLATED ? NULL : address6(subnet6, 1));
	nic->prefix6 = 64;
}

static void fill_nic(
        const struct journal_state *state, const struct machine_spec *spec, struct nic *nic)
{
	AUTO_FREE char *key = address_key(nic->network, spec->selector);
	const char *subnet = net_fact(state, nic->network, "subnet");
	struct subnet net;

	set_text(&nic->libvirt, derive_network(spec->lab_id, nic->network));
	set_text(&nic->mac, derive_mac(spec->lab_id, spec->selector, nic->network));
	if (!subnet || value_subnet(subnet, &net, NULL) < 0)
		return;
	if (!nic->address)
		nic->address = xstrdup(journal_fact(state, key));
	const char *gateway = net_fact(state, nic->network, "gateway");
	const char *dns = net_fact(state, nic->network, "dns");
	const char *subnet6 = net_fact(state, nic->network, "subnet6");
	/* Journals of earlier versions have neither: the host is both. */
	bool old = !net_fact(state, nic->network, "declared");
	nic->bridged = net_recorded_mode(state, nic->network) == NET_BRIDGE;
	nic->prefix = net.prefix;
	set_text(&nic->gateway, old ? ipv4_text(net.address + 1) : xstrdup(gateway));
	set_text(&nic->dns, old ? ipv4_text(net.address + 1) : xstrdup(dns));
	if (subnet6 && nic->address)
		fill_ipv6(subnet6, net_recorded_mode(state, nic->network), &net, nic);
	if (!nic->bridge)
		nic->bridge = xstrdup(net_fact(state, nic->network, "bridge"));
}

/* Its own names; those of others are known to the network's DNS. */
static void fill_hosts(struct machine_spec *spec)
{
	strv_clear(&spec->hosts);
	for (size_t i = 0; i < spec->n_nics; i++) {
		const struct nic *nic = &spec->nics[i];
		AUTO_FREE char *names = nic_host_names(spec, spec->alias, nic);
		if (!nic->address || (i && !nic->aliases.n))
			continue;
		strv_addf(&spec->hosts, "%s %s", nic->address, names);
		if (nic->address6)
			strv_addf(&spec->hosts, "%s %s", nic->address6, names);
	}
}

void alloc_fill(const struct journal_state *state, struct machine_spec *spec)
{
	alloc_fill_ids(state, spec);
	if (spec->network_mode != NET_LAB || !spec->lab_id)
		return;
	for (size_t i = 0; i < spec->n_nics; i++)
		fill_nic(state, spec, &spec->nics[i]);
	if (spec->n_nics && spec->nics[0].address)
		fill_hosts(spec);
}
