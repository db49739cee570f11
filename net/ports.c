/* The rules of published ports as text, for nft and iptables. Pure. */
#include "net/ports.h"

#include <stdlib.h>
#include <string.h>

void ports_clear(struct ports *p)
{
	for (size_t i = 0; i < p->n_nets; i++) {
		free(p->nets[i].bridge);
		free(p->nets[i].subnet);
	}
	for (size_t i = 0; i < p->n_rules; i++)
		free(p->rules[i].target);
	free(p->nets);
	free(p->rules);
	free(p->table);
	*p = (struct ports){0};
}

static bool is_loopback(uint32_t address)
{
	return address >> 24 == 127;
}

/* "fib daddr type local", an address of the host's; from outside no packet has 127.x. */
static void add_address(uint32_t a, bool outside, struct str *out)
{
	if (a)
		str_addf(
		        out, "ip daddr %u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
	else
		str_addf(out, "fib daddr type local%s", outside ? " ip daddr != 127.0.0.0/8" : "");
}

static void add_rule(
        const struct ports_rule *r, bool outside, int host, int last, int guest, struct str *out)
{
	str_add(out, "\t\t");
	add_address(r->address, outside, out);
	str_addf(out, " %s dport %d", r->udp ? "udp" : "tcp", host);
	if (last > host)
		str_addf(out, "-%d", last);
	str_addf(out, " dnat to %s", r->target);
	if (guest)
		str_addf(out, ":%d", guest);
	str_addf(out, " comment \"%s\"\n", r->machine);
}

/* A range that is the same on both sides is one rule, which leaves the port alone. In another one,
 * a rule for all would pick any port of the range. */
static void add_rules(const struct ports *p, bool outside, struct str *out)
{
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct ports_rule *r = &p->rules[i];
		if (outside && is_loopback(r->address))
			continue;
		if (r->host == r->guest) {
			add_rule(r, outside, r->host, r->host_last, 0, out);
			continue;
		}
		for (int host = r->host; host <= r->host_last; host++)
			add_rule(r, outside, host, host, r->guest + (host - r->host), out);
	}
}

/* Before connection tracking these are the addresses on the wire: no machine has 127.x. */
static void add_guard(const struct ports *p, struct str *out)
{
	str_add(out,
	        "\tchain guard {\n\t\ttype filter hook prerouting priority -300; policy "
	        "accept;\n");
	for (size_t i = 0; i < p->n_nets; i++)
		for (int k = 0; k < 2; k++)
			str_addf(out, "\t\tiifname \"%s\" ip %s 127.0.0.0/8 drop\n",
			        p->nets[i].bridge, k ? "saddr" : "daddr");
	str_add(out, "\t}\n");
}

/* Who asks from the host's loopback or from the machine's own network must be answered through the
 * host, or the answer would come from another address than was asked. */
static void add_back(const struct ports *p, struct str *out)
{
	str_add(out,
	        "\tchain back {\n\t\ttype nat hook postrouting priority 100; policy accept;\n");
	for (size_t i = 0; i < p->n_nets; i++) {
		const struct ports_net *net = &p->nets[i];
		str_addf(out, "\t\toifname \"%s\" ct status dnat ", net->bridge);
		if (!net->no_way_back)
			str_addf(out, "ip saddr { 127.0.0.0/8, %s } ", net->subnet);
		str_add(out, "masquerade\n");
	}
	str_add(out, "\t}\n");
}

void ports_removal(const char *table, struct str *out)
{
	/* Adding what is there is no error, deleting what is not there is one. */
	str_addf(out, "add table ip %s\ndelete table ip %s\n", table, table);
}

void ports_script(const struct ports *p, struct str *out)
{
	ports_removal(p->table, out);
	if (!p->n_rules)
		return;
	str_addf(out, "table ip %s {\n", p->table);
	add_guard(p, out);
	str_add(out,
	        "\tchain outside {\n\t\ttype nat hook prerouting priority -100; policy "
	        "accept;\n");
	add_rules(p, true, out);
	str_add(out,
	        "\t}\n\tchain host {\n\t\ttype nat hook output priority -100; policy "
	        "accept;\n");
	add_rules(p, false, out);
	str_add(out, "\t}\n");
	add_back(p, out);
	str_add(out, "}\n");
}

char *ports_accept_line(const struct ports *p, const struct ports_net *net)
{
	/* Both directions: what is translated to the subnet, and the answers. */
	return xasprintf("-A FORWARD -m conntrack --ctstate DNAT --ctreplsrc %s -m comment "
	                 "--comment %s -j ACCEPT",
	        net->subnet, p->table);
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

bool ports_accepted(const struct ports *p, const char *listing)
{
	AUTO_FREE char *first = xstrndup(listing, before_refusals(listing));

	for (size_t i = 0; i < p->n_nets; i++) {
		AUTO_FREE char *line = ports_accept_line(p, &p->nets[i]);
		AUTO_FREE char *whole = xasprintf("%s\n", line);
		if (!strstr(first, whole))
			return false;
	}
	return true;
}
