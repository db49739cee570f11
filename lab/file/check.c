/* The first pass: every key is known and every value is of its type. All of it is reported. */
#include "lab/file/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where an entry's own name stands; list items have none. */
static struct yaml_mark place(const struct yaml_node *node)
{
	return node->key ? node->key->mark : node->mark;
}

void wrong_shape(
        struct reading *r, const struct yaml_node *node, const struct key *key, const char *hint)
{
	if (yaml_is_empty(node))
		problem_add(r->problems, place(node), hint, "'%s' has no value", key->name);
	else
		problem_add(r->problems, node->mark, hint, "'%s': %s is expected, not %s",
		        key->name, schema_type_name(key->type), yaml_kind_name(node));
}

static bool allowed(const struct scope *scope, const struct key *key)
{
	if (key->section == scope->section)
		return !scope->defaults || key->section != IN_MACHINE ||
		        (key->flags & KEY_DEFAULTS);
	return (scope->section == IN_CONTAINER || scope->section == IN_KVM) &&
	        key->section == IN_MACHINE && (key->flags & KEY_KIND) &&
	        (!scope->defaults || (key->flags & KEY_DEFAULTS));
}

static const struct key *find_key(const struct scope *scope, const char *name)
{
	for (size_t i = 0; i < schema_n; i++)
		if (str_eq(schema[i].name, name) && allowed(scope, &schema[i]))
			return &schema[i];
	return NULL;
}

/* What users of other tools write. */
static const char *foreign_word(const char *name)
{
	static const char *const words[][2] = {{"image", "box"}, {"environment", "env"},
	        {"ram", "memory"}, {"mem", "memory"}, {"vcpus", "cpus"}, {"replicas", "count"},
	        {"scale", "count"}, {"instances", "count"}, {"healthcheck", "ready"},
	        {"services", "machines"}, {"vms", "machines"}, {"containers", "machines"},
	        {"version", "prov"}, {"name", "lab"}, {"inline", "shell"}, {"src", "source"},
	        {"dest", "destination"}, {"type", "provider"}, {"providers", "provider"}};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(words[i][0], name))
			return words[i][1];
	return NULL;
}

/* Sections that are named by the key that holds them, for "it stands under". */
static const char *section_word(enum section section)
{
	static const char *const words[N_SECTIONS] = {[IN_MACHINE] = "a machine",
	        [IN_CONTAINER] = "container",
	        [IN_KVM] = "kvm",
	        [IN_TOP] = "the top of the file",
	        [IN_ITEM] = "an item of provision",
	        [IN_READY] = "ready",
	        [IN_FILE] = "file",
	        [IN_SHELL] = "shell",
	        [IN_ANSIBLE] = "ansible"};

	return words[section];
}

/* Where the key of that name elsewhere in the schema is not what was meant. */
static const char *known_slip(enum section section, const char *name)
{
	static const struct {
		enum section section;
		const char *name, *hint;
	} slips[] = {
	        {IN_SHELL, "inline", "write shell: | and the script below it"},
	        {IN_SHELL, "privileged", "it belongs to the provision item, beside shell"},
	        {IN_FILE, "privileged", "it belongs to the provision item, beside file"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(slips); i++)
		if (slips[i].section == section && str_eq(slips[i].name, name))
			return slips[i].hint;
	return NULL;
}

static void unknown_key(struct reading *r, const struct scope *scope, const struct yaml_node *node)
{
	const char *names[MAX_KEYS], *name = node->key->text, *elsewhere = NULL;
	AUTO_FREE char *safe = shown(name), *hint = NULL;
	size_t n = 0;

	for (size_t i = 0; i < schema_n; i++) {
		if (allowed(scope, &schema[i]))
			names[n++] = schema[i].name;
		else if (!elsewhere && str_eq(schema[i].name, name))
			elsewhere = section_word(schema[i].section);
	}
	const char *slip = known_slip(scope->section, name), *word = foreign_word(name);
	if (!word || !find_key(scope, word))
		word = elsewhere || problems_enough(r->problems) ? NULL
		                                                 : str_nearest(name, names, n);
	if (slip)
		hint = xstrdup(slip);
	else if (word)
		hint = xasprintf("did you mean '%s'?", word);
	else if (scope->defaults && schema_find(IN_MACHINE, name))
		hint = xasprintf("it cannot be a default: write it in the machine");
	else if (elsewhere)
		hint = xasprintf("it belongs to %s", elsewhere);
	problem_add(r->problems, node->key->mark, hint, "unknown key '%s'", safe);
}

static void check_value(struct reading *r, const struct scope *scope, const struct key *key,
        const struct yaml_node *node);

void check_map(
        struct reading *r, const struct scope *scope, const char *name, const struct yaml_node *map)
{
	AUTO_FREE char *quoted = name ? xasprintf("'%s'", name) : xstrdup("the file");

	for (const struct yaml_node *e = map->first; e; e = e->next) {
		const struct key *key = find_key(scope, e->key->text);
		if (key)
			check_value(r, scope, key, e);
		else
			unknown_key(r, scope, e);
	}
	if (scope->section == IN_MACHINE)
		return; /* its box may come from the defaults */
	for (size_t i = 0; i < schema_n; i++)
		if (schema[i].section == scope->section && (schema[i].flags & KEY_REQUIRED) &&
		        !yaml_get(map, schema[i].name))
			problem_add(r->problems, place(map), "", "'%s' is missing in %s",
			        schema[i].name, quoted);
}

static void check_scalar(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	struct err err = {0};

	if (node->kind != YAML_SCALAR || yaml_is_empty(node))
		wrong_shape(r, node, key, "");
	else if (check_text(r, key, node->text, &err) < 0)
		problem_of_key(r->problems, node->mark, key->name, &err);
}

static void check_value(struct reading *r, const struct scope *scope, const struct key *key,
        const struct yaml_node *node)
{
	bool outer = r->later;

	/* What is inside a key that is refused as a whole is checked, but not refused again. */
	r->later = outer || (key->flags & KEY_LATER);
	if (type_is_scalar(key->type))
		check_scalar(r, key, node);
	else
		check_shape(r, scope, key, node);
	r->later = outer;
	if (!outer && (key->flags & KEY_LATER))
		problem_add(r->problems, place(node), "", "'%s' is not supported yet", key->name);
}

bool check_format(struct reading *r)
{
	const struct yaml_node *node = yaml_get(r->root, "prov");
	const char *text = node && node->kind == YAML_SCALAR ? node->text : "";

	if (!*text || strspn(text, "0123456789") != strlen(text) || strtoll(text, NULL, 10) < 2)
		return true;
	problem_add(r->problems, node->mark, "a newer prov is needed",
	        "'prov': the file is of format %.20s, this prov reads format 1", text);
	return false;
}

void check_file(struct reading *r)
{
	struct scope scope = {IN_TOP, false};

	if (r->root->kind == YAML_MAP)
		check_map(r, &scope, NULL, r->root);
	else if (yaml_is_empty(r->root))
		problem_add(r->problems, r->root->mark, "write one with 'prov init'",
		        "the file is empty");
	else
		problem_add(r->problems, r->root->mark,
		        "it begins with prov: 1 and machines:", "the file is %s, not a map of keys",
		        yaml_kind_name(r->root));
}
