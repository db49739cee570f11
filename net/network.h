/*
 * The lab's networks: libvirt networks, which both kinds join. Only prov-kvm.so speaks to libvirt;
 * a forked helper opens it and hands back plain data, so that the container path loads nothing.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

/* How far it reaches; see prov.yaml(5). */
enum net_mode { NET_NAT, NET_ISOLATED, NET_ROUTED, NET_BRIDGE };
const char *net_mode_name(enum net_mode mode);            /* "nat" */
bool net_mode_read(const char *text, enum net_mode *out); /* false: there is none of that name */

/* Where the host's libvirt keeps what it knows of a running network. */
#define NETWORK_STATE "/run/libvirt/network"
/* false: the network's name server, which libvirt started, has gone. What is not known of it, as on
 * another host, counts as served. */
bool network_is_served(const char *libvirt);

/* A name in the network's DNS; where it is joined to the network, also an address by DHCP. */
struct net_host {
	char *names; /* "web-kvm web-kvm.shop.test" */
	char *address;
	char *address6; /* NULL: none */
	char *mac;      /* NULL: it is of another network of the lab, known here by name only */
	bool leased; /* it has its address by DHCP alone, so that a running network is told, too */
};

struct net_spec {
	char *uri;     /* libvirt URI */
	char *libvirt; /* libvirt's name of the network: derive_network() */
	char *lab_id;  /* goes into the metadata; only networks with it are touched */
	char *domain;  /* DNS domain */
	enum net_mode mode;
	char *host_bridge; /* mode bridge: that of the host; then nothing that follows counts */
	char *mac;         /* of the bridge, fixed */
	char *gateway;     /* the host's address in it, which is also its DNS server */
	int prefix;
	char *gateway6; /* NULL: no IPv6 */
	int prefix6;
	int mtu;                /* 0: libvirt's default */
	struct net_host *hosts; /* every machine of the lab, from the start */
	size_t n_hosts;
};

struct net_info {
	char bridge[16]; /* chosen by libvirt */
	int mtu;
};

/* What prov-kvm.so exports as "prov_network". */
struct network_ops {
	/* Defines and starts it, or updates its hosts while it runs (nothing restarts). Repeating
	 * changes nothing. ERR_HOST: no libvirt. */
	int (*ensure)(const struct net_spec *spec, struct net_info *out, struct err *err);
	/* Absent is success. Refuses a network that carries another lab's id. */
	int (*remove)(const char *uri, const char *libvirt, const char *lab_id, struct err *err);
};

void net_spec_clear(struct net_spec *spec);
