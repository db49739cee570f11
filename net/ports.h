/*
 * Published ports: connections to ports of the host that are led to machines of the lab, by
 * nftables tables of the lab's own, one for each family of addresses (made and replaced in one
 * transaction) and, where a firewall would refuse what comes from outside, by an accept rule that
 * carries the table's name.
 *
 * 127.0.0.1 works as well, because the bridges are told to route it (route_localnet). IPv6 has no
 * such setting: the answers to ::1 arrive at the bridge, where the kernel looks for a local route
 * of ::1 by that very link, so there is one. Where bridges hand IPv6 to netfilter themselves
 * (bridge-nf-call-ip6tables), the answers are translated too early, and dropped as what comes from
 * outside with ::1 in it: no port of ::1 can be published there. The tables' first chains keep
 * machines from using either to reach what listens on the host's loopback.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "core/derive.h"
#include "core/spec.h"
#include "net/address.h"

/* Of one network of the lab. */
struct ports_net {
	char *bridge;
	char *subnet;     /* "10.64.3.0/24" */
	bool no_way_back; /* its machines do not answer through the host: isolated, or on a LAN */
	bool loopback;    /* one of its ports is published on 127.x */
	/* The same of IPv6. */
	char *subnet6; /* "fd00:1:2:3::/64"; NULL: nothing is published there */
	bool no_way_back6, loopback6;
};

struct ports_rule {
	const char *machine;         /* borrowed: a note for who reads the table */
	struct host_address address; /* of one family */
	int host, host_last, guest;
	bool udp;
	char *target; /* the machine's address, of the same family */
	size_t net;   /* its network */
};

struct ports {
	char *table; /* "prov-ID" */
	struct ports_net *nets;
	size_t n_nets;
	struct ports_rule *rules;
	size_t n_rules;
	bool no_loopback6; /* "::" is all but ::1 */
};

#define PORTS_DIGEST 65

/* What prov-nft.so exports as "prov_nft": runs commands of nft(8), all of them or none. handles:
 * listings show them. */
struct nft_ops {
	int (*run)(const char *commands, bool handles, struct str *out, struct err *err);
};

void ports_clear(struct ports *ports);
bool ports_any(const struct ports *ports, bool v6); /* whether it has rules of this family */
/* Pure: the commands that replace the table of a family by this one, or that remove it. */
void ports_script(const struct ports *ports, bool v6, struct str *out);
void ports_removal(const char *table, bool v6, struct str *out);
/* The line of `iptables -S FORWARD` (or ip6tables) that lets a network's published ports through;
 * NULL: it has none of this family. */
char *ports_accept_line(const struct ports *ports, const struct ports_net *net, bool v6);
/* Whether all of these lines stand in the listing before anything that could refuse. */
bool ports_accepted(const struct ports *ports, bool v6, const char *listing);

/* These three load a library and run iptables: only in a helper process. ensure hands out a digest
 * of what the kernel then holds, and stand says whether it still does. */
MUST_CHECK int ports_ensure(const struct ports *ports, char digest[PORTS_DIGEST], struct err *err);
MUST_CHECK int ports_stand(
        const struct ports *ports, const char *digest, bool *stands, struct err *err);
MUST_CHECK int ports_remove(const char *table, struct err *err); /* absent is success */

/* net/ports_bridge.c. Whether ports of ::1 can be published on this host. */
bool ports_loopback6(void);
/* Whether the kernel routes 127.x, or ::1, over this bridge; and make it so. false, success: no
 * such bridge. */
bool ports_localnet(const char *bridge, bool v6);
MUST_CHECK int ports_set_localnet(const char *bridge, bool v6, bool on, struct err *err);

/*
 * Lets a bridge send frames back through the port that they came from, where it filters what it
 * carries as routed traffic is (bridge-nf-call-iptables): a machine that asks for its own published
 * port is led back to itself before it gets to the host. The port is link, or the one that QEMU's
 * side of the interface with this MAC has. What cannot be set stays: the machine may be gone.
 */
void ports_hairpin(const char *bridge, const char *link, const char *mac);
/* For the machine's published ports, as soon as it is plugged in: what runs in it may ask at once.
 */
void ports_hairpin_of(const struct machine_spec *spec, const struct names *names);

/* net/holder.c: the process that has one of these ports of the host. proc: "/proc" outside of
 * tests. */
struct port_holder {
	int port;
	int pid;       /* 0: it is not to be seen */
	char name[64]; /* escaped; empty where pid is 0 */
};
/* 1: *out says who, 0: they are free. */
MUST_CHECK int port_holder_find(const char *proc, const struct host_address *address, int first,
        int last, bool udp, struct port_holder *out, struct err *err);

/* net/ports_held.c: a port of the host that a lab's table leads to a machine. */
struct ports_held {
	char lab[32];      /* its id */
	char machine[128]; /* its selector */
	struct host_address address;
	int host, host_last;
	bool udp;
};
struct ports_held_list {
	struct ports_held *rows; /* the caller frees */
	size_t n;
};
/* Pure: adds what listings of such tables, one behind the other, tell of. */
void ports_held_read(const char *listings, struct ports_held_list *out);
/* Adds those listings, of all labs on this host. Loads a library: only in a helper process. */
MUST_CHECK int ports_held_listings(struct str *out, struct err *err);
