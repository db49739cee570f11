/* The networks of the file, and what each machine says of the ones that it joins. */
#include "lab/file/reading.h"

#include "lab/file/value.h"
#include "lab/file/value_net.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const struct yaml_node *map, const char *name)
{
	const struct yaml_node *node = yaml_get(map, name);

	return node && node->kind == YAML_SCALAR && !yaml_is_empty(node) ? node->text : NULL;
}

static void read_network(const struct yaml_node *node, struct network_decl *out)
{
	const char *mode = text_of(node, "mode"), *subnet = text_of(node, "subnet");
	const char *bridge = text_of(node, "bridge"), *ipv6 = text_of(node, "ipv6");
	const char *mtu = text_of(node, "mtu");
	int64_t bytes = 0;
	struct subnet net;

	/* What does not parse has been reported. */
	*out = (struct network_decl){.name = xstrdup(node->key->text)};
	if (mode)
		(void)net_mode_read(mode, &out->mode);
	if (subnet && value_subnet(subnet, &net, NULL) == 0)
		out->subnet = xstrdup(subnet);
	if (bridge && out->mode == NET_BRIDGE)
		out->bridge = xstrdup(bridge);
	if (ipv6)
		(void)!value_bool(ipv6, &out->ipv6, NULL);
	if (mtu && value_int(mtu, 0, 65535, &bytes, NULL) == 0)
		out->mtu = (int)bytes;
}

/* Two networks of one lab cannot have the same addresses. */
static void check_overlaps(struct reading *r, const struct yaml_node *map)
{
	struct lab_decl *lab = r->lab;
	size_t b = 0;

	for (const struct yaml_node *e = map->first; e && b < lab->n_networks; e = e->next, b++) {
		struct subnet mine, other;
		if (problems_enough(r->problems) || !lab->networks[b].subnet ||
		        value_subnet(lab->networks[b].subnet, &mine, NULL) < 0)
			continue;
		for (size_t a = 0; a < b; a++) {
			if (!lab->networks[a].subnet ||
			        value_subnet(lab->networks[a].subnet, &other, NULL) < 0 ||
			        !subnet_overlap(&mine, &other))
				continue;
			AUTO_FREE char *name = shown(lab->networks[a].name);
			problem_add(r->problems, yaml_get(e, "subnet")->mark, "",
			        "'subnet': %s overlaps with that of '%s', %s",
			        lab->networks[b].subnet, name, lab->networks[a].subnet);
			break;
		}
	}
}

void read_networks(struct reading *r)
{
	const struct yaml_node *map = yaml_get(r->root, "networks");
	struct lab_decl *lab = r->lab;

	if (!map || map->kind != YAML_MAP || map->n > MAX_NAMED)
		return;
	lab->networks = xcalloc(map->n + 1, sizeof(*lab->networks));
	for (const struct yaml_node *e = map->first; e; e = e->next)
		read_network(e, &lab->networks[lab->n_networks++]);
	check_overlaps(r, map);
}

const struct network_decl *network_of(const struct reading *r, const char *name)
{
	for (size_t i = 0; i < r->lab->n_networks; i++)
		if (str_eq(r->lab->networks[i].name, name))
			return &r->lab->networks[i];
	return NULL;
}

bool network_is_known(const struct reading *r, const char *name)
{
	return str_eq(name, "default") || network_of(r, name);
}

const struct yaml_node *next_nic(const struct yaml_node *networks, const struct yaml_node *before)
{
	if (!networks)
		return NULL;
	if (networks->kind == YAML_LIST)
		return before ? before->next : networks->first;
	return before ? NULL : networks;
}

const struct yaml_node *nic_name(const struct yaml_node *nic)
{
	const struct yaml_node *name = nic->kind == YAML_MAP ? yaml_get(nic, "name") : nic;

	return name && name->kind == YAML_SCALAR && !yaml_is_empty(name) ? name : NULL;
}

static void refuse_host(struct reading *r, const struct decl *decl, const struct yaml_node *node)
{
	AUTO_FREE char *safe = shown(decl->name);

	problem_add(r->problems, node->mark, "put it under container:",
	        "'networks': 'host' is for containers only, not for %s@kvm", safe);
}

static struct nic *add_nic(struct machine_spec *spec, const char *network)
{
	spec->nics = xrealloc(spec->nics, spec->n_nics + 1, sizeof(*spec->nics));
	struct nic *nic = &spec->nics[spec->n_nics++];
	*nic = (struct nic){.network = xstrdup(network)};
	return nic;
}

static void fill_nic(
        const struct decl *decl, const struct yaml_node *node, struct nic *nic, const char *kind)
{
	const char *ip = text_of(node, "ip");
	const struct yaml_node *aliases = yaml_get(node, "aliases");
	uint32_t address;

	if (ip && value_ipv4(ip, &address, NULL) == 0)
		nic->address = ipv4_text(address);
	/* As with the machine's own name, which one kind of it has. */
	if (!aliases || aliases->kind != YAML_LIST || !str_eq(kind, decl->main_kind))
		return;
	for (const struct yaml_node *e = aliases->first; e; e = e->next)
		if (e->kind == YAML_SCALAR)
			strv_add(&nic->aliases, e->text);
}

void fill_networks(struct reading *r, const struct decl *decl, const struct layers *l,
        struct machine_spec *spec)
{
	const struct yaml_node *node = layers_get(l, IN_MACHINE, "networks");
	bool routed = false;

	if (node && node->kind == YAML_SCALAR && str_eq(node->text, "none"))
		spec->network_mode = NET_NONE;
	if (node && node->kind == YAML_SCALAR && str_eq(node->text, "host")) {
		spec->network_mode = NET_HOST;
		if (str_eq(spec->provider, "kvm"))
			refuse_host(r, decl, node);
	}
	if (spec->network_mode != NET_LAB)
		return;
	for (const struct yaml_node *e = next_nic(node, NULL); e; e = next_nic(node, e)) {
		const struct yaml_node *name = nic_name(e);
		if (!name || !network_is_known(r, name->text))
			continue;
		struct nic *nic = add_nic(spec, name->text);
		if (e->kind == YAML_MAP)
			fill_nic(decl, e, nic, spec->provider);
	}
	if (!node)
		add_nic(spec, "default");
	for (size_t i = 0; i < spec->n_nics && !routed; i++) {
		const struct network_decl *network = network_of(r, spec->nics[i].network);
		routed = !network || network->mode != NET_ISOLATED;
		spec->nics[i].default_route = routed;
	}
}

void fill_instance_addresses(struct machine_spec *spec, int position)
{
	uint32_t address;

	for (size_t i = 0; i < spec->n_nics; i++) {
		struct nic *nic = &spec->nics[i];
		if (!nic->address || value_ipv4(nic->address, &address, NULL) < 0)
			continue;
		free(nic->address);
		nic->address = ipv4_text(address + (uint32_t)position);
	}
}
