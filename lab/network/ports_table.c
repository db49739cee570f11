#include "lab/network/ports_table.h"

#include "lab/network/networks.h"
#include "lab/network/plug.h"
#include "lab/network/published.h"
#include "net/near.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static const struct machine *machine_of(const struct lab *lab, const char *selector)
{
	for (size_t i = 0; i < lab->n; i++)
		if (str_eq(lab->machines[i].spec.selector, selector))
			return &lab->machines[i];
	return NULL;
}

static bool is_among(struct machine *const *list, size_t n, const struct machine *m)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == m)
			return true;
	return false;
}

/* 1: *out is what runs, in the networks where it is now, which need not be what the file says; 0:
 * it does not. The journal is read anew, as this command's workers may have written it. */
static int read_running(
        const struct lab *lab, const struct machine *m, struct machine_spec *out, struct err *err)
{
	struct journal_state state = {0};
	int rc = journal_read(m->names.journal, &state, err);

	if (rc == 0 && journal_started(&state) && state.spec)
		rc = spec_read(state.spec, out, NULL) == 0;
	if (rc == 1)
		plug_recorded(journal_state(lab->journal), out);
	journal_state_clear(&state);
	return rc;
}

static char *bridge_of(const struct lab *lab, const struct nic *nic)
{
	return xstrdup(net_fact(journal_state(lab->journal), nic->network, "bridge"));
}

static char *subnet_of(const struct nic *nic)
{
	uint32_t address = 0;

	if (value_ipv4(nic->address, &address, NULL) < 0 || nic->prefix < 1 || nic->prefix > 32)
		return xstrdup("127.255.255.255/32");
	AUTO_FREE char *text = ipv4_text(address & ~(uint32_t)0 << (32 - nic->prefix));
	return xasprintf("%s/%d", text, nic->prefix);
}

/* The index of the network's row. A machine whose only networks lead nowhere, or to a router that
 * is not the host, answers to the host alone. */
static size_t net_of(const struct lab *lab, struct ports *p, const struct nic *nic, char *bridge)
{
	enum net_mode mode = net_recorded_mode(journal_state(lab->journal), nic->network);

	for (size_t i = 0; i < p->n_nets; i++) {
		if (!str_eq(p->nets[i].bridge, bridge))
			continue;
		free(bridge);
		return i;
	}
	p->nets = xrealloc(p->nets, p->n_nets + 1, sizeof(*p->nets));
	p->nets[p->n_nets] = (struct ports_net){.bridge = bridge,
	        .subnet = subnet_of(nic),
	        .no_way_back = !nic->default_route || !nic->gateway || mode == NET_BRIDGE};
	return p->n_nets++;
}

static char *subnet6_of(const struct nic *nic)
{
	struct in6_addr a;
	char text[INET6_ADDRSTRLEN];

	/* RFC 4193: prov's own are of 64 bits. */
	if (nic->prefix6 != 64 || inet_pton(AF_INET6, nic->address6, &a) != 1)
		return xstrdup("100::/128");
	memset(a.s6_addr + 8, 0, 8);
	return xasprintf("%s/64", inet_ntop(AF_INET6, &a, text, sizeof(text)));
}

static void add_rule(struct ports *p, const struct published *row, const char *machine,
        struct host_address address, const char *target, size_t net)
{
	struct ports_net *n = &p->nets[net];
	bool loopback = (host_address_is_loopback(&address) || host_address_is_all(&address)) &&
	        !(address.v6 && p->no_loopback6);

	*(address.v6 ? &n->loopback6 : &n->loopback) |= loopback;
	p->rules = xrealloc(p->rules, p->n_rules + 1, sizeof(*p->rules));
	p->rules[p->n_rules++] = (struct ports_rule){
	        .machine = machine,
	        .address = address,
	        .host = row->map.host,
	        .host_last = row->map.host_last,
	        .guest = row->map.guest,
	        .udp = row->map.udp,
	        .target = xstrdup(target),
	        .net = net,
	};
}

/* machine: its selector, which outlives p. */
static int add_row(const struct lab *lab, const struct published *row, const char *machine,
        const struct machine_spec *spec, struct ports *p, struct err *err)
{
	const struct nic *nic = net_way_in(spec);

	if (!nic || !nic->address)
		return 0;
	char *bridge = bridge_of(lab, nic);
	if (!bridge)
		return err_set(err, ERR_FAILED,
		        "the network '%s' of '%s', which publishes ports, is not up", nic->network,
		        row->machine);
	const struct host_address *address = &row->map.address;
	size_t net = net_of(lab, p, nic, bridge);
	if (address->v4)
		add_rule(p, row, machine, host_address_v4(address->ip4), nic->address, net);
	if (!address->v6 || !nic->address6)
		return 0;
	add_rule(p, row, machine, host_address_v6(&address->ip6), nic->address6, net);
	if (!p->nets[net].subnet6)
		p->nets[net].subnet6 = subnet6_of(nic);
	p->nets[net].no_way_back6 = !nic->default_route || !nic->gateway6;
	return 0;
}

static int add_rows(const struct ports_who *who, const struct machine *m,
        const struct published_list *list, struct ports *p, struct err *err)
{
	bool coming = is_among(who->coming, who->n_coming, m);
	struct machine_spec running = {0};
	const struct machine_spec *spec = coming ? &m->spec : &running;
	int rc = coming                                 ? 1
	        : is_among(who->ended, who->n_ended, m) ? 0
	                                                : read_running(who->lab, m, &running, err);

	for (const struct published *row = NULL;
	        rc > 0 && (row = published_next(list, m->spec.selector, row));)
		rc = add_row(who->lab, row, m->spec.selector, spec, p, err) < 0 ? -1 : 1;
	spec_clear(&running);
	return rc < 0 ? -1 : 0;
}

char *lab_ports_table(const struct lab *lab)
{
	return xasprintf("prov-%s", lab->id);
}

int lab_ports_build(const struct ports_who *who, struct ports *p, struct err *err)
{
	const struct lab *lab = who->lab;
	struct published_list list = {0};
	int rc = 0;

	*p = (struct ports){.table = lab_ports_table(lab), .no_loopback6 = !ports_loopback6()};
	published_read(journal_state(lab->journal), &list);
	/* In the journal's order, so that the rules are the same whatever the file's is now. */
	for (size_t i = 0; rc == 0 && i < list.n; i++) {
		const struct machine *m = machine_of(lab, list.rows[i].machine);
		if (m && (i == 0 || !str_eq(list.rows[i].machine, list.rows[i - 1].machine)))
			rc = add_rows(who, m, &list, p, err);
	}
	published_clear(&list);
	if (rc < 0)
		ports_clear(p);
	return rc;
}
