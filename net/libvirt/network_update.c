/* The hosts of a network that runs: libvirt is told one by one, and its name server heard of. */
#include "net/libvirt/network_update.h"

#include "net/libvirt/conn.h"
#include "net/libvirt/name_server.h"
#include "net/libvirt/network_xml.h"

#include <stdlib.h>

#define HEARD_NS INT64_C(2000000000) /* for the name server, of what libvirt tells it */

static int update(virNetworkPtr net, unsigned command, unsigned section, const char *names,
        const struct str *xml, struct err *err)
{
	if (virNetworkUpdate(net, command, section, -1, str_text(xml),
	            VIR_NETWORK_UPDATE_AFFECT_LIVE | VIR_NETWORK_UPDATE_AFFECT_CONFIG) < 0)
		return libvirt_err(err, "tell the network's DNS about '%s'", names);
	return 0;
}

static int update_name(virNetworkPtr net, unsigned command, const struct net_host *host, bool ipv6,
        struct err *err)
{
	AUTO_STR xml = {0};

	network_host_xml(host, ipv6, &xml);
	return update(net, command, VIR_NETWORK_SECTION_DNS_HOST, host->names, &xml, err);
}

/* What the name server was told last: it reads all of its hosts anew each time. */
struct told {
	const struct net_spec *spec;
	char *name, *address;
	bool gone;
};

/* One of names that is not among same, which were known before or stay. Others than this domain's
 * are asked of other servers where they are not known here. */
static void note_told(struct told *told, const struct strv *names, const struct strv *same,
        const char *address, bool gone)
{
	AUTO_FREE char *domain = xasprintf(".%s", told->spec->domain);

	for (size_t i = 0; i < names->n; i++) {
		if (!str_ends(names->v[i], domain) || strv_has(same, names->v[i]))
			continue;
		free(told->name);
		free(told->address);
		*told = (struct told){told->spec, xstrdup(names->v[i]), xstrdup(address), gone};
		return;
	}
}

/* So that who asks from now on is told so. Where it cannot be asked, nothing is waited for. */
static void await_heard(struct told *told)
{
	const struct name_answer wanted = {told->name, told->address, told->gone};

	if (told->name && libvirt_is_local_system(told->spec->uri))
		(void)name_server_await(told->spec->gateway, NAME_SERVER_PORT, &wanted, HEARD_NS);
	free(told->name);
	free(told->address);
}

static void names_at(const struct net_entries *entries, const char *address, struct strv *out)
{
	for (size_t i = 0; i < entries->n; i++)
		for (size_t k = 0; k < entries->v[i].names.n; k++)
			if (str_eq(entries->v[i].address, address))
				strv_add(out, entries->v[i].names.v[k]);
}

static int add_missing(virNetworkPtr net, const struct net_entries *entries,
        const struct net_host *host, bool ipv6, struct told *told, struct err *err)
{
	const char *address = ipv6 ? host->address6 : host->address;
	AUTO_STRV names = {0}, before = {0};

	for (size_t i = 0; i < entries->n; i++)
		if (str_eq(entries->v[i].address, address) &&
		        network_entry_is(&entries->v[i], host))
			return 0;
	if (!address)
		return 0;
	if (update_name(net, VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, host, ipv6, err) < 0)
		return -1;
	network_host_names(host, &names);
	names_at(entries, address, &before);
	note_told(told, &names, &before, address, false);
	return 0;
}

/* For `host`, which is added again with what stays of it; NULL: nothing does. */
static int remove_entry(virNetworkPtr net, const struct net_entry *entry,
        const struct net_host *host, struct told *told, struct err *err)
{
	char no_names[] = "";
	const struct net_host old = {.names = no_names, .address = entry->address};
	AUTO_STRV stay = {0};

	if (update_name(net, VIR_NETWORK_UPDATE_COMMAND_DELETE, &old, false, err) < 0)
		return -1;
	if (host &&
	        (str_eq(entry->address, host->address) || str_eq(entry->address, host->address6)))
		network_host_names(host, &stay);
	note_told(told, &entry->names, &stay, entry->address, true);
	return 0;
}

/* libvirt cannot modify a DNS host: what stands in the way goes first. */
static int update_host(virNetworkPtr net, const struct net_entries *entries,
        const struct net_host *host, struct told *told, struct err *err)
{
	for (size_t i = 0; i < entries->n; i++)
		if (network_entry_clashes(&entries->v[i], host) &&
		        remove_entry(net, &entries->v[i], host, told, err) < 0)
			return -1;
	if (add_missing(net, entries, host, false, told, err) < 0)
		return -1;
	return add_missing(net, entries, host, true, told, err);
}

/* What has its address by DHCP alone gets it in a running network too. An older lease of its card
 * or address goes first. */
static int update_lease(
        virNetworkPtr net, const char *xml, const struct net_host *host, struct err *err)
{
	AUTO_STR lease = {0}, mac = {0}, ip = {0};

	if (!host->leased || !host->mac || network_has_lease(xml, host))
		return 0;
	network_lease_xml(host, &lease);
	network_lease_xml(&(struct net_host){.mac = host->mac}, &mac);
	network_lease_xml(&(struct net_host){.address = host->address}, &ip);
	const struct str *const old[] = {&mac, &ip};
	for (size_t i = 0; i < ARRAY_SIZE(old); i++)
		virNetworkUpdate(net, VIR_NETWORK_UPDATE_COMMAND_DELETE,
		        VIR_NETWORK_SECTION_IP_DHCP_HOST, -1, str_text(old[i]),
		        VIR_NETWORK_UPDATE_AFFECT_LIVE | VIR_NETWORK_UPDATE_AFFECT_CONFIG);
	return update(net, VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, VIR_NETWORK_SECTION_IP_DHCP_HOST,
	        host->names, &lease, err);
}

static bool all_known(const struct net_entries *entries, const struct net_host *host)
{
	size_t known = 0;

	for (size_t i = 0; i < entries->n; i++) {
		if (network_entry_clashes(&entries->v[i], host))
			return false;
		known += network_entry_is(&entries->v[i], host);
	}
	return known == (host->address6 ? 2 : 1);
}

static int read_entries(virNetworkPtr net, const struct net_spec *spec, char **xml,
        struct net_entries *entries, struct err *err)
{
	free(*xml);
	network_entries_clear(entries);
	*xml = virNetworkGetXMLDesc(net, 0);
	if (!*xml)
		return libvirt_err(err, "read the network '%s'", spec->libvirt);
	network_entries(*xml, entries);
	return 0;
}

static bool is_wanted(const struct net_spec *spec, const char *address)
{
	for (size_t i = 0; i < spec->n_hosts; i++)
		if (str_eq(spec->hosts[i].address, address) ||
		        str_eq(spec->hosts[i].address6, address))
			return true;
	return false;
}

/* Of machines that have left the network, or are gone: a name that leads nowhere makes who asks for
 * it wait. */
static int remove_stale(
        virNetworkPtr net, const struct net_entries *entries, struct told *told, struct err *err)
{
	for (size_t i = 0; i < entries->n; i++)
		if (!is_wanted(told->spec, entries->v[i].address) &&
		        remove_entry(net, &entries->v[i], NULL, told, err) < 0)
			return -1;
	return 0;
}

int network_update_hosts(virNetworkPtr net, const struct net_spec *spec, struct err *err)
{
	struct net_entries entries = {0};
	struct told told = {.spec = spec};
	AUTO_FREE char *xml = NULL;
	int rc = read_entries(net, spec, &xml, &entries, err);

	if (rc == 0)
		rc = remove_stale(net, &entries, &told, err);
	if (rc == 0)
		rc = read_entries(net, spec, &xml, &entries, err);
	for (size_t i = 0; rc == 0 && i < spec->n_hosts; i++) {
		const struct net_host *host = &spec->hosts[i];
		if (!all_known(&entries, host)) {
			rc = update_host(net, &entries, host, &told, err);
			/* A deletion may have touched what the next host asks about. */
			if (rc == 0)
				rc = read_entries(net, spec, &xml, &entries, err);
		}
		if (rc == 0)
			rc = update_lease(net, xml, host, err);
	}
	await_heard(&told);
	network_entries_clear(&entries);
	return rc;
}
