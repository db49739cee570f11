/* Who answers to which name in a network of the lab. */
#include "lab/lab_session.h"

#include <stdlib.h>
#include <string.h>

/* NULL: an earlier machine, of the file, answers to it; this one is of an earlier file. */
static const char *free_alias(const struct lab *lab, size_t machine)
{
	const char *alias = lab->machines[machine].spec.alias;

	for (size_t i = 0; i < machine; i++)
		if (str_eq(lab->machines[i].spec.alias, alias))
			return NULL;
	return alias;
}

static const struct nic *nic_in(const struct machine_spec *spec, const char *network)
{
	for (size_t i = 0; i < spec->n_nics; i++)
		if (str_eq(spec->nics[i].network, network) && spec->nics[i].address)
			return &spec->nics[i];
	return NULL;
}

/* Whether some machine is in both networks. */
static bool meet(const struct lab *lab, const char *a, const char *b)
{
	for (size_t i = 0; i < lab->n; i++)
		if (nic_in(&lab->machines[i].spec, a) && nic_in(&lab->machines[i].spec, b))
			return true;
	return false;
}

/* The interface by which those of a network may know the machine: the one in it, else one in a
 * network that another machine joins too, which asks here for names there. neighbours: networks
 * that meet this one. */
static const struct nic *nic_for(
        const struct machine_spec *spec, const char *network, const struct strv *neighbours)
{
	const struct nic *own = nic_in(spec, network);

	for (size_t i = 0; i < spec->n_nics && !own; i++)
		if (strv_has(neighbours, spec->nics[i].network) && spec->nics[i].address)
			return &spec->nics[i];
	return own;
}

static void add_host(struct net_spec *net, const struct net_host *host)
{
	net->hosts = xrealloc(net->hosts, net->n_hosts + 1, sizeof(*net->hosts));
	net->hosts[net->n_hosts++] = *host;
}

/* Those of its other networks: a machine that is in both asks here. */
static void add_aliases(struct net_spec *net, const struct machine_spec *spec,
        const struct nic *known, const struct strv *neighbours)
{
	for (size_t i = 0; i < spec->n_nics; i++) {
		const struct nic *nic = &spec->nics[i];
		if (nic == known || !nic->aliases.n || !nic->address ||
		        !strv_has(neighbours, nic->network))
			continue;
		add_host(net,
		        &(struct net_host){.names = nic_alias_names(spec, nic),
		                .address = xstrdup(nic->address),
		                .address6 = xstrdup(nic->address6)});
	}
}

void network_hosts_fill(const struct lab *lab, struct lab_network *network)
{
	struct net_spec *net = &network->net;
	AUTO_STRV all = {0}, neighbours = {0};

	net_joined(lab, &all);
	for (size_t i = 0; i < all.n; i++)
		if (!str_eq(all.v[i], network->name) && meet(lab, network->name, all.v[i]))
			strv_add(&neighbours, all.v[i]);
	for (size_t i = 0; i < lab->n; i++) {
		const struct machine_spec *spec = &lab->machines[i].spec;
		const struct nic *nic = nic_for(spec, network->name, &neighbours);
		if (!nic)
			continue;
		bool member = str_eq(nic->network, network->name);
		add_host(net,
		        &(struct net_host){
		                .names = nic_host_names(spec, free_alias(lab, i), nic),
		                .address = xstrdup(nic->address),
		                .address6 = xstrdup(nic->address6),
		                .mac = member ? xstrdup(nic->mac) : NULL,
		                .leased = member && spec_is_foreign(spec),
		        });
		add_aliases(net, spec, nic, &neighbours);
	}
}

void network_hosts_tell(const struct lab *lab, const char *network, struct machine_spec *spec)
{
	for (size_t i = 0; i < lab->n; i++) {
		const struct machine_spec *other = &lab->machines[i].spec;
		const struct nic *nic = nic_in(other, network);
		if (!nic || str_eq(other->selector, spec->selector))
			continue;
		AUTO_FREE char *names = nic_host_names(other, free_alias(lab, i), nic);
		strv_addf(&spec->hosts, "%s %s", nic->address, names);
	}
}
