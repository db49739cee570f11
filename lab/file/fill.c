/* One machine as one kind: what wins of the machine's keys and the defaults, put into the spec. */
#include "lab/file/reading.h"

#include "lab/file/value.h"

#include <stdlib.h>
#include <string.h>

void layers_read(struct layers *out, int layer, const struct yaml_node *map, const char *kind)
{
	enum section own = !kind ? IN_MACHINE : str_eq(kind, "kvm") ? IN_KVM : IN_CONTAINER;

	memset(out->at[layer], 0, sizeof(out->at[layer]));
	for (const struct yaml_node *e = map ? map->first : NULL; e; e = e->next) {
		if (!e->key)
			return; /* a list where a map belongs */
		const struct key *key = schema_find(own, e->key->text);
		if (!key)
			key = schema_find(IN_MACHINE, e->key->text);
		if (key)
			out->at[layer][schema_index(key)] = e;
	}
}

static const struct yaml_node *first_of(
        const struct layers *l, int from, int to, const struct key *key)
{
	for (int i = from; i <= to; i++)
		if (l->at[i][schema_index(key)])
			return l->at[i][schema_index(key)];
	return NULL;
}

const struct yaml_node *layers_get(const struct layers *l, enum section section, const char *name)
{
	return first_of(l, 0, N_LAYERS - 1, schema_find(section, name));
}

const struct yaml_node *layers_upper(const struct layers *l, const char *name)
{
	return first_of(l, LAYER_KIND, LAYER_MACHINE, schema_find(IN_MACHINE, name));
}

const struct yaml_node *layers_lower(const struct layers *l, const char *name)
{
	return first_of(l, LAYER_DEFAULT_KIND, LAYER_DEFAULTS, schema_find(IN_MACHINE, name));
}

static void fill_texts(const struct yaml_node *node, struct strv *out)
{
	strv_clear(out);
	for (const struct yaml_node *e = node->first; e; e = e->next)
		if (e->kind == YAML_SCALAR)
			strv_add(out, e->text);
}

static void set_text(char **field, const char *text)
{
	free(*field);
	*field = xstrdup(text);
}

void fill_field(const struct key *key, const struct yaml_node *node, void *base)
{
	void *field = (char *)base + key->field;
	int rc = 0;

	if (key->type == TYPE_TEXTS && node->kind == YAML_LIST)
		fill_texts(node, field);
	if (node->kind != YAML_SCALAR || yaml_is_empty(node))
		return;
	if (key->type == TYPE_SIZE)
		rc = value_size(node->text, field, NULL);
	else if (key->type == TYPE_DURATION)
		rc = value_duration(node->text, field, NULL);
	else if (key->type == TYPE_INT)
		rc = value_int(node->text, key->min, key->max, field, NULL);
	else if (key->type == TYPE_CPUS)
		rc = value_cpus(node->text, field, NULL);
	else if (key->type == TYPE_BOOL)
		rc = value_bool(node->text, field, NULL);
	else if (key->type == TYPE_SIGNAL)
		rc = value_signal(node->text, field, NULL);
	else if (key->type == TYPE_MODE)
		rc = value_mode(node->text, field, NULL);
	else
		set_text(field, node->text);
	(void)rc; /* reported by the first pass */
}

void fill_env(const struct yaml_node *map, struct strv *list)
{
	size_t before = list->n; /* a map has every name once */

	if (!map || map->kind != YAML_MAP || map->n > MAX_ENV)
		return;
	for (const struct yaml_node *e = map->first; e; e = e->next) {
		size_t i = 0, n = strlen(e->key->text);
		if (e->kind != YAML_SCALAR)
			continue;
		while (i < before &&
		        !(str_starts(list->v[i], e->key->text) && list->v[i][n] == '='))
			i++;
		if (i == before) {
			strv_addf(list, "%s=%s", e->key->text, e->text);
			continue;
		}
		free(list->v[i]);
		list->v[i] = xasprintf("%s=%s", e->key->text, e->text);
	}
}

static void fill_box(struct reading *r, const struct decl *decl, const struct layers *l,
        struct machine_spec *spec)
{
	const struct yaml_node *node = layers_get(l, IN_MACHINE, "box");
	AUTO_FREE char *safe = shown(decl->name);

	if (!node)
		problem_add(r->problems, decl->node->key->mark, "write box: debian/12",
		        "machine '%s' has no box", safe);
	else if (node->kind == YAML_SCALAR && *node->text && strchr("/.~", *node->text))
		spec->box.name = value_path(node->text, r->folder);
	else if (node->kind == YAML_SCALAR)
		spec->box.name = xstrdup(node->text);
}

/* Maps merge, so that each layer's keys count; a list replaces the one below it. */
static void fill_capabilities(const struct layers *l, struct machine_spec *spec)
{
	size_t at = schema_index(schema_find(IN_CONTAINER, "capabilities"));

	for (int layer = N_LAYERS - 1; layer >= 0; layer--) {
		const struct yaml_node *map = l->at[layer][at];
		for (const struct yaml_node *e = map ? map->first : NULL; e; e = e->next) {
			const struct key *key =
			        e->key ? schema_find(IN_CAPABILITIES, e->key->text) : NULL;
			if (key)
				fill_field(key, e, spec);
		}
	}
}

static void refuse_disk(struct reading *r, const struct layers *l, struct machine_spec *spec)
{
	const struct yaml_node *node = layers_get(l, IN_MACHINE, "disk");

	spec->disk_bytes = 0;
	if (node)
		problem_add(r->problems, node->key->mark,
		        "put it under kvm:", "'disk' is not supported yet for containers");
}

void fill_spec(struct reading *r, const struct decl *decl, const char *kind, const struct layers *l,
        struct machine_spec *spec)
{
	enum section own = str_eq(kind, "kvm") ? IN_KVM : IN_CONTAINER;

	spec_init(spec);
	spec->lab = xstrdup(r->lab->lab);
	spec->domain = xstrdup(r->lab->domain);
	spec->project = xstrdup(r->folder);
	spec->provider = xstrdup(kind);
	for (size_t i = 0; i < schema_n; i++) {
		const struct key *key = &schema[i];
		if (!key->field || (key->section != IN_MACHINE && key->section != own))
			continue;
		const struct yaml_node *node = first_of(l, 0, N_LAYERS - 1, key);
		if (node)
			fill_field(key, node, spec);
	}
	fill_box(r, decl, l, spec);
	fill_networks(r, decl, l, spec);
	fill_env(layers_lower(l, "env"), &spec->env);
	fill_env(layers_upper(l, "env"), &spec->env);
	fill_folders(r, l, spec);
	fill_volumes(r, l, spec);
	fill_provision(r, l, spec);
	fill_ready(r, l, spec);
	if (own == IN_CONTAINER) {
		fill_capabilities(l, spec);
		refuse_disk(r, l, spec);
	}
}
