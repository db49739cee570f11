/* The first pass over networks: of the file and of a machine. */
#include "lab/file/check.h"

#include "lab/file/value.h"

#include <stdlib.h>
#include <string.h>

#define MAX_NETWORKS 64 /* of one machine */
#define LEAST_MTU6   1280

bool declared(const struct reading *r, const char *section, const char *name)
{
	const struct yaml_node *map = yaml_get(r->root, section);

	return map && (map->n > MAX_NAMED || yaml_get(map, name));
}

static void unknown_network(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	const struct yaml_node *networks = yaml_get(r->root, "networks");
	const char *names[MAX_NETWORKS] = {"default", "none", "host"};
	AUTO_FREE char *safe = shown(node->text), *hint = NULL;
	size_t n = 3;

	for (const struct yaml_node *e = networks ? networks->first : NULL; e && n < MAX_NETWORKS;
	        e = e->next)
		if (e->key)
			names[n++] = e->key->text;
	const char *near = str_nearest(node->text, names, n);
	if (near)
		hint = xasprintf("did you mean '%s'?", near);
	problem_add(r->problems, node->mark,
	        hint ? hint : "declare it under networks:", "'%s': there is no network '%s'",
	        key->name, safe);
}

static void check_network(
        struct reading *r, const struct key *key, const struct yaml_node *node, bool alone)
{
	AUTO_FREE char *safe = shown(node->text);

	if (str_eq(node->text, "default"))
		return;
	if (str_eq(node->text, "none") || str_eq(node->text, "host")) {
		if (!alone)
			problem_add(r->problems, node->mark, "",
			        "'%s': '%s' stands alone, not in a list or map", key->name, safe);
	} else if (!declared(r, "networks", node->text)) {
		unknown_network(r, key, node);
	}
}

static void check_aliases(struct reading *r, const struct yaml_node *list)
{
	AUTO_STRV seen = {0};
	struct err err = {0};

	if (!list || list->kind != YAML_LIST)
		return;
	for (const struct yaml_node *e = list->first; e; e = e->next) {
		if (!is_text(e))
			continue;
		AUTO_FREE char *safe = shown(e->text);
		if (value_domain(e->text, &err) < 0)
			problem_of_key(r->problems, e->mark, "aliases", &err);
		else if (strv_has(&seen, e->text))
			problem_add(r->problems, e->mark, "", "'aliases': '%s' stands there twice",
			        safe);
		if (list->n <= MAX_NAMED)
			strv_add(&seen, e->text);
	}
	if (list->n > MAX_NAMED)
		problem_add(
		        r->problems, list->mark, "", "'aliases': more than %d names", MAX_NAMED);
}

static void check_nic(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	struct scope scope = {key->sub, false};

	if (node->kind == YAML_MAP) {
		check_map(r, &scope, key->name, node);
		check_aliases(r, yaml_get(node, "aliases"));
	} else if (!is_text(node)) {
		wrong_shape(r, node, key, "");
	}
}

void check_networks(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	AUTO_STRV seen = {0};

	if (node->kind != YAML_LIST) {
		check_nic(r, key, node);
		if (nic_name(node))
			check_network(r, key, nic_name(node), node->kind == YAML_SCALAR);
		return;
	}
	if (!node->n || node->n > MAX_NETWORKS) {
		wrong_shape(r, node, key, node->n > MAX_NETWORKS ? "at most 64 networks" : "");
		return;
	}
	for (const struct yaml_node *e = node->first; e; e = e->next) {
		const struct yaml_node *name = nic_name(e);
		check_nic(r, key, e);
		if (!name)
			continue;
		check_network(r, key, name, false);
		AUTO_FREE char *safe = shown(name->text);
		if (strv_has(&seen, name->text))
			problem_add(r->problems, name->mark, "", "'%s': '%s' stands there twice",
			        key->name, safe);
		strv_add(&seen, name->text);
	}
}

static bool is_true(const struct yaml_node *node)
{
	bool value = false;

	return node && is_text(node) && value_bool(node->text, &value, NULL) == 0 && value;
}

static void check_bridged(struct reading *r, const struct yaml_node *network)
{
	const struct yaml_node *bridge = yaml_get(network, "bridge");
	const struct yaml_node *ipv6 = yaml_get(network, "ipv6");

	if (!bridge)
		problem_add(r->problems, network->key->mark, "write bridge: and its name",
		        "'bridge' is missing: mode bridge joins one of the host's");
	else if (is_text(bridge) && (strlen(bridge->text) > 15 || strpbrk(bridge->text, "/ \t:")))
		problem_add(r->problems, bridge->mark, "see 'ip link show type bridge'",
		        "'bridge': that is not the name of a bridge");
	if (!yaml_get(network, "subnet"))
		problem_add(r->problems, network->key->mark,
		        "write the one that the bridge's network has",
		        "'subnet' is missing: with mode bridge it is not prov's to choose");
	if (is_true(ipv6))
		problem_add(r->problems, ipv6->mark, "",
		        "'ipv6': with mode bridge the addresses are not prov's to choose");
}

void check_network_decl(struct reading *r, const struct yaml_node *network)
{
	const struct yaml_node *mode = yaml_get(network, "mode");
	const struct yaml_node *bridge = yaml_get(network, "bridge");
	const struct yaml_node *mtu = yaml_get(network, "mtu");
	int64_t bytes = LEAST_MTU6;

	if (mode && is_text(mode) && str_eq(mode->text, "bridge"))
		check_bridged(r, network);
	else if (bridge)
		problem_add(r->problems, bridge->key->mark, "write mode: bridge",
		        "'bridge' belongs to mode bridge");
	if (is_true(yaml_get(network, "ipv6")) && mtu && is_text(mtu) &&
	        value_int(mtu->text, 0, 65535, &bytes, NULL) == 0 && bytes < LEAST_MTU6)
		problem_add(
		        r->problems, mtu->mark, "", "'mtu': IPv6 needs at least %d", LEAST_MTU6);
}
