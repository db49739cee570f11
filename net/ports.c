/* The rules of published ports as text, for nft and iptables. Pure. */
#include "net/ports.h"

#include <stdlib.h>
#include <string.h>

void ports_clear(struct ports *p)
{
	for (size_t i = 0; i < p->n_nets; i++) {
		free(p->nets[i].bridge);
		free(p->nets[i].subnet);
		free(p->nets[i].subnet6);
	}
	for (size_t i = 0; i < p->n_rules; i++)
		free(p->rules[i].target);
	free(p->nets);
	free(p->rules);
	free(p->table);
	*p = (struct ports){0};
}

/* The two families, in nft's words and iptables'. */
static const struct family {
	const char *name, *loopback;
} families[] = {{"ip", "127.0.0.0/8"}, {"ip6", "::1"}};

/* "fib daddr type local", an address of the host's; from outside no packet has the loopback's. */
static void add_address(const struct host_address *a, bool no_loopback, struct str *out)
{
	const struct family *f = &families[a->v6];

	if (!host_address_is_all(a)) {
		AUTO_FREE char *text = host_address_text(a);
		size_t bracket = a->v6;
		str_addf(out, "%s daddr %.*s", f->name, (int)(strlen(text) - 2 * bracket),
		        text + bracket);
	} else {
		str_add(out, "fib daddr type local");
		if (no_loopback)
			str_addf(out, " %s daddr != %s", f->name, f->loopback);
	}
}

static void add_rule(const struct ports_rule *r, bool no_loopback, int host, int last, int guest,
        struct str *out)
{
	bool v6 = r->address.v6;

	str_add(out, "\t\t");
	add_address(&r->address, no_loopback, out);
	str_addf(out, " %s dport %d", r->udp ? "udp" : "tcp", host);
	if (last > host)
		str_addf(out, "-%d", last);
	if (guest)
		str_addf(out, " dnat to %s%s%s:%d", v6 ? "[" : "", r->target, v6 ? "]" : "", guest);
	else
		str_addf(out, " dnat to %s", r->target);
	str_addf(out, " comment \"%s\"\n", r->machine);
}

/* A range that is the same on both sides is one rule, which leaves the port alone. In another one,
 * a rule for all would pick any port of the range. */
static void add_rules(const struct ports *p, bool v6, bool outside, struct str *out)
{
	bool no_loopback = outside || (v6 && p->no_loopback6);

	for (size_t i = 0; i < p->n_rules; i++) {
		const struct ports_rule *r = &p->rules[i];
		if (r->address.v6 != v6 || (outside && host_address_is_loopback(&r->address)))
			continue;
		if (r->host == r->guest) {
			add_rule(r, no_loopback, r->host, r->host_last, 0, out);
			continue;
		}
		for (int host = r->host; host <= r->host_last; host++)
			add_rule(r, no_loopback, host, host, r->guest + (host - r->host), out);
	}
}

static const char *subnet_of(const struct ports_net *net, bool v6)
{
	return v6 ? net->subnet6 : net->subnet;
}

/* Before connection tracking these are the addresses on the wire: no machine has the loopback's. */
static void add_guard(const struct ports *p, bool v6, struct str *out)
{
	const struct family *f = &families[v6];

	str_add(out,
	        "\tchain guard {\n\t\ttype filter hook prerouting priority -300; policy "
	        "accept;\n");
	for (size_t i = 0; i < p->n_nets; i++)
		for (int k = 0; k < 2 && subnet_of(&p->nets[i], v6); k++)
			str_addf(out, "\t\tiifname \"%s\" %s %s %s drop\n", p->nets[i].bridge,
			        f->name, k ? "saddr" : "daddr", f->loopback);
	str_add(out, "\t}\n");
}

/* Who asks from the host's loopback or from the machine's own network must be answered through the
 * host, or the answer would come from another address than was asked. */
static void add_back(const struct ports *p, bool v6, struct str *out)
{
	const struct family *f = &families[v6];

	str_add(out,
	        "\tchain back {\n\t\ttype nat hook postrouting priority 100; policy accept;\n");
	for (size_t i = 0; i < p->n_nets; i++) {
		const struct ports_net *net = &p->nets[i];
		const char *subnet = subnet_of(net, v6);
		if (!subnet)
			continue;
		str_addf(out, "\t\toifname \"%s\" ct status dnat ", net->bridge);
		if (v6 ? !net->no_way_back6 : !net->no_way_back)
			str_addf(out, "%s saddr { %s, %s } ", f->name, f->loopback, subnet);
		str_add(out, "masquerade\n");
	}
	str_add(out, "\t}\n");
}

bool ports_any(const struct ports *p, bool v6)
{
	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rules[i].address.v6 == v6)
			return true;
	return false;
}

void ports_removal(const char *table, bool v6, struct str *out)
{
	const char *family = families[v6].name;

	/* Adding what is there is no error, deleting what is not there is one. */
	str_addf(out, "add table %s %s\ndelete table %s %s\n", family, table, family, table);
}

void ports_script(const struct ports *p, bool v6, struct str *out)
{
	ports_removal(p->table, v6, out);
	if (!ports_any(p, v6))
		return;
	str_addf(out, "table %s %s {\n", families[v6].name, p->table);
	add_guard(p, v6, out);
	str_add(out,
	        "\tchain outside {\n\t\ttype nat hook prerouting priority -100; policy "
	        "accept;\n");
	add_rules(p, v6, true, out);
	str_add(out,
	        "\t}\n\tchain host {\n\t\ttype nat hook output priority -100; policy "
	        "accept;\n");
	add_rules(p, v6, false, out);
	str_add(out, "\t}\n");
	add_back(p, v6, out);
	str_add(out, "}\n");
}

char *ports_accept_line(const struct ports *p, const struct ports_net *net, bool v6)
{
	const char *subnet = subnet_of(net, v6);

	/* Both directions: what is translated to the subnet, and the answers. */
	return subnet
	        ? xasprintf("-A FORWARD -m conntrack --ctstate DNAT --ctreplsrc %s -m comment "
	                    "--comment %s -j ACCEPT",
	                  subnet, p->table)
	        : NULL;
}

/* The length of the part that is asked before any of these. */
static size_t before_refusals(const char *listing)
{
	static const char *const targets[] = {" -j DROP", " -j REJECT", " -j LIBVIRT_FW"};
	size_t least = strlen(listing);

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		const char *at = strstr(listing, targets[i]);
		if (at && (size_t)(at - listing) < least)
			least = (size_t)(at - listing);
	}
	return least;
}

bool ports_accepted(const struct ports *p, bool v6, const char *listing)
{
	AUTO_FREE char *first = xstrndup(listing, before_refusals(listing));

	for (size_t i = 0; i < p->n_nets; i++) {
		AUTO_FREE char *line = ports_accept_line(p, &p->nets[i], v6);
		AUTO_FREE char *whole = xasprintf("%s\n", line ? line : "");
		if (line && !strstr(first, whole))
			return false;
	}
	return true;
}
