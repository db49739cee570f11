#include "base/yaml_parts.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ANCHORS 1000
#define CHUNK       65536

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(16) char bytes[];
};

struct frame {
	struct yaml_node *node;
	struct yaml_node **tail;
	struct yaml_node *key; /* read, its value is not */
	const char *anchor;    /* of this map or list; it can be used once it is complete */
};

struct anchor {
	const char *name;
	const struct yaml_node *node;
};

struct builder {
	struct yaml_doc doc;
	struct frame frames[YAML_MAX_DEPTH];
	size_t depth, nodes, documents, n_anchors;
	struct anchor anchors[MAX_ANCHORS];
	struct yaml_mark where; /* of the event in hand */
	struct err *err;
};

static void *take(struct yaml_doc *doc, size_t size)
{
	struct chunk *chunk = doc->memory;

	size = (size + 15) & ~(size_t)15;
	if (!chunk || chunk->size - chunk->used < size) {
		size_t room = size > CHUNK ? size : CHUNK;
		chunk = xcalloc(1, sizeof(*chunk) + room);
		chunk->size = room;
		chunk->next = doc->memory;
		doc->memory = chunk;
	}
	chunk->used += size;
	return chunk->bytes + chunk->used - size;
}

static const char *take_text(struct yaml_doc *doc, const void *bytes, size_t n)
{
	char *copy = take(doc, n + 1);

	return memcpy(copy, bytes, n);
}

static int fail(struct builder *b, const char *message, const char *hint)
{
	err_set(b->err, ERR_CONFIG, "%s", message);
	return err_hint(b->err, "%s", hint);
}

static struct yaml_node *new_node(struct builder *b, enum yaml_kind kind)
{
	struct yaml_node *node = NULL;

	if (++b->nodes > YAML_MAX_NODES) {
		err_set(b->err, ERR_CONFIG, "more than %d values, counting what aliases repeat",
		        YAML_MAX_NODES);
		return NULL;
	}
	node = take(&b->doc, sizeof(*node));
	*node = (struct yaml_node){.kind = kind, .mark = b->where};
	return node;
}

static int attach(struct builder *b, struct yaml_node *node)
{
	struct frame *top = b->depth ? &b->frames[b->depth - 1] : NULL;

	if (!top) {
		b->doc.root = node;
		return 0;
	}
	if (top->node->kind == YAML_MAP && !top->key) {
		if (node->kind != YAML_SCALAR)
			return fail(b, "a key must be text, not a list or map", "");
		top->key = node;
		return 0;
	}
	node->key = top->key;
	top->key = NULL;
	*top->tail = node;
	top->tail = &node->next;
	top->node->n++;
	return 0;
}

static int add_anchor(struct builder *b, const char *name, const struct yaml_node *node)
{
	if (!name)
		return 0;
	if (b->n_anchors == MAX_ANCHORS)
		return err_set(b->err, ERR_CONFIG, "more than %d anchors", MAX_ANCHORS);
	b->anchors[b->n_anchors++] = (struct anchor){name, node};
	return 0;
}

/* Texts are shared, nodes are not: an alias costs what it expands to, and that is limited. */
static struct yaml_node *copy_node(struct builder *b, const struct yaml_node *from, size_t depth)
{
	if (depth > YAML_MAX_DEPTH) {
		err_set(b->err, ERR_CONFIG, "nested deeper than %d levels", YAML_MAX_DEPTH);
		return NULL;
	}
	struct yaml_node *to = new_node(b, from->kind);
	if (!to)
		return NULL;
	*to = *from;
	to->next = to->first = NULL;
	struct yaml_node **tail = &to->first;
	for (const struct yaml_node *e = from->first; e; e = e->next) {
		if (!(*tail = copy_node(b, e, depth + 1)))
			return NULL;
		tail = &(*tail)->next;
	}
	return to;
}

static int on_alias(struct builder *b, const char *name)
{
	for (size_t i = b->n_anchors; i-- > 0;) {
		if (!str_eq(b->anchors[i].name, name))
			continue;
		struct yaml_node *copy = copy_node(b, b->anchors[i].node, b->depth);
		if (!copy)
			return -1;
		copy->key = NULL;
		return attach(b, copy);
	}
	return err_set(b->err, ERR_CONFIG, "'*%s' refers to nothing above it ('&%s')", name, name);
}

static int check_tag(struct builder *b, const yaml_char_t *tag)
{
	if (!tag)
		return 0;
	AUTO_STR shown = {0};
	str_add_escaped(&shown, (const char *)tag, strlen((const char *)tag));
	return err_set(b->err, ERR_CONFIG, "tags ('%.100s') are not supported", str_text(&shown));
}

static const char *anchor_name(struct builder *b, const yaml_char_t *anchor)
{
	return anchor ? take_text(&b->doc, anchor, strlen((const char *)anchor)) : NULL;
}

static int on_scalar(struct builder *b, const yaml_event_t *e)
{
	size_t n = e->data.scalar.length;

	if (check_tag(b, e->data.scalar.tag) < 0)
		return -1;
	if (memchr(e->data.scalar.value, '\0', n))
		return fail(b, "a NUL character is not allowed", "");
	struct yaml_node *node = new_node(b, YAML_SCALAR);
	if (!node)
		return -1;
	node->text = take_text(&b->doc, e->data.scalar.value, n);
	node->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (add_anchor(b, anchor_name(b, e->data.scalar.anchor), node) < 0)
		return -1;
	return attach(b, node);
}

static int on_start(
        struct builder *b, enum yaml_kind kind, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (check_tag(b, tag) < 0)
		return -1;
	if (b->depth == YAML_MAX_DEPTH)
		return err_set(b->err, ERR_CONFIG, "nested deeper than %d levels", YAML_MAX_DEPTH);
	struct yaml_node *node = new_node(b, kind);
	if (!node || attach(b, node) < 0)
		return -1;
	b->frames[b->depth++] = (struct frame){node, &node->first, NULL, anchor_name(b, anchor)};
	return 0;
}

static int on_end(struct builder *b)
{
	struct frame *top = &b->frames[--b->depth];

	if (top->node->kind == YAML_MAP &&
	        yaml_finish_map(&b->doc, top->node, &b->where, b->err) < 0)
		return -1;
	return add_anchor(b, top->anchor, top->node);
}

static int on_event(struct builder *b, const yaml_event_t *e)
{
	b->where = (struct yaml_mark){(int)e->start_mark.line + 1, (int)e->start_mark.column + 1};
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->documents++)
			return fail(b, "a second document begins here; only one is allowed", "");
		return 0;
	case YAML_SCALAR_EVENT:
		return on_scalar(b, e);
	case YAML_ALIAS_EVENT:
		return on_alias(b, (const char *)e->data.alias.anchor);
	case YAML_SEQUENCE_START_EVENT:
		return on_start(
		        b, YAML_LIST, e->data.sequence_start.anchor, e->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return on_start(
		        b, YAML_MAP, e->data.mapping_start.anchor, e->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_end(b);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return 0;
	}
	return 0;
}

static int read_events(struct builder *b, yaml_parser_t *parser, const char *text, size_t n)
{
	yaml_event_type_t type = YAML_NO_EVENT;

	while (type != YAML_STREAM_END_EVENT) {
		yaml_event_t event;
		if (!yaml_parser_parse(parser, &event))
			return yaml_explain(parser, text, n, &b->where, b->err);
		type = event.type;
		int rc = on_event(b, &event);
		yaml_event_delete(&event);
		if (rc < 0)
			return -1;
	}
	if (!b->doc.root) { /* nothing but comments */
		b->where = (struct yaml_mark){1, 1};
		b->doc.root = new_node(b, YAML_SCALAR);
		b->doc.root->text = "";
	}
	return 0;
}

int yaml_parse(
        const char *text, size_t n, struct yaml_doc *out, struct yaml_mark *where, struct err *err)
{
	yaml_parser_t parser;

	*where = (struct yaml_mark){1, 1};
	if (n > YAML_MAX_BYTES)
		return err_set(err, ERR_CONFIG, "larger than %d bytes", YAML_MAX_BYTES);
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
		text += 3, n -= 3;
	if (!yaml_parser_initialize(&parser))
		abort();
	struct builder *b = xcalloc(1, sizeof(*b));
	b->err = err;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
	int rc = read_events(b, &parser, text, n);
	yaml_parser_delete(&parser);
	if (rc == 0)
		*out = b->doc;
	else
		yaml_clear(&b->doc);
	*where = b->where;
	free(b);
	return rc;
}

void yaml_clear(struct yaml_doc *doc)
{
	struct chunk *chunk = doc->memory;

	while (chunk) {
		struct chunk *next = chunk->next;
		free(chunk);
		chunk = next;
	}
	free(doc->duplicates);
	*doc = (struct yaml_doc){0};
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (map->kind != YAML_MAP)
		return NULL;
	for (const struct yaml_node *e = map->first; e; e = e->next)
		if (str_eq(e->key->text, key))
			return e;
	return NULL;
}

bool yaml_is_empty(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && !node->quoted &&
	        (str_eq(node->text, "") || str_eq(node->text, "~") || str_eq(node->text, "null"));
}

const char *yaml_kind_name(const struct yaml_node *node)
{
	if (yaml_is_empty(node))
		return "nothing";
	return node->kind == YAML_MAP ? "a map" : node->kind == YAML_LIST ? "a list" : "text";
}
