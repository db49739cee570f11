/*
 * The passes over one prov.yaml, in order: check every value by itself, expand machines into specs,
 * look at what several machines share. Only lab/file/config.c calls them. Later passes meet values
 * that an earlier one has reported: they leave those out, silently. Nodes are borrowed from the
 * YAML document.
 */
#pragma once

#include "lab/file/problem.h"
#include "lab/file/schema.h"

#define MAX_KINDS      2
#define MAX_MACHINES   10000
#define MAX_ENV        1000 /* variables of one map */
#define MAX_ITEMS      1000 /* of one provision: */
#define MAX_NAMED      1000 /* networks, volumes */
#define MAX_EDGES      1000000
#define MAX_SPEC_BYTES (INT64_C(64) << 20)

/* One entry of machines:. Instance i of kind k is spec first + i * n_kinds + k. */
struct decl {
	const struct yaml_node *node; /* its key is the name */
	const char *name;
	size_t first;
	int count;    /* instances */
	bool counted; /* count: was written, so that names have numbers */
	const char *kinds[MAX_KINDS];
	size_t n_kinds;
	const char *main_kind; /* answers to the bare name: the file's first that is made */
	const struct yaml_node *depends_on[MAX_KINDS], *networks[MAX_KINDS], *ports[MAX_KINDS];
};

struct reading {
	const char *folder; /* of the file, absolute */
	const struct yaml_node *root;
	const struct config_options *options;
	struct problems *problems;
	struct lab_decl *lab;
	size_t room; /* for machines of lab */
	struct decl *decls;
	size_t n_decls;
	int64_t bytes; /* of all specs so far */
	bool later;    /* inside a key that is reported as not supported yet */
};

/* False, and reported: the file is of a later format, so that nothing else of it can be judged. */
bool check_format(struct reading *r);
/* Keys, types and values. */
void check_file(struct reading *r);
/* -1: text is no value of this type. Scalar types only. */
MUST_CHECK int check_text(
        const struct reading *r, const struct key *key, const char *text, struct err *err);
bool type_is_scalar(enum value_type type);

/* networks: of the file into lab->networks. */
void read_networks(struct reading *r);
/* By name; NULL: it is default, or there is none. */
const struct network_decl *network_of(const struct reading *r, const char *name);
/* Whether the name is of a network that machines can join. */
bool network_is_known(const struct reading *r, const char *name);

/* Machines into specs. */
void expand_machines(struct reading *r);

/* The keys that hold for one machine as one kind, the strongest first: the machine's section of the
 * kind, the machine, the defaults' section, the defaults. */
enum { LAYER_KIND, LAYER_MACHINE, LAYER_DEFAULT_KIND, LAYER_DEFAULTS, N_LAYERS };
struct layers {
	const struct yaml_node *at[N_LAYERS][MAX_KEYS];
};
void layers_read(struct layers *out, int layer, const struct yaml_node *map, const char *kind);
/* The value that wins; NULL: not given. upper, lower: only the machine's, only the defaults'. */
const struct yaml_node *layers_get(const struct layers *l, enum section section, const char *name);
const struct yaml_node *layers_upper(const struct layers *l, const char *name);
const struct yaml_node *layers_lower(const struct layers *l, const char *name);

/* Everything of the spec but names, instance and depends_on. */
void fill_spec(struct reading *r, const struct decl *decl, const char *kind,
        const struct layers *layers, struct machine_spec *spec);
void fill_provision(struct reading *r, const struct layers *layers, struct machine_spec *spec);
void fill_networks(struct reading *r, const struct decl *decl, const struct layers *layers,
        struct machine_spec *spec);
/* Fixed addresses of a numbered machine count on from the first instance's. */
void fill_instance_addresses(struct machine_spec *spec, int position);
/* A machine's networks: one by one, whether they are written as a name, a map or a list. NULL for
 * before: the first; NULL: no more. */
const struct yaml_node *next_nic(const struct yaml_node *networks, const struct yaml_node *before);
const struct yaml_node *nic_name(const struct yaml_node *nic); /* NULL: not a text */
/* How many instances come before the one of this kind, where they count on together: both kinds
 * with the same list. */
int instance_position(const struct decl *decl, const struct yaml_node *const lists[MAX_KINDS],
        size_t kind, int instance);
/* With the implicit one. */
void fill_folders(struct reading *r, const struct layers *layers, struct machine_spec *spec);
/* volumes: of the file into lab->volumes, before any machine's. */
void read_volumes(struct reading *r);
void fill_volumes(struct reading *r, const struct layers *layers, struct machine_spec *spec);
/* Of instance i of kind k. */
void fill_ports(
        struct reading *r, const struct decl *decl, size_t k, int i, struct machine_spec *spec);
void fill_ready(struct reading *r, const struct layers *layers, struct machine_spec *spec);
/* "K=V" of the map into list, replacing what an earlier map has put there. */
void fill_env(const struct yaml_node *map, struct strv *list);
/* base: where the offsets of the rows begin. Values that do not parse leave the field alone. */
void fill_field(const struct key *key, const struct yaml_node *node, void *base);

/* What machines share: names, dependencies, addresses and ports. */
void check_names(struct reading *r);
void resolve_depends(struct reading *r);
void check_sharing(struct reading *r);
/* What lies below a folder that machines share gets its `top`. */
void relate_folders(struct reading *r);
