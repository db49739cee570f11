/* What two machines cannot both have: a port of the host, a fixed address, a name in a network. */
#include "lab/file/reading.h"

#include "lab/file/value_net.h"

#include <stdlib.h>
#include <string.h>

#define MAX_CLAIMS 10000
#define MAX_LOOKS  100000 /* at entries, whether they claim anything or not */

struct claim {
	const char *network; /* of an address or alias; NULL: a port of the host */
	const char *alias;   /* NULL: an address */
	uint32_t address;    /* in a network */
	struct host_address host;
	bool udp;
	int first, last; /* ports */
	size_t spec;
	struct yaml_mark mark;
};

struct claims {
	struct reading *r;
	struct claim *rows;
	size_t n, looks;
};

static void add_claim(struct claims *c, const struct claim *claim)
{
	if (c->n == MAX_CLAIMS)
		return;
	if ((c->n & (c->n - 1)) == 0)
		c->rows = xrealloc(c->rows, c->n * 2 + 1, sizeof(*c->rows));
	c->rows[c->n++] = *claim;
}

int instance_position(const struct decl *decl, const struct yaml_node *const lists[MAX_KINDS],
        size_t kind, int instance)
{
	bool shared = decl->n_kinds == 2 && lists[0] == lists[1];

	return shared ? instance * 2 + (int)kind : instance;
}

static void claim_port(
        struct claims *c, const struct decl *decl, size_t k, int i, const struct yaml_node *entry)
{
	struct port_map map;
	int at = instance_position(decl, decl->ports, k, i);

	if (entry->kind != YAML_SCALAR || value_port(entry->text, &map, NULL) < 0 || !map.host)
		return;
	struct claim claim = {.host = map.address,
	        .udp = map.udp,
	        .first = map.host,
	        .last = map.host_last,
	        .spec = decl->first + (size_t)i * decl->n_kinds + k,
	        .mark = entry->mark};
	if (map.one_each) {
		AUTO_FREE char *safe = shown(entry->text);
		claim.first = claim.last = map.host + at;
		if (claim.first > map.host_last) {
			problem_add(c->r->problems, entry->mark, "",
			        "'ports': '%s' has fewer ports than there are instances", safe);
			return;
		}
	}
	add_claim(c, &claim);
}

/* The subnet that the address must be in is written in the file, and its first one is the host's.
 */
static bool address_fits(
        struct reading *r, const struct yaml_node *ip, const char *name, uint32_t address)
{
	const struct network_decl *network = network_of(r, name);
	AUTO_FREE char *text = ipv4_text(address), *safe = shown(name);
	struct subnet net;

	if (!network || !network->subnet) {
		problem_add(r->problems, ip->mark, "write its subnet under networks:",
		        "'ip': the network '%s' has no subnet in the file", safe);
		return false;
	}
	if (value_subnet(network->subnet, &net, NULL) < 0)
		return false; /* reported */
	if (!subnet_has(&net, address)) {
		problem_add(r->problems, ip->mark, "",
		        "'ip': %s is no address for a machine in '%s', which is %s", text, safe,
		        network->subnet);
		return false;
	}
	if (network->mode == NET_BRIDGE || address != net.address + 1)
		return true;
	problem_add(r->problems, ip->mark, "machines have the next ones",
	        "'ip': %s is the address of the host in '%s'", text, safe);
	return false;
}

static void claim_address(
        struct claims *c, const struct decl *decl, size_t k, int i, const struct yaml_node *nic)
{
	const struct yaml_node *ip = yaml_get(nic, "ip"), *name = nic_name(nic);
	uint32_t address = 0;

	if (!ip || !name || ip->kind != YAML_SCALAR || !network_is_known(c->r, name->text) ||
	        value_ipv4(ip->text, &address, NULL) < 0)
		return;
	address += (uint32_t)instance_position(decl, decl->networks, k, i);
	if (!address_fits(c->r, ip, name->text, address))
		return;
	add_claim(c,
	        &(struct claim){.network = name->text,
	                .address = address,
	                .spec = decl->first + (size_t)i * decl->n_kinds + k,
	                .mark = ip->mark});
}

/* With several kinds the main one has them, as it has the machine's name. */
static void claim_aliases(
        struct claims *c, const struct decl *decl, size_t k, int i, const struct yaml_node *nic)
{
	const struct yaml_node *list = yaml_get(nic, "aliases"), *name = nic_name(nic);
	bool shared = decl->n_kinds == 2 && decl->networks[0] == decl->networks[1];

	if (!list || !name || list->kind != YAML_LIST ||
	        (shared && !str_eq(decl->kinds[k], decl->main_kind)))
		return;
	for (const struct yaml_node *e = list->first; e; e = e->next, c->looks++)
		if (e->kind == YAML_SCALAR)
			add_claim(c,
			        &(struct claim){.network = name->text,
			                .alias = e->text,
			                .spec = decl->first + (size_t)i * decl->n_kinds + k,
			                .mark = e->mark});
}

static void collect(struct claims *c, const struct decl *decl, size_t k)
{
	const struct yaml_node *ports = decl->ports[k], *nics = decl->networks[k];

	for (int i = 0; i < decl->count && c->n < MAX_CLAIMS && c->looks < MAX_LOOKS; i++) {
		for (const struct yaml_node *e = ports && ports->kind == YAML_LIST ? ports->first
		                                                                   : NULL;
		        e; e = e->next)
			claim_port(c, decl, k, i, e), c->looks++;
		for (const struct yaml_node *e = next_nic(nics, NULL); e; e = next_nic(nics, e)) {
			c->looks++;
			if (e->kind != YAML_MAP)
				continue;
			claim_address(c, decl, k, i, e);
			claim_aliases(c, decl, k, i, e);
		}
	}
}

static bool collide(const struct claim *a, const struct claim *b)
{
	if (a->alias || b->alias)
		return str_eq(a->alias, b->alias) && str_eq(a->network, b->network) &&
		        a->spec != b->spec;
	if (a->network || b->network)
		return str_eq(a->network, b->network) && a->address == b->address;
	return a->udp == b->udp && a->first <= b->last && b->first <= a->last &&
	        host_address_overlap(&a->host, &b->host);
}

static void refuse(struct claims *c, const struct claim *a, const struct claim *b)
{
	const struct machine_spec *machines = c->r->lab->machines;
	AUTO_FREE char *first = shown(machines[a->spec].selector);
	AUTO_FREE char *second = shown(machines[b->spec].selector);

	if (b->alias) {
		AUTO_FREE char *alias = shown(b->alias), *network = shown(b->network);
		problem_add(c->r->problems, b->mark, "give the alias to one of them",
		        "'aliases': %s and %s would both be called '%s' in '%s'", first, second,
		        alias, network);
		return;
	}
	if (b->network) {
		AUTO_FREE char *text = ipv4_text(b->address);
		problem_add(c->r->problems, b->mark, "give one of them another address",
		        "'ip': %s and %s would both have %s", first, second, text);
		return;
	}
	int port = a->first > b->first ? a->first : b->first;
	problem_add(c->r->problems, b->mark,
	        "\"80\" takes any free port, \"8080-8089:80\" one each for the instances",
	        "'ports': %s and %s would both publish port %d of the host", first, second, port);
}

/* Later claims against earlier ones, the first collision of each. */
static void compare(struct claims *c)
{
	for (size_t b = 1; b < c->n && !problems_enough(c->r->problems); b++) {
		for (size_t a = 0; a < b; a++) {
			if (!collide(&c->rows[a], &c->rows[b]))
				continue;
			refuse(c, &c->rows[a], &c->rows[b]);
			break;
		}
	}
}

/* What a machine answers to in every network, without the domain. */
struct own_name {
	const char *text;
	size_t spec;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct own_name *)a)->text, ((const struct own_name *)b)->text);
}

/* The caller frees. */
static struct own_name *own_names(const struct lab_decl *lab, size_t *n)
{
	struct own_name *names = xcalloc(lab->n * 2 + 1, sizeof(*names));

	*n = 0;
	for (size_t i = 0; i < lab->n; i++) {
		const char *const texts[] = {lab->machines[i].hostname, lab->machines[i].alias};
		for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
			if (texts[k])
				names[(*n)++] = (struct own_name){texts[k], i};
	}
	qsort(names, *n, sizeof(*names), by_text);
	return names;
}

static void check_alias(
        struct claims *c, const struct claim *claim, const struct own_name *names, size_t n)
{
	const struct machine_spec *machines = c->r->lab->machines;
	AUTO_FREE char *ending = xasprintf(".%s", machines[claim->spec].domain);
	bool whole = str_ends(claim->alias, ending);
	AUTO_FREE char *text =
	        xstrndup(claim->alias, strlen(claim->alias) - (whole ? strlen(ending) : 0));
	const struct own_name key = {text, 0},
	                      *owner = bsearch(&key, names, n, sizeof(*names), by_text);

	if (!owner || owner->spec == claim->spec)
		return;
	AUTO_FREE char *first = shown(machines[owner->spec].selector);
	AUTO_FREE char *second = shown(machines[claim->spec].selector);
	AUTO_FREE char *alias = shown(claim->alias);
	problem_add(c->r->problems, claim->mark, "give it another alias",
	        "'aliases': %s would be called '%s', as %s is", second, alias, first);
}

static void compare_aliases(struct claims *c)
{
	size_t n;
	AUTO_FREE struct own_name *names = own_names(c->r->lab, &n);

	for (size_t i = 0; i < c->n && !problems_enough(c->r->problems); i++)
		if (c->rows[i].alias)
			check_alias(c, &c->rows[i], names, n);
}

void check_sharing(struct reading *r)
{
	struct claims c = {.r = r};

	for (size_t d = 0; d < r->n_decls; d++)
		for (size_t k = 0; k < r->decls[d].n_kinds; k++)
			collect(&c, &r->decls[d], k);
	compare(&c);
	compare_aliases(&c);
	free(c.rows);
}
