#include "base/yaml_parts.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	struct yaml_node *node;
	size_t order;
	bool merged, dropped;
};

struct entries {
	struct entry *rows;
	size_t n;
};

/* Arrays double: at 0 and at every power of two there must be room for as many again. */
static bool grows(size_t n)
{
	return (n & (n - 1)) == 0;
}

static void add_entry(struct entries *list, struct yaml_node *node, bool merged)
{
	if (grows(list->n))
		list->rows = xrealloc(list->rows, list->n * 2 + 1, sizeof(*list->rows));
	list->rows[list->n] = (struct entry){.node = node, .order = list->n, .merged = merged};
	list->n++;
}

static int by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int rc = strcmp(x->node->key->text, y->node->key->text);

	return rc ? rc : (x->order > y->order) - (x->order < y->order);
}

static int by_order(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->order > y->order) - (x->order < y->order);
}

static bool is_merge(const struct yaml_node *node)
{
	return !node->key->quoted && str_eq(node->key->text, "<<");
}

static int add_merged(
        struct entries *list, const struct yaml_node *map, struct yaml_mark *where, struct err *err)
{
	if (map->kind != YAML_MAP) {
		*where = map->mark;
		return err_set(err, ERR_CONFIG, "'<<' takes a map or a list of maps");
	}
	for (struct yaml_node *e = map->first; e; e = e->next)
		add_entry(list, e, true);
	return 0;
}

static void drop_repeated(struct yaml_doc *doc, struct entries *list)
{
	size_t first = 0;

	qsort(list->rows, list->n, sizeof(*list->rows), by_key);
	for (size_t i = 1; i < list->n; i++) {
		struct entry *row = &list->rows[i], *kept = &list->rows[first];
		if (!str_eq(row->node->key->text, kept->node->key->text)) {
			first = i;
			continue;
		}
		row->dropped = true;
		if (row->merged)
			continue;
		if (grows(doc->n_duplicates))
			doc->duplicates = xrealloc(doc->duplicates, doc->n_duplicates * 2 + 1,
			        sizeof(*doc->duplicates));
		doc->duplicates[doc->n_duplicates++] =
		        (struct yaml_duplicate){row->node->key, kept->node->key->mark};
	}
	qsort(list->rows, list->n, sizeof(*list->rows), by_order);
}

/* What stands in the map itself wins over what is merged, and the first merged over the next. */
int yaml_finish_map(
        struct yaml_doc *doc, struct yaml_node *map, struct yaml_mark *where, struct err *err)
{
	struct entries list = {0};
	int rc = 0;

	for (struct yaml_node *e = map->first; e; e = e->next)
		add_entry(&list, e, false);
	for (struct yaml_node *e = map->first; e && rc == 0; e = e->next) {
		if (is_merge(e) && e->kind == YAML_LIST)
			for (struct yaml_node *m = e->first; m && rc == 0; m = m->next)
				rc = add_merged(&list, m, where, err);
		else if (is_merge(e))
			rc = add_merged(&list, e, where, err);
	}
	if (rc == 0 && list.n) {
		struct yaml_node **tail = &map->first;
		drop_repeated(doc, &list);
		map->n = 0;
		for (size_t i = 0; i < list.n; i++) {
			if (list.rows[i].dropped || is_merge(list.rows[i].node))
				continue;
			*tail = list.rows[i].node;
			tail = &(*tail)->next;
			map->n++;
		}
		*tail = NULL;
	}
	free(list.rows);
	return rc;
}
