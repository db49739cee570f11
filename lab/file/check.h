/* The two halves of the first pass: keys of maps (lab/file/check.c) and values of more than one
 * text (lab/file/check_shape.c). */
#pragma once

#include "lab/file/reading.h"

struct scope {
	enum section section;
	bool defaults; /* under defaults: */
};

/* Every entry of map; name is the key that holds it, NULL: it is the file. */
void check_map(struct reading *r, const struct scope *scope, const char *name,
        const struct yaml_node *map);
/* A value whose type is not a scalar one. */
void check_shape(struct reading *r, const struct scope *scope, const struct key *key,
        const struct yaml_node *node);
/* "'memory': a size is expected, not a list", or that it has no value. */
void wrong_shape(
        struct reading *r, const struct yaml_node *node, const struct key *key, const char *hint);
void check_networks(struct reading *r, const struct key *key, const struct yaml_node *node);
/* What an entry of networks: must have, by its mode. */
void check_network_decl(struct reading *r, const struct yaml_node *network);
void check_folders(struct reading *r, const struct key *key, const struct yaml_node *node);
void check_mounts(struct reading *r, const struct key *key, const struct yaml_node *node);
/* A list of which every item is text; else it is reported. */
bool check_list(struct reading *r, const struct key *key, const struct yaml_node *node);
/* Whether the top of the file has it under networks: or volumes:. */
bool declared(const struct reading *r, const char *section, const char *name);
static inline bool is_text(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && !yaml_is_empty(node);
}
