/* The lab's network as libvirt's XML. Pure: golden-tested. */
#pragma once

#include "net/network.h"

/* uuid: of the network that is known to libvirt already, which refuses another one of its name;
 * NULL: it is new. bridge NULL: libvirt picks the name (the only sure way to a free one). */
void network_xml(
        const struct net_spec *spec, const char *uuid, const char *bridge, struct str *out);
/* One `<host ip=…>` element of the network's `<dns>`: its IPv4 or its IPv6 address. */
void network_host_xml(const struct net_host *host, bool ipv6, struct str *out);
/* Its names, one by one. */
void network_host_names(const struct net_host *host, struct strv *out);
/* One `<host mac=… ip=…>` element of its `<dhcp>`; and whether XML as libvirt prints it has it. */
void network_lease_xml(const struct net_host *host, struct str *out);
bool network_has_lease(const char *xml, const struct net_host *host);

/* What a network's XML, as libvirt prints it, says about its DNS hosts: the elements in order. */
struct net_entry {
	char *address;
	struct strv names;
};
struct net_entries {
	struct net_entry *v;
	size_t n;
};
void network_entries(const char *xml, struct net_entries *out);
void network_entries_clear(struct net_entries *entries);
/* True if the entry says exactly what host wants. */
bool network_entry_is(const struct net_entry *entry, const struct net_host *host);
/* True if the entry stands in host's way: its address, or one of its names, with other company. */
bool network_entry_clashes(const struct net_entry *entry, const struct net_host *host);

/* True if that XML has an IPv4 address element for gateway. */
bool network_has_gateway(const char *xml, const char *gateway);
