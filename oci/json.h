/*
 * Reading config.json by rows: a node is a value and the way to it, so that every error says where
 * in the file it is ("linux.resources.memory.limit: ..."). An absent value and null are the same
 * and no error; unknown keys are ignored, as runtime-spec demands (config.md, "Extensibility").
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <jansson.h>

/* Lives on the caller's stack, like those above it that it points to. */
struct node {
	const struct node *up; /* NULL: the file's top */
	const char *key;       /* NULL: an element of an array */
	size_t index;
	json_t *v; /* borrowed; NULL: absent */
};

/*
 * Text of the file as a tree; the caller releases it with json_decref. Numbers beyond what jansson
 * can hold (up to 2^64-1, as RLIM_INFINITY) are kept. `name` is the file in errors.
 */
MUST_CHECK int json_load(const char *name, const char *text, json_t **out, struct err *err);

/* ERR_CONFIG, "WHERE: ...". -1. */
int node_fail(const struct node *n, struct err *err, const char *fmt, ...) PRINTF_LIKE(3, 4);

struct node node_get(const struct node *object, const char *key);
struct node node_at(const struct node *array, size_t index);
/* Of an array or an object that was checked; 0 if absent. */
size_t node_size(const struct node *n);

/* Each is -1 if the value is there and of another type; without a value *out stays as it is. */
MUST_CHECK int node_object(const struct node *n, struct err *err);
MUST_CHECK int node_array(const struct node *n, struct err *err);
MUST_CHECK int node_bool(const struct node *n, bool *out, struct err *err);
/* Text has no NUL inside; *out is borrowed from the tree. */
MUST_CHECK int node_text(const struct node *n, const char **out, struct err *err);
MUST_CHECK int node_texts(const struct node *n, struct strv *out, struct err *err);
MUST_CHECK int node_int(
        const struct node *n, int64_t min, int64_t max, int64_t *out, struct err *err);
MUST_CHECK int node_u64(const struct node *n, uint64_t *out, struct err *err);
MUST_CHECK int node_u32(const struct node *n, uint32_t *out, struct err *err);

/* As above, and absent is an error: "WHERE: is missing". */
MUST_CHECK int node_need(const struct node *n, struct err *err);

/* An object whose values are all text, as pairs. */
typedef int (*node_pair_fn)(void *ctx, const struct node *pair, const char *value, struct err *err);
MUST_CHECK int node_pairs(const struct node *n, node_pair_fn each, void *ctx, struct err *err);
