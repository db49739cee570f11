/*
 * The lab's network: a libvirt network, which both kinds join. Only prov-kvm.so speaks to libvirt;
 * a forked helper opens it and hands back plain data, so that the container path loads nothing.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

struct net_host {
	char *names; /* "web-kvm web-kvm.shop.test" */
	char *address;
	char *mac;
};

struct net_spec {
	char *uri;     /* libvirt URI */
	char *libvirt; /* libvirt's name of the network: derive_network() */
	char *lab_id;  /* goes into the metadata; only networks with it are touched */
	char *domain;  /* DNS domain */
	char *mac;     /* of the bridge, fixed */
	char *gateway; /* the host's address in it, which is also its DNS server */
	int prefix;
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
