#include "lab/plug.h"

#include "lab/networks.h"
#include "lab/value_net.h"

#include <stdlib.h>
#include <string.h>

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

	spec->nics = xrealloc(spec->nics, spec->n_nics + 1, sizeof(*spec->nics));
	struct nic *nic = &spec->nics[spec->n_nics++];
	*nic = (struct nic){.network = xstrdup(network), .default_route = !routed};
	spec->network_mode = NET_LAB;
}

static int check_address(const struct lab *lab, const struct plug *plug, struct err *err)
{
	const char *text = net_fact(journal_state(lab->journal), plug->network, "subnet");
	struct subnet net;
	uint32_t address;

	if (value_ipv4(plug->address, &address, err) < 0)
		return -1;
	if (!text || value_subnet(text, &net, NULL) < 0 || subnet_has(&net, address))
		return 0;
	return err_set(err, ERR_CONFIG, "%s is no address for a machine in '%s', which is %s",
	        plug->address, plug->network, text);
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
	plug->nic = find_nic(&m->spec, plug->network);
	if (plug->in && find_address(lab, &m->spec, plug, err) < 0)
		return -1;
	alloc_fill(journal_state(lab->journal), &m->spec);
	return 0;
}

int plug_forget(struct lab *lab, const struct machine *m, const struct plug *plug, struct err *err)
{
	AUTO_FREE char *key = xasprintf("ip.%s.%s", plug->network, m->spec.selector);

	if (!plug->added || !journal_fact(journal_state(lab->journal), key))
		return 0;
	return journal_set(lab->journal, key, NULL, err);
}
