/* The network's section: interfaces inside, and where their other ends are plugged in. */
#include "providers/container/describe.h"

#include "net/links.h"

#include <fcntl.h>
#include <string.h>

static const struct link_info *by_index(const struct link_info *links, size_t n, int index)
{
	for (size_t i = 0; index && i < n; i++)
		if (links[i].index == index)
			return &links[i];
	return NULL;
}

/* The host's end of a veth: both name each other, since numbers of two namespaces may be equal. */
static const struct link_info *other_end(
        const struct link_info *inside, const struct link_info *host, size_t n)
{
	const struct link_info *end = by_index(host, n, inside->peer);

	return end && end->peer == inside->index ? end : NULL;
}

static const char *network_of(const struct machine_spec *spec, const char *mac)
{
	for (size_t i = 0; i < spec->n_nics; i++)
		if (*mac && str_eq(spec->nics[i].mac, mac))
			return spec->nics[i].network;
	return NULL;
}

static json_t *interface_row(const struct look *look, const struct link_info *inside,
        const struct link_info *host, size_t n)
{
	const struct link_info *end = other_end(inside, host, n);
	const struct link_info *bridge = end ? by_index(host, n, end->master) : NULL;
	const char *network = network_of(look->session->spec, inside->mac);
	json_t *addresses = json_array();

	for (size_t i = 0; i < inside->n_addresses; i++)
		json_array_append_new(addresses, json_string(inside->addresses[i].text));
	return json_pack("{s:s, s:s, s:s, s:i, s:o, s:s, s:s, s:s}", "interface", inside->name,
	        "state", inside->up ? "up" : "down", "mac", inside->mac, "mtu", inside->mtu,
	        "addresses", addresses, "host_link", end ? end->name : "", "bridge",
	        bridge ? bridge->name : "", "network", network ? network : "");
}

json_t *describe_interfaces(const struct look *look)
{
	AUTO_FD int netns = openat(look->proc, "ns/net", O_RDONLY | O_CLOEXEC);
	static const char *const modes[] = {
	        [NET_LAB] = "lab", [NET_NONE] = "none", [NET_HOST] = "host"};
	struct link_info *inside = NULL, *host = NULL;
	size_t n_inside = 0, n_host = 0;
	json_t *out = json_array();

	if (look->session->spec->network_mode != NET_HOST && netns >= 0 &&
	        links_list(netns, &inside, &n_inside, NULL) == 0 &&
	        links_list(-1, &host, &n_host, NULL) == 0)
		for (size_t i = 0; i < n_inside; i++)
			json_array_append_new(out, interface_row(look, &inside[i], host, n_host));
	links_free(inside, n_inside);
	links_free(host, n_host);
	return json_pack(
	        "{s:s, s:o}", "mode", modes[look->session->spec->network_mode], "interfaces", out);
}
