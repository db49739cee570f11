/* The provision items and the ready probe of a machine. */
#include "lab/file/reading.h"

#include "lab/file/value.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = map ? yaml_get(map, key) : NULL;

	return node && node->kind == YAML_SCALAR && !yaml_is_empty(node) ? node->text : NULL;
}

static void fill_shell(
        const struct reading *r, const struct yaml_node *node, struct provision_item *item)
{
	const char *path = text_of(node, "path");
	const struct yaml_node *args = yaml_get(node, "args");

	item->type = PROVISION_SHELL;
	if (node->kind == YAML_SCALAR)
		item->script = xstrdup(node->text);
	if (path)
		item->path = value_path(path, r->folder);
	if (args)
		for (const struct yaml_node *e = args->first; e; e = e->next)
			if (e->kind == YAML_SCALAR)
				strv_add(&item->args, e->text);
}

static void fill_ansible(
        const struct reading *r, const struct yaml_node *node, struct provision_item *item)
{
	bool is_map = node->kind == YAML_MAP;
	const char *path = is_map ? text_of(node, "playbook") : node->text;
	const struct yaml_node *args = is_map ? yaml_get(node, "args") : NULL;

	item->type = PROVISION_ANSIBLE;
	item->path = path ? value_path(path, r->folder) : NULL;
	if (is_map && yaml_get(node, "extra_vars"))
		fill_env(yaml_get(node, "extra_vars"), &item->vars);
	for (const struct yaml_node *e = args ? args->first : NULL; e; e = e->next)
		if (e->kind == YAML_SCALAR)
			strv_add(&item->args, e->text);
}

static void fill_file(
        const struct reading *r, const struct yaml_node *node, struct provision_item *item)
{
	const char *source = text_of(node, "source"), *mode = text_of(node, "mode");

	item->type = PROVISION_FILE;
	item->source = source ? value_path(source, r->folder) : NULL;
	item->destination = xstrdup(text_of(node, "destination"));
	item->owner = xstrdup(text_of(node, "owner"));
	if (mode && value_mode(mode, &item->mode, NULL) < 0)
		item->mode = -1; /* reported by the first pass */
}

static enum provision_run run_of(const char *text)
{
	return str_eq(text, "always") ? RUN_ALWAYS : str_eq(text, "never") ? RUN_NEVER : RUN_ONCE;
}

static void fill_item(
        const struct reading *r, const struct yaml_node *node, struct provision_item *item)
{
	const struct yaml_node *shell = yaml_get(node, "shell"), *file = yaml_get(node, "file");
	const char *timeout = text_of(node, "timeout");

	provision_item_init(item);
	item->place = xasprintf("%s:%d", strrchr(r->lab->file, '/') + 1, node->mark.line);
	item->name = xstrdup(text_of(node, "name"));
	item->run = run_of(text_of(node, "run"));
	item->user = xstrdup(text_of(node, "user"));
	if (!item->user && str_eq(text_of(node, "privileged"), "false"))
		item->user = xstrdup("");
	if (timeout && value_duration(timeout, &item->timeout_ns, NULL) < 0)
		item->timeout_ns = 0; /* reported by the first pass */
	if (yaml_get(node, "env"))
		fill_env(yaml_get(node, "env"), &item->env);
	if (shell)
		fill_shell(r, shell, item);
	else if (file)
		fill_file(r, file, item);
	else if (yaml_get(node, "ansible"))
		fill_ansible(r, yaml_get(node, "ansible"), item);
}

static bool same_list(const struct strv *a, const struct strv *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (!str_eq(a->v[i], b->v[i]))
			return false;
	return a->n == b->n;
}

/* Without a name the mark that an item has run is a digest of these (see provision_mark). */
static bool same_content(const struct provision_item *a, const struct provision_item *b)
{
	return a->type == b->type && str_eq(a->script, b->script) && str_eq(a->path, b->path) &&
	        str_eq(a->source, b->source) && str_eq(a->destination, b->destination) &&
	        str_eq(a->user, b->user) && str_eq(a->owner, b->owner) && a->mode == b->mode &&
	        same_list(&a->args, &b->args) && same_list(&a->vars, &b->vars) &&
	        same_list(&a->env, &b->env);
}

static void refuse_repeated(struct reading *r, const struct yaml_node *const nodes[],
        const struct machine_spec *spec, size_t i)
{
	const struct provision_item *item = &spec->provision[i];

	for (size_t k = 0; k < i; k++) {
		const struct provision_item *other = &spec->provision[k];
		if (item->name && str_eq(item->name, other->name)) {
			AUTO_FREE char *safe = shown(item->name);
			problem_add(r->problems, yaml_get(nodes[i], "name")->mark, "",
			        "'name': '%s' is also the name of the item on line %d", safe,
			        nodes[k]->mark.line);
			return;
		}
		if (!item->name && !other->name && same_content(item, other)) {
			problem_add(r->problems, nodes[i]->mark, "give both a name",
			        "'provision': the item is the same as the one on line %d",
			        nodes[k]->mark.line);
			return;
		}
	}
}

void fill_provision(struct reading *r, const struct layers *l, struct machine_spec *spec)
{
	const struct yaml_node *lists[] = {
	        layers_lower(l, "provision"), layers_upper(l, "provision")};
	AUTO_FREE const struct yaml_node **nodes = NULL;
	size_t room = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (lists[i] && lists[i]->kind == YAML_LIST && lists[i]->n <= MAX_ITEMS)
			room += lists[i]->n;
		else
			lists[i] = NULL;
	if (!room)
		return;
	spec->provision = xcalloc(room, sizeof(*spec->provision));
	nodes = xcalloc(room, sizeof(const struct yaml_node *));
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (!lists[i])
			continue;
		for (const struct yaml_node *e = lists[i]->first; e; e = e->next) {
			if (e->kind != YAML_MAP)
				continue;
			fill_item(r, e, &spec->provision[spec->n_provision]);
			nodes[spec->n_provision] = e;
			refuse_repeated(r, nodes, spec, spec->n_provision++);
		}
	}
}

static const struct probe {
	const char *key;
	enum ready_type type;
} probes[] = {{"tcp", READY_TCP}, {"exec", READY_EXEC}, {"log", READY_LOG}};

static bool fill_probe(const struct yaml_node *map, struct ready_probe *ready)
{
	for (size_t i = 0; map && i < ARRAY_SIZE(probes); i++) {
		const char *text = text_of(map, probes[i].key);
		int64_t port = 0;
		if (!yaml_get(map, probes[i].key))
			continue;
		ready->type = probes[i].type;
		if (ready->type != READY_TCP)
			ready->text = xstrdup(text);
		else if (text && value_int(text, 1, 65535, &port, NULL) == 0)
			ready->port = (int)port;
		return true;
	}
	return false;
}

static void fill_limits(const struct yaml_node *map, struct machine_spec *spec)
{
	int64_t n = 0;

	for (const struct yaml_node *e = map && map->kind == YAML_MAP ? map->first : NULL; e;
	        e = e->next) {
		const struct key *key = schema_find(IN_READY, e->key->text);
		if (key && key->field)
			fill_field(key, e, spec);
		else if (str_eq(e->key->text, "successes") && e->kind == YAML_SCALAR &&
		        value_int(e->text, 1, 1000, &n, NULL) == 0)
			spec->ready.successes = (int)n;
	}
}

void fill_ready(struct reading *r, const struct layers *l, struct machine_spec *spec)
{
	const struct yaml_node *upper = layers_upper(l, "ready"), *lower = layers_lower(l, "ready");

	fill_limits(lower, spec);
	fill_limits(upper, spec);
	if (fill_probe(upper, &spec->ready) || fill_probe(lower, &spec->ready) || !upper)
		return;
	if (upper->kind == YAML_MAP)
		problem_add(r->problems, upper->key->mark, "",
		        "'ready' has exactly one of tcp, exec and log, this one has none");
}
