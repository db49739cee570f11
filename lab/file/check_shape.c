/* The first pass over values that are more than one text: maps, lists, and keys with several forms.
 */
#include "lab/file/check.h"

#include "lab/file/value.h"

#include <stdlib.h>
#include <string.h>

static void problem(struct reading *r, const struct yaml_node *node, const struct key *key,
        const struct err *err)
{
	problem_of_key(r->problems, node->mark, key->name, err);
}

static void check_any(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	(void)r, (void)key, (void)node;
}

static void check_env(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	struct err err = {0};

	if (yaml_is_empty(node))
		return;
	if (node->kind != YAML_MAP) {
		wrong_shape(r, node, key, "write { NAME: value }");
		return;
	}
	if (node->n > MAX_ENV)
		problem_add(r->problems, node->mark, "", "'%s': more than %d variables", key->name,
		        MAX_ENV);
	for (const struct yaml_node *e = node->first; e; e = e->next) {
		AUTO_FREE char *safe = shown(e->key->text);
		if (value_variable(e->key->text, &err) < 0)
			problem_of_key(r->problems, e->key->mark, key->name, &err);
		if (e->kind != YAML_SCALAR)
			problem_add(r->problems, e->mark, "",
			        "'%s': the value of '%s' is %s, not text", key->name, safe,
			        yaml_kind_name(e));
	}
}

bool check_list(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	bool good = true;

	if (yaml_is_empty(node))
		return true;
	if (node->kind != YAML_LIST) {
		AUTO_FREE char *safe = node->kind == YAML_SCALAR ? shown(node->text) : NULL;
		AUTO_FREE char *hint = safe ? xasprintf("write [\"%s\"]", safe) : NULL;
		wrong_shape(r, node, key, hint);
		return false;
	}
	for (const struct yaml_node *e = node->first; e; e = e->next) {
		if (e->kind == YAML_SCALAR)
			continue;
		problem_add(r->problems, e->mark, "", "'%s': an item is %s, not text", key->name,
		        yaml_kind_name(e));
		good = false;
	}
	return good;
}

static void check_texts(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	(void)check_list(r, key, node);
}

static void check_ports(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	struct err err = {0};

	if (!check_list(r, key, node))
		return;
	for (const struct yaml_node *e = node->first; e; e = e->next)
		if (check_text(r, key, e->text, &err) < 0)
			problem(r, e, key, &err);
}

static void check_providers(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	static const char *const choices[] = {"container", "kvm", "both", NULL};
	bool seen[MAX_KINDS] = {false};
	struct err err = {0};

	if (node->kind == YAML_SCALAR && !yaml_is_empty(node)) {
		if (value_choice(node->text, choices, &err) < 0)
			problem(r, node, key, &err);
		return;
	}
	if (node->kind != YAML_LIST || !node->n) {
		wrong_shape(r, node, key, "");
		return;
	}
	for (const struct yaml_node *e = node->first; e; e = e->next) {
		if (e->kind != YAML_SCALAR)
			wrong_shape(r, e, key, "");
		else if (value_choice(e->text, schema_kinds, &err) < 0)
			problem(r, e, key, &err);
		for (size_t i = 0; i < MAX_KINDS; i++) {
			if (!str_eq(e->text, schema_kinds[i]))
				continue;
			if (seen[i])
				problem_add(r->problems, e->mark, "",
				        "'%s': '%s' stands there twice", key->name, e->text);
			seen[i] = true;
		}
	}
}

static void check_item(struct reading *r, const struct key *key, const struct yaml_node *item)
{
	static const char *const kinds[] = {"shell", "file", "ansible"};
	struct scope scope = {key->sub, false};
	size_t n = 0;

	if (item->kind != YAML_MAP) {
		wrong_shape(r, item, key, "write { shell: ... } or { file: ... }");
		return;
	}
	check_map(r, &scope, key->name, item);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		n += yaml_get(item, kinds[i]) != NULL;
	if (n != 1)
		problem_add(r->problems, item->mark,
		        n ? "split it into several items" : "write shell: or file:",
		        "'%s': an item has exactly one of shell, file and ansible, this one has %s",
		        key->name, n ? "several" : "none");
	if (yaml_get(item, "user") && yaml_get(item, "privileged"))
		problem_add(r->problems, yaml_get(item, "privileged")->key->mark, "",
		        "'privileged' cannot stand beside 'user'");
}

static void check_items(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	if (node->n > MAX_ITEMS)
		problem_add(r->problems, node->mark, "", "'%s': more than %d items", key->name,
		        MAX_ITEMS);
	else if (node->kind == YAML_LIST)
		for (const struct yaml_node *e = node->first; e; e = e->next)
			check_item(r, key, e);
	else if (!yaml_is_empty(node))
		wrong_shape(r, node, key, "write a list: - shell: ...");
}

static void check_shell(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	struct scope scope = {key->sub, false};

	if (node->kind == YAML_MAP)
		check_map(r, &scope, key->name, node);
	else if (node->kind == YAML_LIST || yaml_is_empty(node))
		wrong_shape(r, node, key, "");
	else if (strspn(node->text, " \t\n") == strlen(node->text))
		problem_add(r->problems, node->mark, "", "'%s': the script is empty", key->name);
}

static void check_ansible(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	const struct key *playbook = schema_find(key->sub, "playbook");
	struct scope scope = {key->sub, false};
	struct err err = {0};

	if (node->kind == YAML_MAP)
		check_map(r, &scope, key->name, node);
	else if (node->kind == YAML_LIST || yaml_is_empty(node))
		wrong_shape(r, node, key, "");
	else if (check_text(r, playbook, node->text, &err) < 0)
		problem_of_key(r->problems, node->mark, key->name, &err);
}

static void check_ready(struct reading *r, const struct yaml_node *node)
{
	size_t n = (yaml_get(node, "tcp") != NULL) + (yaml_get(node, "exec") != NULL) +
	        (yaml_get(node, "log") != NULL);

	if (n > 1)
		problem_add(r->problems, node->key->mark, "",
		        "'ready' has exactly one of tcp, exec and log, this one has several");
}

static void check_submap(struct reading *r, const struct scope *outer, const struct key *key,
        const struct yaml_node *node)
{
	bool defaults = outer->defaults || str_eq(key->name, "defaults");
	struct scope scope = {key->sub, defaults};

	if (node->kind == YAML_MAP) {
		check_map(r, &scope, key->name, node);
		if (key->sub == IN_READY)
			check_ready(r, node);
	} else if (!yaml_is_empty(node) || key->sub == IN_FILE) {
		wrong_shape(r, node, key, "");
	}
}

static void check_named(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	struct scope scope = {key->sub, false};
	struct err err = {0};

	if (node->kind != YAML_MAP) {
		if (!yaml_is_empty(node))
			wrong_shape(r, node, key, "");
		return;
	}
	if (key->sub != IN_MACHINE && node->n > MAX_NAMED)
		problem_add(r->problems, node->key->mark, "", "'%s': more than %d", key->name,
		        MAX_NAMED);
	for (const struct yaml_node *e = node->first; e; e = e->next) {
		AUTO_FREE char *safe = shown(e->key->text);
		if (value_label(e->key->text, &err) < 0)
			problem_of_key(r->problems, e->key->mark, key->name, &err);
		if (key->sub == IN_NETWORK &&
		        (str_eq(e->key->text, "default") || str_eq(e->key->text, "none") ||
		                str_eq(e->key->text, "host")))
			problem_add(r->problems, e->key->mark, "",
			        "'%s': the name '%s' is reserved", key->name, safe);
		if (e->kind == YAML_MAP)
			check_map(r, &scope, e->key->text, e);
		if (e->kind == YAML_MAP && key->sub == IN_NETWORK)
			check_network_decl(r, e);
		if (e->kind != YAML_MAP && !yaml_is_empty(e))
			problem_add(r->problems, e->mark, "",
			        "'%s': a map of keys is expected, not %s", safe, yaml_kind_name(e));
	}
}

static void (*const shapes[N_TYPES])(
        struct reading *r, const struct key *key, const struct yaml_node *node) = {
        [TYPE_ANY] = check_any,
        [TYPE_NAMED] = check_named,
        [TYPE_ENV] = check_env,
        [TYPE_TEXTS] = check_texts,
        [TYPE_PROVIDERS] = check_providers,
        [TYPE_NETWORKS] = check_networks,
        [TYPE_PORTS] = check_ports,
        [TYPE_MOUNTS] = check_mounts,
        [TYPE_FOLDERS] = check_folders,
        [TYPE_ITEMS] = check_items,
        [TYPE_SHELL] = check_shell,
        [TYPE_ANSIBLE] = check_ansible,
};

void check_shape(struct reading *r, const struct scope *scope, const struct key *key,
        const struct yaml_node *node)
{
	if (key->type == TYPE_MAP)
		check_submap(r, scope, key, node);
	else
		shapes[key->type](r, key, node);
}
