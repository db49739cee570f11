/* The first pass over networks: of a machine. */
#include "lab/check.h"

#include <stdlib.h>
#include <string.h>

#define MAX_NETWORKS 64 /* of one machine */

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
			        "'%s': '%s' stands alone, not in a list", key->name, safe);
	} else if (!declared(r, "networks", node->text)) {
		unknown_network(r, key, node);
	} else {
		problem_add(r->problems, node->mark, "only default, none and host are",
		        "'%s': the network '%s' is not supported yet", key->name, safe);
	}
}

void check_networks(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	struct scope scope = {key->sub, false};
	AUTO_STRV seen = {0};

	if (is_text(node)) {
		check_network(r, key, node, true);
		return;
	}
	if (node->kind != YAML_LIST || !node->n || node->n > MAX_NETWORKS) {
		wrong_shape(r, node, key, node->n > MAX_NETWORKS ? "at most 64 networks" : "");
		return;
	}
	for (const struct yaml_node *e = node->first; e; e = e->next) {
		const struct yaml_node *name = e->kind == YAML_MAP ? yaml_get(e, "name") : e;
		if (e->kind == YAML_MAP)
			check_map(r, &scope, key->name, e);
		else if (!is_text(e))
			wrong_shape(r, e, key, "");
		if (!name || !is_text(name))
			continue;
		check_network(r, key, name, false);
		AUTO_FREE char *safe = shown(name->text);
		if (strv_has(&seen, name->text))
			problem_add(r->problems, name->mark, "", "'%s': '%s' stands there twice",
			        key->name, safe);
		strv_add(&seen, name->text);
	}
}
