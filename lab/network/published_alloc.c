/* Ports of the host, checked against what other labs and processes have, and given out. */
#include "lab/network/published.h"

#include "base/fs.h"
#include "lab/network/networks.h"
#include "lab/network/published_others.h"
#include "net/near.h"
#include "net/ports.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Free ports are searched here: below what the kernel hands out to clients (32768). */
enum { FREE_FIRST = 20000, FREE_LAST = 32767 };

static bool overlap(const struct port_map *a, const struct port_map *b)
{
	return a->udp == b->udp && a->host <= b->host_last && b->host <= a->host_last &&
	        host_address_overlap(&a->address, &b->address);
}

static const struct published *holder_of(
        const struct published_list *list, const struct port_map *map)
{
	for (size_t i = 0; i < list->n; i++)
		if (overlap(&list->rows[i].map, map))
			return &list->rows[i];
	return NULL;
}

static int taken(const struct machine_spec *spec, const struct port_map *map, int port,
        const char *by, struct err *err)
{
	AUTO_FREE char *address = host_address_text(&map->address);

	err_set(err, ERR_FAILED, "'%s' would publish port %s:%d/%s of the host, which %s",
	        spec->selector, address, port, map->udp ? "udp" : "tcp", by);
	return err_hint(err,
	        "write another one, or only the machine's port (\"%d\") for any that is free",
	        map->guest);
}

/* Also before the network was made. */
static bool has_ipv6(const struct lab *lab, const struct machine_spec *spec)
{
	const struct nic *nic = net_way_in(spec);
	struct network_decl decl;

	return nic && (nic->address6 || (net_declared(lab, nic->network, &decl) && decl.ipv6));
}

/* Where no address is written it is the loopback of each family that the machine has and the host
 * can do. */
static struct port_map map_of(
        const struct lab *lab, const struct machine_spec *spec, const struct port_use *use)
{
	struct port_map map = {.host = use->host, .host_last = use->host_last, .guest = use->guest};

	if (!host_address_read(use->address, &map.address))
		map.address = host_address_v4(0x7f000001);
	if (map.address.v4 && map.address.v6 && (!has_ipv6(lab, spec) || !ports_loopback6()))
		map.address = host_address_v4(map.address.ip4);
	map.guest_last = use->guest + (use->host ? use->host_last - use->host : use->host_last);
	map.udp = use->udp;
	return map;
}

/* label: the lab's; may be NULL. */
static const struct published *neighbour_of(
        const struct published_others *n, const struct port_map *map, const char **label)
{
	const struct published *other = NULL;

	for (size_t i = 0; !other && i < n->ids.n; i++) {
		other = holder_of(&n->lists[i], map);
		if (other && label)
			*label = n->labels.v[i];
	}
	return other;
}

static int check_neighbours(const struct published_others *n, const struct machine_spec *spec,
        const struct port_map *map, struct err *err)
{
	const char *label = NULL;
	const struct published *other = neighbour_of(n, map, &label);

	if (!other)
		return 0;
	AUTO_FREE char *by = xasprintf("'%s' of the lab %s publishes", other->machine, label);
	int port = other->map.host > map->host ? other->map.host : map->host;
	return taken(spec, map, port, by, err);
}

static int check_host(const struct machine_spec *spec, const struct port_map *map, struct err *err)
{
	struct port_holder holder;
	int rc = port_holder_find(
	        "/proc", &map->address, map->host, map->host_last, map->udp, &holder, err);

	if (rc <= 0)
		return rc;
	AUTO_FREE char *by = holder.pid
	        ? xasprintf("%s (pid %d) listens on", holder.name, holder.pid)
	        : xstrdup("a process that is not to be seen from here listens on");
	return taken(spec, map, holder.port, by, err);
}

static int check_loopback6(
        const struct machine_spec *spec, const struct port_map *map, struct err *err)
{
	if (map->address.v4 || !host_address_is_loopback(&map->address) || ports_loopback6())
		return 0;
	err_set(err, ERR_HOST,
	        "'%s' would publish a port of [::1], which this host cannot lead to a machine: its "
	        "bridges hand IPv6 to the firewall (bridge-nf-call-ip6tables)",
	        spec->selector);
	return err_hint(err,
	        "sysctl net.bridge.bridge-nf-call-ip6tables=0, or publish it on 127.0.0.1 or [::]");
}

bool published_now(const struct lab *lab)
{
	const struct step_record *step = journal_step(&lab->state, "lab.ports");
	char boot[BOOT_ID_LEN + 1];

	return step && step->state == STEP_DONE && clock_boot_id(boot, NULL) == 0 &&
	        str_eq(boot, step->boot_id);
}

/* By the table that was made in this boot, in which a halted machine has nothing. */
static bool stands_already(const struct lab *lab, const struct published_list *own,
        const struct machine *machine, const struct port_map *map)
{
	if (!published_now(lab) || !journal_started(&machine->state))
		return false;
	for (const struct published *row = NULL;
	        (row = published_next(own, machine->spec.selector, row));)
		if (row->map.udp == map->udp &&
		        host_address_same(&row->map.address, &map->address) &&
		        row->map.host <= map->host && row->map.host_last >= map->host_last)
			return true;
	return false;
}

static int check_machine(const struct lab *lab, struct published_others *neighbours,
        const struct published_list *own, const struct machine *machine, struct err *err)
{
	const struct machine_spec *spec = &machine->spec;

	for (size_t i = 0; i < spec->n_ports; i++) {
		struct port_map map = map_of(lab, spec, &spec->ports[i]);
		if (check_loopback6(spec, &map, err) < 0)
			return -1;
		if (!map.host || stands_already(lab, own, machine, &map))
			continue;
		published_others_ask(lab, neighbours);
		if (check_neighbours(neighbours, spec, &map, err) < 0 ||
		        check_host(spec, &map, err) < 0)
			return -1;
	}
	return 0;
}

static bool any_ports(struct machine *const *chosen, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (chosen[i]->spec.n_ports)
			return true;
	return false;
}

int published_check(const struct lab *lab, struct machine *const *chosen, size_t n, struct err *err)
{
	struct published_others neighbours = {0};
	struct published_list own = {0};

	if (!any_ports(chosen, n))
		return 0;
	published_read(&lab->state, &own);
	int rc = published_others_read(lab, &neighbours, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = check_machine(lab, &neighbours, &own, chosen[i], err);
	published_others_clear(&neighbours);
	published_clear(&own);
	return rc;
}

static bool is_free(const struct lab *lab, const struct published_others *neighbours,
        const struct published_list *own, const struct port_map *map)
{
	struct port_holder holder;

	if (holder_of(own, map) || neighbour_of(neighbours, map, NULL) ||
	        port_holder_find("/proc", &map->address, map->host, map->host_last, map->udp,
	                &holder, NULL) != 0)
		return false;
	/* What the file gives to a machine that is not up yet. */
	for (size_t i = 0; i < lab->n; i++) {
		const struct machine_spec *spec = &lab->machines[i].spec;
		for (size_t k = 0; lab->machines[i].in_file && k < spec->n_ports; k++) {
			struct port_map other = map_of(lab, spec, &spec->ports[k]);
			if (other.host && overlap(&other, map))
				return false;
		}
	}
	return true;
}

/* What has ports and what gets some: of other labs, of this one before and from now on. */
struct allocation {
	const struct lab *lab;
	struct published_others neighbours;
	struct published_list old, own;
};

static void allocation_clear(struct allocation *a)
{
	published_others_clear(&a->neighbours);
	published_clear(&a->old);
	published_clear(&a->own);
}

/* Also by a lab of another home, since it was published last. */
static bool is_lost(struct allocation *a, const struct machine *machine, const struct port_map *map)
{
	if (stands_already(a->lab, &a->old, machine, map))
		return false;
	published_others_ask(a->lab, &a->neighbours);
	return neighbour_of(&a->neighbours, map, NULL) != NULL;
}

/* The ones that it had, or the first free ones. */
static int choose(
        struct allocation *a, const struct machine *machine, struct port_map *map, struct err *err)
{
	const char *selector = machine->spec.selector;
	int more = map->guest_last - map->guest;

	for (const struct published *row = NULL; (row = published_next(&a->old, selector, row));) {
		map->host = row->map.host, map->host_last = row->map.host_last;
		if (row->chosen && row->map.udp == map->udp &&
		        host_address_overlap(&row->map.address, &map->address) &&
		        row->map.guest == map->guest && row->map.guest_last == map->guest_last &&
		        !holder_of(&a->own, map) && !is_lost(a, machine, map))
			return 0;
	}
	published_others_ask(a->lab, &a->neighbours);
	for (map->host = FREE_FIRST; map->host + more <= FREE_LAST; map->host += more + 1) {
		map->host_last = map->host + more;
		if (is_free(a->lab, &a->neighbours, &a->own, map))
			return 0;
	}
	return err_set(err, ERR_HOST, "no free port of the host is left for port %d of '%s'",
	        map->guest, selector);
}

static int alloc_machine(struct allocation *a, const struct machine *machine, struct err *err)
{
	const struct machine_spec *spec = &machine->spec;

	for (size_t i = 0; i < spec->n_ports; i++) {
		struct port_map map = map_of(a->lab, spec, &spec->ports[i]);
		bool chosen = !map.host;
		if (chosen && choose(a, machine, &map, err) < 0)
			return -1;
		const struct published *other = holder_of(&a->own, &map);
		if (other) {
			AUTO_FREE char *by = xasprintf("'%s' publishes", other->machine);
			return taken(spec, &map, map.host, by, err);
		}
		if (!stands_already(a->lab, &a->old, machine, &map) &&
		        check_neighbours(&a->neighbours, spec, &map, err) < 0)
			return -1;
		published_add(&a->own, spec->selector, &map, chosen);
	}
	return 0;
}

static bool is_chosen(struct machine *const *chosen, size_t n, const char *selector)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(chosen[i]->spec.selector, selector))
			return true;
	return false;
}

/* Rows of machines that stay as they are: not chosen, and not gone. */
static void keep_others(const struct lab *lab, const struct published_list *old,
        struct machine *const *chosen, size_t n, struct published_list *own)
{
	for (size_t i = 0; i < lab->n; i++) {
		const struct machine *m = &lab->machines[i];
		if (is_chosen(chosen, n, m->spec.selector) || !fs_exists(m->names.journal))
			continue;
		for (const struct published *row = NULL;
		        (row = published_next(old, m->spec.selector, row));)
			published_add(own, row->machine, &row->map, row->chosen);
	}
}

static int record(struct lab *lab, const struct published_list *old,
        const struct published_list *own, const char *machine, struct err *err)
{
	AUTO_FREE char *key = xasprintf(PUBLISHED_FACT "%s", machine);
	AUTO_FREE char *before = published_fact(old, machine), *now = published_fact(own, machine);

	return str_eq(before, now) ? 0 : journal_set(lab->journal, key, now, err);
}

static int record_all(struct lab *lab, const struct published_list *old,
        const struct published_list *own, struct err *err)
{
	for (size_t i = 0; i < old->n; i++)
		if ((i == 0 || !str_eq(old->rows[i].machine, old->rows[i - 1].machine)) &&
		        !published_next(own, old->rows[i].machine, NULL) &&
		        record(lab, old, own, old->rows[i].machine, err) < 0)
			return -1;
	for (size_t i = 0; i < own->n; i++)
		if ((i == 0 || !str_eq(own->rows[i].machine, own->rows[i - 1].machine)) &&
		        record(lab, old, own, own->rows[i].machine, err) < 0)
			return -1;
	return 0;
}

int published_alloc(struct lab *lab, struct machine *const *chosen, size_t n, struct err *err)
{
	struct allocation a = {.lab = lab};
	AUTO_FD int fd = -1;

	published_read(journal_state(lab->journal), &a.old);
	if (!a.old.n && !any_ports(chosen, n))
		return 0;
	int rc = (fd = lab_home_lock(lab->home, err)) < 0
	        ? -1
	        : published_others_read(lab, &a.neighbours, err);
	keep_others(lab, &a.old, chosen, n, &a.own);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = alloc_machine(&a, chosen[i], err);
	if (rc == 0)
		rc = record_all(lab, &a.old, &a.own, err);
	allocation_clear(&a);
	return rc;
}
