/* Every machine of the file as every kind and instance, and the names that they get. */
#include "lab/file/reading.h"

#include "lab/file/value.h"

#include <stdlib.h>
#include <string.h>

/* "kvm", "both", "container,kvm": the kinds in the table's order of what is named. */
static size_t kinds_of_text(const char *text, const char *kinds[MAX_KINDS])
{
	size_t n = 0;

	for (size_t i = 0; i < MAX_KINDS; i++) {
		bool named = str_eq(text, "both");
		for (const char *p = text; *p && !named; p += strcspn(p, ","), p += *p == ',')
			named = strcspn(p, ",") == strlen(schema_kinds[i]) &&
			        str_starts(p, schema_kinds[i]);
		if (named)
			kinds[n++] = schema_kinds[i];
	}
	return n;
}

static size_t kinds_of_node(const struct yaml_node *node, const char *kinds[MAX_KINDS])
{
	AUTO_STR text = {0};

	if (node && node->kind == YAML_SCALAR)
		str_add(&text, node->text);
	for (const struct yaml_node *e = node && node->kind == YAML_LIST ? node->first : NULL; e;
	        e = e->next)
		if (e->kind == YAML_SCALAR && text.len < 100)
			str_addf(&text, "%s,", e->text);
	return kinds_of_text(str_text(&text), kinds);
}

static bool has_kind(const struct decl *decl, const char *kind)
{
	for (size_t k = 0; k < decl->n_kinds; k++)
		if (str_eq(decl->kinds[k], kind))
			return true;
	return false;
}

/* As the list is written: decl->kinds has the table's order. */
static const char *first_kind(const struct yaml_node *node, const struct decl *decl)
{
	const struct yaml_node *first = node && node->kind == YAML_LIST ? node->first : NULL;
	bool last = first && first->kind == YAML_SCALAR &&
	        str_eq(first->text, decl->kinds[decl->n_kinds - 1]);

	return decl->kinds[last ? decl->n_kinds - 1 : 0];
}

static void read_kinds(const struct reading *r, const struct layers *l, struct decl *decl)
{
	const struct yaml_node *node = layers_get(l, IN_MACHINE, "provider");

	decl->n_kinds = kinds_of_node(node, decl->kinds);
	if (!decl->n_kinds) /* not given, or reported by the first pass */
		decl->n_kinds = kinds_of_text("container", decl->kinds);
	decl->main_kind = first_kind(node, decl);
	if (r->options && r->options->provider)
		decl->n_kinds = kinds_of_text(r->options->provider, decl->kinds);
	if (!has_kind(decl, decl->main_kind))
		decl->main_kind = decl->kinds[0];
}

static void read_count(const struct layers *l, struct decl *decl)
{
	const struct key *key = schema_find(IN_MACHINE, "count");
	const struct yaml_node *node = l->at[LAYER_MACHINE][schema_index(key)];
	int64_t n = 0;

	decl->count = 1;
	if (!node || node->kind != YAML_SCALAR)
		return;
	if (value_int(node->text, key->min, key->max, &n, NULL) == 0)
		decl->count = (int)n;
	decl->counted = true;
}

static void name_instance(const struct decl *decl, int i, struct machine_spec *spec)
{
	spec->name = decl->counted ? xasprintf("%s-%d", decl->name, i + 1) : xstrdup(decl->name);
	spec->selector = xasprintf("%s@%s", spec->name, spec->provider);
	spec->hostname = xasprintf("%s-%s", spec->name, spec->provider);
	if (str_eq(spec->provider, decl->main_kind))
		spec->alias = xstrdup(spec->name);
	spec->index = i + 1;
	spec->count = decl->counted ? decl->count : 0;
}

/* False: the file would need too much. */
static bool make_room(struct reading *r, const struct decl *decl, int64_t bytes)
{
	size_t more = (size_t)decl->count * decl->n_kinds;

	if (r->lab->n + more > MAX_MACHINES) {
		problem_add(r->problems, decl->node->key->mark, "",
		        "'machines': more than %d machines", MAX_MACHINES);
		return false;
	}
	r->bytes += bytes * decl->count;
	if (r->bytes > MAX_SPEC_BYTES) {
		problem_add(r->problems, decl->node->key->mark, "",
		        "'machines': with their defaults they are larger than 64 MiB");
		return false;
	}
	while (r->room < r->lab->n + more) {
		r->room = r->room * 2 + 16;
		r->lab->machines = xrealloc(r->lab->machines, r->room, sizeof(*r->lab->machines));
	}
	return true;
}

static const struct yaml_node *kind_map(const struct layers *l, int layer, const char *kind)
{
	return l->at[layer][schema_index(schema_find(IN_MACHINE, kind))];
}

/* Fills the specs of decl; its kinds and count are read already. l: a struct for each kind. */
static bool expand_decl(struct reading *r, struct decl *decl, struct layers l[MAX_KINDS])
{
	struct machine_spec protos[MAX_KINDS];
	int64_t bytes = 0;

	for (size_t k = 0; k < decl->n_kinds; k++) {
		const char *kind = decl->kinds[k];
		struct layers *own = &l[str_eq(kind, schema_kinds[0]) ? 0 : 1];
		layers_read(own, LAYER_MACHINE, decl->node, NULL);
		layers_read(own, LAYER_KIND, kind_map(own, LAYER_MACHINE, kind), kind);
		fill_spec(r, decl, kind, own, &protos[k]);
		decl->depends_on[k] = layers_upper(own, "depends_on");
		decl->networks[k] = layers_get(own, IN_MACHINE, "networks");
		decl->ports[k] = layers_get(own, IN_MACHINE, "ports");
		bytes += (int64_t)spec_bytes(&protos[k]);
	}
	bool fits = make_room(r, decl, bytes);
	decl->first = r->lab->n;
	for (int i = 0; fits && i < decl->count; i++) {
		for (size_t k = 0; k < decl->n_kinds; k++) {
			struct machine_spec *spec = &r->lab->machines[r->lab->n++];
			spec_copy(spec, &protos[k]);
			name_instance(decl, i, spec);
			fill_instance_addresses(
			        spec, instance_position(decl, decl->networks, k, i));
			fill_ports(r, decl, k, i, spec);
		}
	}
	for (size_t k = 0; k < decl->n_kinds; k++)
		spec_clear(&protos[k]);
	return fits;
}

void expand_machines(struct reading *r)
{
	const struct yaml_node *machines = yaml_get(r->root, "machines");
	const struct yaml_node *defaults = yaml_get(r->root, "defaults");
	AUTO_FREE struct layers *l = xcalloc(MAX_KINDS, sizeof(*l));

	if (!machines || machines->kind != YAML_MAP)
		return;
	for (size_t k = 0; k < MAX_KINDS; k++) {
		layers_read(&l[k], LAYER_DEFAULTS, defaults, NULL);
		layers_read(&l[k], LAYER_DEFAULT_KIND,
		        kind_map(&l[k], LAYER_DEFAULTS, schema_kinds[k]), schema_kinds[k]);
	}
	r->decls = xcalloc(machines->n, sizeof(*r->decls));
	for (const struct yaml_node *e = machines->first; e; e = e->next) {
		struct decl *decl = &r->decls[r->n_decls];
		if (e->kind != YAML_MAP && !yaml_is_empty(e))
			continue;
		*decl = (struct decl){.node = e, .name = e->key->text};
		memset(l->at[LAYER_KIND], 0, sizeof(l->at[LAYER_KIND]));
		layers_read(l, LAYER_MACHINE, e, NULL);
		read_kinds(r, l, decl);
		read_count(l, decl);
		if (!expand_decl(r, decl, l))
			return;
		r->n_decls++;
	}
}
