/* The ports: of one instance into its spec. What collides is found by lab/file/sharing.c. */
#include "lab/file/reading.h"

#include "lab/file/value_net.h"
#include "net/near.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PORTS 1000 /* of one machine */

/* Publishing is a translation on the way into a network of the lab. */
static bool has_lab_network(struct reading *r, const struct yaml_node *ports,
        const struct decl *decl, const struct machine_spec *spec)
{
	AUTO_FREE char *safe = shown(decl->name);

	if (spec->network_mode == NET_NONE)
		problem_add(r->problems, ports->key->mark, "join it to a network, or leave one out",
		        "'ports': %s@%s has 'networks: none', so that nothing can reach its ports",
		        safe, spec->provider);
	if (spec->network_mode == NET_HOST)
		problem_add(r->problems, ports->key->mark, "leave 'ports' out",
		        "'ports': %s@%s has 'networks: host', so that its ports are the host's own",
		        safe, spec->provider);
	return spec->network_mode == NET_LAB;
}

static bool has_ipv6(const struct reading *r, const struct machine_spec *spec)
{
	const struct nic *nic = net_way_in(spec);
	const struct network_decl *decl = nic ? network_of(r, nic->network) : NULL;

	return decl && decl->ipv6;
}

void fill_ports(
        struct reading *r, const struct decl *decl, size_t k, int i, struct machine_spec *spec)
{
	const struct yaml_node *list = decl->ports[k];
	struct port_map map;

	if (!list || list->kind != YAML_LIST || !list->n || !has_lab_network(r, list, decl, spec))
		return;
	r->bytes += (int64_t)(list->n * (sizeof(*spec->ports) + 16));
	if (list->n > MAX_PORTS || r->bytes > MAX_SPEC_BYTES) {
		problem_add(r->problems, list->key->mark,
		        "a range is one entry: \"8000-8100:8000-8100\"",
		        "'ports': there are too many of them");
		return;
	}
	spec->ports = xcalloc(list->n, sizeof(*spec->ports));
	for (const struct yaml_node *e = list->first; e; e = e->next) {
		if (e->kind != YAML_SCALAR || value_port(e->text, &map, NULL) < 0)
			continue; /* reported by the first pass */
		if (map.address.v6 && !map.address.v4 && !has_ipv6(r, spec)) {
			AUTO_FREE char *safe = shown(e->text);
			problem_add(r->problems, e->mark, "write 'ipv6: true' at the network",
			        "'ports': '%s' is a port of IPv6, which the network of %s has not",
			        safe, spec->selector);
		}
		if (map.one_each)
			map.host = map.host_last =
			        map.host + instance_position(decl, decl->ports, k, i);
		spec->ports[spec->n_ports++] = (struct port_use){
		        .address = host_address_text(&map.address),
		        .host = map.host,
		        .host_last = map.host ? map.host_last : map.guest_last - map.guest,
		        .guest = map.guest,
		        .udp = map.udp,
		};
	}
}
