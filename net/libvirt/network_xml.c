#include "net/libvirt/network_xml.h"

#include "net/libvirt/xml.h"

#include <stdlib.h>
#include <string.h>

/* The next word of a space-separated list, or NULL; *rest moves on. The caller frees. */
static char *next_word(const char **rest)
{
	*rest += strspn(*rest, " ");
	size_t n = strcspn(*rest, " ");
	if (n == 0)
		return NULL;
	char *word = xstrndup(*rest, n);
	*rest += n;
	return word;
}

static void host_xml(const char *address, const char *names, struct str *out)
{
	char *word;

	str_add(out, "    <host");
	xml_add_attr(out, "ip", address);
	str_add(out, ">\n");
	while ((word = next_word(&names))) {
		xml_add_element(out, 6, "hostname", word);
		free(word);
	}
	str_add(out, "    </host>\n");
}

void network_host_xml(const struct net_host *host, bool ipv6, struct str *out)
{
	host_xml(ipv6 ? host->address6 : host->address, host->names, out);
}

void network_host_names(const struct net_host *host, struct strv *out)
{
	const char *rest = host->names;
	char *word;

	while ((word = next_word(&rest)))
		strv_take(out, word);
}

void network_lease_xml(const struct net_host *host, struct str *out)
{
	str_add(out, "      <host");
	xml_add_attr(out, "mac", host->mac);
	xml_add_attr(out, "ip", host->address);
	str_add(out, "/>\n");
}

static void add_forward(const struct net_spec *spec, struct str *out)
{
	static const char *const modes[] = {[NET_NAT] = "nat",
	        [NET_ISOLATED] = NULL,
	        [NET_ROUTED] = "route",
	        [NET_BRIDGE] = "bridge"};

	if (!modes[spec->mode])
		return;
	str_add(out, "  <forward");
	xml_add_attr(out, "mode", modes[spec->mode]);
	/* Without it addresses of IPv6 would go out as they are, and nothing comes back to them. */
	if (spec->mode == NET_NAT && spec->gateway6)
		str_add(out, ">\n    <nat ipv6='yes'/>\n  </forward>\n");
	else
		str_add(out, "/>\n");
}

static void add_bridge(const struct net_spec *spec, const char *bridge, struct str *out)
{
	str_add(out, "  <bridge");
	xml_add_attr(out, "name", bridge);
	/* With STP, libvirt's default, every new port is held back for 4 s. */
	str_add(out, " stp='off' delay='0'/>\n  <mac");
	/* A new address would leave the guests with a stale ARP entry for 3 s. */
	xml_add_attr(out, "address", spec->mac);
	str_add(out, "/>\n");
	if (spec->mtu)
		str_addf(out, "  <mtu size='%d'/>\n", spec->mtu);
}

static void add_dns(const struct net_spec *spec, struct str *out)
{
	str_add(out, "  <domain");
	xml_add_attr(out, "name", spec->domain);
	str_add(out, " localOnly='yes'/>\n");
	if (!spec->n_hosts)
		return;
	str_add(out, "  <dns>\n");
	for (size_t i = 0; i < spec->n_hosts; i++) {
		network_host_xml(&spec->hosts[i], false, out);
		if (spec->hosts[i].address6)
			network_host_xml(&spec->hosts[i], true, out);
	}
	str_add(out, "  </dns>\n");
}

/* A lease for every machine costs nothing here, and 0.4 s each in a network that runs. */
static void add_addresses(const struct net_spec *spec, struct str *out)
{
	bool leases = false;

	for (size_t i = 0; i < spec->n_hosts; i++)
		leases = leases || spec->hosts[i].mac;
	str_add(out, "  <ip");
	xml_add_attr(out, "address", spec->gateway);
	str_addf(out, " prefix='%d'%s>\n", spec->prefix, leases ? "" : "/");
	if (leases) {
		str_add(out, "    <dhcp>\n");
		for (size_t i = 0; i < spec->n_hosts; i++)
			if (spec->hosts[i].mac)
				network_lease_xml(&spec->hosts[i], out);
		str_add(out, "    </dhcp>\n  </ip>\n");
	}
	if (!spec->gateway6)
		return;
	str_add(out, "  <ip family='ipv6'");
	xml_add_attr(out, "address", spec->gateway6);
	str_addf(out, " prefix='%d'/>\n", spec->prefix6);
}

void network_xml(const struct net_spec *spec, const char *uuid, const char *bridge, struct str *out)
{
	str_add(out, "<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>\n");
	xml_add_element(out, 2, "name", spec->libvirt);
	if (uuid)
		xml_add_element(out, 2, "uuid", uuid);
	xml_add_mark(out, spec->lab_id, NULL);
	add_forward(spec, out);
	if (spec->mode == NET_BRIDGE) {
		str_add(out, "  <bridge");
		xml_add_attr(out, "name", spec->host_bridge);
		str_add(out, "/>\n</network>\n");
		return;
	}
	add_bridge(spec, bridge, out);
	add_dns(spec, out);
	add_addresses(spec, out);
	/* Names of the lab are the lab's: what the host calls itself, 127.0.0.1, would be mixed in.
	 */
	str_add(out,
	        "  <dnsmasq:options>\n    <dnsmasq:option value='no-hosts'/>\n"
	        "  </dnsmasq:options>\n</network>\n");
}

/* The text between before and the next after, from p on; *end is behind it. NULL: none up to limit.
 */
static char *between(
        const char *p, const char *limit, const char *before, const char *after, const char **end)
{
	const char *from = strstr(p, before);
	const char *to = from ? strstr(from + strlen(before), after) : NULL;

	if (!to || (limit && to > limit))
		return NULL;
	from += strlen(before);
	*end = to + strlen(after);
	return xstrndup(from, (size_t)(to - from));
}

void network_entries(const char *xml, struct net_entries *out)
{
	const char *dns = strstr(xml, "<dns");
	const char *dns_end = dns ? strstr(dns, "</dns>") : NULL;
	const char *p = dns;

	while (dns_end && (p = strstr(p, "<host ip=")) && p < dns_end) {
		const char *end = strstr(p, "</host>");
		struct net_entry e = {.address = between(p, end, "ip='", "'", &p)};
		char *name;
		if (!e.address)
			return;
		while ((name = between(p, end, "<hostname>", "</hostname>", &p)))
			strv_take(&e.names, name);
		out->v = xrealloc(out->v, out->n + 1, sizeof(*out->v));
		out->v[out->n++] = e;
	}
}

void network_entries_clear(struct net_entries *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		free(entries->v[i].address);
		strv_clear(&entries->v[i].names);
	}
	free(entries->v);
	*entries = (struct net_entries){0};
}

/* How many of host's names the entry has; *total is how many there are. */
static size_t shared_names(
        const struct net_entry *entry, const struct net_host *host, size_t *total)
{
	const char *rest = host->names;
	size_t shared = 0;
	char *word;

	*total = 0;
	while ((word = next_word(&rest))) {
		shared += strv_has(&entry->names, word);
		++*total;
		free(word);
	}
	return shared;
}

bool network_entry_is(const struct net_entry *entry, const struct net_host *host)
{
	size_t total, shared = shared_names(entry, host, &total);

	return (str_eq(entry->address, host->address) ||
	               (host->address6 && str_eq(entry->address, host->address6))) &&
	        shared == total && entry->names.n == total;
}

bool network_entry_clashes(const struct net_entry *entry, const struct net_host *host)
{
	size_t total;

	if (network_entry_is(entry, host))
		return false;
	return str_eq(entry->address, host->address) ||
	        (host->address6 && str_eq(entry->address, host->address6)) ||
	        shared_names(entry, host, &total) > 0;
}

bool network_has_lease(const char *xml, const struct net_host *host)
{
	AUTO_FREE char *mac = xasprintf("<host mac='%s'", host->mac);
	AUTO_FREE char *ip = xasprintf(" ip='%s'", host->address);
	const char *p = strstr(xml, mac), *end = p ? strchr(p, '>') : NULL;

	const char *at = p ? strstr(p, ip) : NULL;
	return at && at < end;
}

bool network_has_gateway(const char *xml, const char *gateway)
{
	AUTO_FREE char *attr = xasprintf("<ip address='%s'", gateway);

	return strstr(xml, attr) != NULL;
}
