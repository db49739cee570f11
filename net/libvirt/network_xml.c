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

void network_host_xml(const struct net_host *host, struct str *out)
{
	const char *rest = host->names;
	char *word;

	str_add(out, "    <host");
	xml_add_attr(out, "ip", host->address);
	str_add(out, ">\n");
	while ((word = next_word(&rest))) {
		xml_add_element(out, 6, "hostname", word);
		free(word);
	}
	str_add(out, "    </host>\n");
}

void network_xml(const struct net_spec *spec, const char *bridge, struct str *out)
{
	str_add(out, "<network>\n");
	xml_add_element(out, 2, "name", spec->libvirt);
	xml_add_mark(out, spec->lab_id, NULL);
	str_add(out, "  <forward mode='nat'/>\n  <bridge");
	xml_add_attr(out, "name", bridge);
	/* With STP, libvirt's default, every new port is held back for 4 s. */
	str_add(out, " stp='off' delay='0'/>\n  <mac");
	/* A new address would leave the guests with a stale ARP entry for 3 s. */
	xml_add_attr(out, "address", spec->mac);
	str_add(out, "/>\n  <domain");
	xml_add_attr(out, "name", spec->domain);
	str_add(out, " localOnly='yes'/>\n");
	if (spec->n_hosts) {
		str_add(out, "  <dns>\n");
		for (size_t i = 0; i < spec->n_hosts; i++)
			network_host_xml(&spec->hosts[i], out);
		str_add(out, "  </dns>\n");
	}
	str_add(out, "  <ip");
	xml_add_attr(out, "address", spec->gateway);
	str_addf(out, " prefix='%d'/>\n</network>\n", spec->prefix);
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

	return str_eq(entry->address, host->address) && shared == total && entry->names.n == total;
}

bool network_entry_clashes(const struct net_entry *entry, const struct net_host *host)
{
	size_t total;

	if (network_entry_is(entry, host))
		return false;
	return str_eq(entry->address, host->address) || shared_names(entry, host, &total) > 0;
}

bool network_has_gateway(const char *xml, const char *gateway)
{
	AUTO_FREE char *attr = xasprintf("<ip address='%s'", gateway);

	return strstr(xml, attr) != NULL;
}
