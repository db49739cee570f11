/*
 * A YAML tree that knows where everything was written. Scalars are text, never typed: what a value
 * means is its reader's business. Reading is bounded in time and memory whatever the input: size,
 * depth and the number of values are limited, and what aliases (`*name`) and merges (`<<`) add
 * counts too. Refused: several documents, tags, keys that are not plain text, NUL characters. The
 * tree is immutable and owned by its document.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#define YAML_MAX_BYTES (1024 * 1024)
#define YAML_MAX_DEPTH 64
#define YAML_MAX_NODES 100000

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_mark {
	int line, column; /* from 1; column in characters */
};

struct yaml_node {
	enum yaml_kind kind;
	struct yaml_mark mark;
	const char *text;            /* of a scalar; otherwise NULL */
	bool quoted;                 /* in quotes or a block: text even where it looks empty */
	const struct yaml_node *key; /* scalar, where this is an entry of a map */
	struct yaml_node *first;     /* of its entries */
	struct yaml_node *next;      /* in the list or map that holds it */
	size_t n;                    /* number of its entries */
};

/* A second entry of the same name; the tree has the first one only. */
struct yaml_duplicate {
	const struct yaml_node *key;
	struct yaml_mark first;
};

struct yaml_doc {
	struct yaml_node *root; /* an empty file is an empty plain scalar */
	struct yaml_duplicate *duplicates;
	size_t n_duplicates; /* the caller refuses the file if there is any */
	void *memory;
};

/* ERR_CONFIG with a message that reads well after "FILE:LINE:COLUMN: "; *where is then set. */
MUST_CHECK int yaml_parse(
        const char *text, size_t n, struct yaml_doc *out, struct yaml_mark *where, struct err *err);
void yaml_clear(struct yaml_doc *doc);

const struct yaml_node *yaml_get(
        const struct yaml_node *map, const char *key); /* NULL: not there */
/* A value that was left out: `key:` with nothing behind it. */
bool yaml_is_empty(const struct yaml_node *node);
const char *yaml_kind_name(const struct yaml_node *node); /* "a map", "a list", "text", "nothing" */
