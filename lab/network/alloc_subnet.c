/*
 * Scarce numbers: the subnet of each network. Where the file has none, a free one is found; one
 * that it has is compared with the routes of the host and with what other labs have recorded. All
 * that is refused is refused before anything is made.
 */
#include "lab/network/subnets.h"

#include "base/digest.h"
#include "base/fs.h"
#include "net/links.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t members(const struct lab *lab, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < lab->n; i++)
		for (size_t k = 0; k < lab->machines[i].spec.n_nics; k++)
			n += str_eq(lab->machines[i].spec.nics[k].network, name);
	return n;
}

/* 10.64.0.0/10, searched from a place that the lab id picks, so that labs of two hosts seldom meet.
 */
static int choose(const struct lab *lab, const char *name, const struct subnet_uses *uses,
        struct subnet *out, struct err *err)
{
	char hex[DIGEST_HEX_LEN + 1];
	int prefix = 24;

	while (members(lab, name) + 2 > (UINT32_C(1) << (32 - prefix)) - 1 && prefix > 16)
		prefix--;
	digest_bytes(lab->id, strlen(lab->id), hex);
	hex[6] = '\0';
	uint32_t count = UINT32_C(1) << (prefix - 10), start = (uint32_t)strtoul(hex, NULL, 16);
	for (uint32_t i = 0; i < count; i++) {
		struct subnet net = {(UINT32_C(10) << 24 | UINT32_C(64) << 16) +
		                ((start + i) % count << (32 - prefix)),
		        prefix};
		if (subnet_user(uses, &net))
			continue;
		*out = net;
		return 0;
	}
	return err_set(err, ERR_HOST, "no free subnet is left in 10.64.0.0/10");
}

static int refuse_clash(
        const char *name, const char *subnet, const struct subnet_use *use, struct err *err)
{
	err_set(err, ERR_CONFIG, "the subnet %s of the network '%s' overlaps with %s", subnet, name,
	        use->by);
	return err_hint(err, "%s", use->try);
}

/* A bridge of the host that stands is all that its mode asks for. */
static int check_bridge(const char *name, const struct network_decl *decl, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/sys/class/net/%s/bridge", decl->bridge);

	if (fs_is_dir(path))
		return 0;
	err_set(err, ERR_HOST, "the network '%s' needs the bridge '%s', which this host has not",
	        name, decl->bridge);
	return err_hint(err, "see 'ip link show type bridge'");
}

static int check_ipv6(const char *name, const struct network_decl *decl, struct err *err)
{
	AUTO_STR off = {0};

	if (!decl->ipv6)
		return 0;
	if (fs_read("/proc/sys/net/ipv6/conf/all/disable_ipv6", 8, &off, NULL) == 0 &&
	        str_starts(str_text(&off), "0"))
		return 0;
	err_set(err, ERR_HOST, "the network '%s' is to have IPv6, which this host has turned off",
	        name);
	return err_hint(err, "sysctl net.ipv6.conf.all.disable_ipv6=0, or leave ipv6: out");
}

static int check_declared(
        const struct lab *lab, const char *name, const struct network_decl *decl, struct err *err)
{
	struct subnet_uses uses = {0};
	const struct journal_state *state =
	        lab->journal ? journal_state(lab->journal) : &lab->state;
	struct subnet net;
	int rc = 0;

	if (check_ipv6(name, decl, err) < 0)
		return -1;
	if (decl->mode == NET_BRIDGE)
		return check_bridge(name, decl, err);
	/* What was found free once is the lab's. */
	if (!decl->subnet || str_eq(net_fact(state, name, "subnet"), decl->subnet))
		return 0;
	if (value_subnet(decl->subnet, &net, err) < 0 ||
	        subnet_uses_find(lab, name, &uses, err) < 0)
		rc = -1;
	const struct subnet_use *use = rc == 0 ? subnet_user(&uses, &net) : NULL;
	if (use)
		rc = refuse_clash(name, decl->subnet, use, err);
	subnet_uses_clear(&uses);
	return rc;
}

int alloc_check(const struct lab *lab, struct err *err)
{
	AUTO_STRV names = {0};
	struct network_decl decl;

	net_joined(lab, &names);
	for (size_t i = 0; i < names.n; i++)
		if (net_declared(lab, names.v[i], &decl) &&
		        check_declared(lab, names.v[i], &decl, err) < 0)
			return -1;
	return 0;
}

/* What it is made from; with the subnet that it has, whether that is written or was found. */
static char *description(const struct network_decl *decl, const char *subnet)
{
	return xasprintf("%s %s%s%s%s mtu %d", net_mode_name(decl->mode), subnet,
	        decl->bridge ? " bridge " : "", decl->bridge ? decl->bridge : "",
	        decl->ipv6 ? " ipv6" : "", decl->mtu);
}

static int refuse_change(const char *name, const char *was, const char *now, struct err *err)
{
	err_set(err, ERR_FAILED, "the network '%s' was made as '%s', the file now says '%s'", name,
	        was, now);
	return err_hint(err, "prov destroy and prov up make it anew");
}

/* Addresses that the host has on that bridge. */
static int host_addresses(const char *bridge, struct strv *out, struct err *err)
{
	struct link_info *links;
	size_t n;

	if (links_list(-1, &links, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; str_eq(links[i].name, bridge) && k < links[i].n_addresses; k++) {
			const char *text = links[i].addresses[k].text;
			strv_take(out, xstrndup(text, strcspn(text, "/")));
		}
	links_free(links, n);
	return 0;
}

/* Where the machines of a bridge of the host's send what is for elsewhere: where the host does,
 * else to the host. */
static int bridge_gateway(
        const struct network_decl *decl, const struct subnet *net, char **out, struct err *err)
{
	AUTO_FREE struct route *routes = NULL;
	AUTO_STRV own = {0};
	uint32_t address;
	size_t n;

	if (subnet_routes(&routes, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n && !*out; i++)
		if (!routes[i].net.prefix && str_eq(routes[i].device, decl->bridge))
			*out = ipv4_text(routes[i].gateway);
	if (*out)
		return 0;
	if (host_addresses(decl->bridge, &own, err) < 0)
		return -1;
	for (size_t i = 0; i < own.n && !*out; i++)
		if (value_ipv4(own.v[i], &address, NULL) == 0 && subnet_has(net, address))
			*out = xstrdup(own.v[i]);
	return 0;
}

/* The host's first name server that is not itself. */
static char *host_dns(void)
{
	AUTO_STR text = {0};
	char *save = NULL, address[INET_ADDRSTRLEN];
	uint32_t a;

	if (fs_read("/etc/resolv.conf", 1 << 16, &text, NULL) < 0 || !text.len)
		return NULL;
	for (char *line = strtok_r(text.buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "nameserver %15s", address) == 1 &&
		        value_ipv4(address, &a, NULL) == 0 && a >> 24 != 127)
			return xstrdup(address);
	return NULL;
}

static int record_ways(struct lab *lab, const char *name, const struct network_decl *decl,
        const struct subnet *net, struct err *err)
{
	AUTO_FREE char *host = ipv4_text(net->address + 1), *gateway = NULL, *dns = NULL;

	if (decl->mode == NET_BRIDGE) {
		if (bridge_gateway(decl, net, &gateway, err) < 0)
			return -1;
		dns = host_dns();
	} else {
		gateway = decl->mode == NET_ISOLATED ? NULL : xstrdup(host);
		dns = xstrdup(host);
	}
	if (net_record(lab, name, "gateway", gateway, err) < 0)
		return -1;
	return net_record(lab, name, "dns", dns ? dns : gateway, err);
}

static int record_all(struct lab *lab, const char *name, const struct network_decl *decl,
        const struct subnet *net, struct err *err)
{
	AUTO_FREE char *base = ipv4_text(net->address);
	AUTO_FREE char *subnet = xasprintf("%s/%d", base, net->prefix);
	AUTO_FREE char *text = description(decl, subnet);
	AUTO_FREE char *subnet6 = decl->ipv6 ? derive_subnet6(lab->id, name) : NULL;

	if (net_record(lab, name, "subnet", subnet, err) < 0 ||
	        net_record(lab, name, "mode", net_mode_name(decl->mode), err) < 0 ||
	        net_record(lab, name, "subnet6", subnet6, err) < 0 ||
	        record_ways(lab, name, decl, net, err) < 0)
		return -1;
	return net_record(lab, name, "declared", text, err);
}

static void lab_addresses(const struct journal_state *state, struct strv *out)
{
	for (size_t i = 0; i < state->n_facts; i++)
		if (str_starts(state->facts[i].key, "ip."))
			strv_add(out, state->facts[i].value);
}

int alloc_neighbours(const struct lab *lab, const char *name, const struct network_decl *decl,
        struct strv *out, struct err *err)
{
	static const char *const ways[] = {"gateway", "dns"};
	AUTO_STRV ids = {0};

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		const char *way = net_fact(journal_state(lab->journal), name, ways[i]);
		if (way)
			strv_add(out, way);
	}
	if (host_addresses(decl->bridge, out, err) < 0 || lab_ids(lab->home, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.n; i++) {
		struct journal_state state = {0};
		if (lab_other(lab, ids.v[i], "addresses", &state, err) < 0)
			return -1;
		lab_addresses(&state, out);
		journal_state_clear(&state);
	}
	return 0;
}

/* Nothing of it can be there. */
static bool never_made(const struct lab *lab, const char *name)
{
	AUTO_FREE char *step = xasprintf("lab.network.%s", name);
	const struct step_record *record = journal_step(journal_state(lab->journal), step);

	return !record || record->state == STEP_ABSENT;
}

static int forget_addresses(struct lab *lab, const char *name, struct err *err)
{
	const struct journal_state *state = journal_state(lab->journal);
	AUTO_FREE char *prefix = xasprintf("ip.%s.", name);
	AUTO_STRV keys = {0};

	for (size_t i = 0; i < state->n_facts; i++)
		if (str_starts(state->facts[i].key, prefix))
			strv_add(&keys, state->facts[i].key);
	for (size_t i = 0; i < keys.n; i++)
		if (journal_set(lab->journal, keys.v[i], NULL, err) < 0)
			return -1;
	return 0;
}

/* Two labs that come up at once choose one after the other. */
static int find_and_record(
        struct lab *lab, const char *name, const struct network_decl *decl, struct err *err)
{
	AUTO_FD int fd = lab_home_lock(lab->home, err);
	struct subnet_uses uses = {0};
	struct subnet net = {0};
	int rc = 0;

	if (fd < 0 || check_declared(lab, name, decl, err) < 0)
		return -1;
	if (decl->subnet) {
		rc = value_subnet(decl->subnet, &net, err);
	} else {
		rc = subnet_uses_find(lab, name, &uses, err);
		if (rc == 0)
			rc = choose(lab, name, &uses, &net, err);
	}
	subnet_uses_clear(&uses);
	if (rc < 0 || forget_addresses(lab, name, err) < 0)
		return -1;
	return record_all(lab, name, decl, &net, err);
}

int alloc_subnet(
        struct lab *lab, const char *name, const struct network_decl *decl, struct err *err)
{
	const struct journal_state *state = journal_state(lab->journal);
	const char *subnet = net_fact(state, name, "subnet");
	const char *was = net_fact(state, name, "declared");

	if (!subnet)
		return find_and_record(lab, name, decl, err);
	AUTO_FREE char *now = description(decl, decl->subnet ? decl->subnet : subnet);
	if (str_eq(was, now))
		return 0;
	if (!was && str_eq(name, "default")) {
		struct subnet net; /* of an earlier version, which had no other mode */
		return value_subnet(subnet, &net, err) < 0 ? -1
		                                           : record_all(lab, name, decl, &net, err);
	}
	if (!never_made(lab, name))
		return refuse_change(name, was ? was : "?", now, err);
	return find_and_record(lab, name, decl, err);
}
