/* depends_on: names into the selectors of concrete machines, and no circles. */
#include "lab/file/reading.h"

#include <stdlib.h>
#include <string.h>

#define MAX_WORDS 1000 /* looked at for a suggestion */

/* What a word can mean: a machine of the file, or one instance of it. */
struct meaning {
	const char *word;
	const struct decl *decl;
	int instance; /* -1: all */
};

/* A machine of the file as one kind, and the specs that it depends on. */
struct group {
	const struct decl *decl;
	size_t kind;
	size_t *targets;
	size_t n;
	bool reported; /* a circle through it */
};

struct graph {
	struct reading *r;
	struct meaning *meanings; /* sorted by word */
	size_t n_meanings;
	struct group *groups; /* MAX_KINDS for each decl */
	size_t *group_of;     /* by spec */
	size_t *stamp;        /* by spec: the group that has it as a target already, plus 1 */
	size_t edges;
};

static int by_word(const void *a, const void *b)
{
	const struct meaning *x = a, *y = b;

	return strcmp(x->word, y->word);
}

static void graph_init(struct graph *g, struct reading *r)
{
	*g = (struct graph){.r = r};
	g->meanings = xcalloc(r->n_decls + r->lab->n, sizeof(*g->meanings));
	g->groups = xcalloc(r->n_decls * MAX_KINDS, sizeof(*g->groups));
	g->group_of = xcalloc(r->lab->n, sizeof(*g->group_of));
	g->stamp = xcalloc(r->lab->n, sizeof(*g->stamp));
	for (size_t d = 0; d < r->n_decls; d++) {
		const struct decl *decl = &r->decls[d];
		g->meanings[g->n_meanings++] = (struct meaning){decl->name, decl, -1};
		for (int i = 0; decl->counted && i < decl->count; i++) {
			size_t at = decl->first + (size_t)i * decl->n_kinds;
			g->meanings[g->n_meanings++] =
			        (struct meaning){r->lab->machines[at].name, decl, i};
		}
		for (size_t k = 0; k < decl->n_kinds; k++) {
			g->groups[d * MAX_KINDS + k] = (struct group){.decl = decl, .kind = k};
			for (size_t i = k; i < (size_t)decl->count * decl->n_kinds;
			        i += decl->n_kinds)
				g->group_of[decl->first + i] = d * MAX_KINDS + k;
		}
	}
	qsort(g->meanings, g->n_meanings, sizeof(*g->meanings), by_word);
}

static void graph_clear(struct graph *g)
{
	for (size_t i = 0; i < g->r->n_decls * MAX_KINDS; i++)
		free(g->groups[i].targets);
	free(g->groups);
	free(g->meanings);
	free(g->group_of);
	free(g->stamp);
}

static void unknown_machine(struct graph *g, const struct yaml_node *entry, const char *name)
{
	AUTO_FREE char *safe = shown(name), *hint = NULL;
	AUTO_FREE const char **words = NULL;

	size_t n = g->n_meanings < MAX_WORDS ? g->n_meanings : MAX_WORDS;
	words = xcalloc(n, sizeof(*words));
	for (size_t i = 0; i < n; i++)
		words[i] = g->meanings[i].word;
	const char *near = problems_enough(g->r->problems) ? NULL : str_nearest(name, words, n);
	if (near)
		hint = xasprintf("did you mean '%s'?", near);
	problem_add(
	        g->r->problems, entry->mark, hint, "'depends_on': there is no machine '%s'", safe);
}

static void add_target(struct graph *g, size_t group, size_t spec)
{
	struct group *own = &g->groups[group];

	if (g->stamp[spec] == group + 1)
		return;
	g->stamp[spec] = group + 1;
	if ((own->n & (own->n - 1)) == 0)
		own->targets = xrealloc(own->targets, own->n * 2 + 1, sizeof(*own->targets));
	own->targets[own->n++] = spec;
	g->edges += (size_t)own->decl->count;
}

static bool has_kind(const struct decl *decl, const char *kind)
{
	for (size_t k = 0; k < decl->n_kinds; k++)
		if (str_eq(decl->kinds[k], kind))
			return true;
	return false;
}

static void add_targets(
        struct graph *g, size_t group, const struct meaning *meaning, const char *kind)
{
	const struct decl *to = meaning->decl;
	int from = meaning->instance < 0 ? 0 : meaning->instance;
	int end = meaning->instance < 0 ? to->count : meaning->instance + 1;

	for (int i = from; i < end && g->edges <= MAX_EDGES; i++)
		for (size_t k = 0; k < to->n_kinds; k++)
			if (!kind || str_eq(to->kinds[k], kind))
				add_target(g, group, to->first + (size_t)i * to->n_kinds + k);
}

static void resolve_entry(struct graph *g, size_t group, const struct yaml_node *entry)
{
	const struct group *own = &g->groups[group];
	const char *at = strchr(entry->text, '@'), *kind = at ? at + 1 : NULL;
	AUTO_FREE char *name =
	        at ? xstrndup(entry->text, (size_t)(at - entry->text)) : xstrdup(entry->text);
	struct meaning word = {.word = name};
	const struct meaning *found =
	        bsearch(&word, g->meanings, g->n_meanings, sizeof(word), by_word);

	if (!found) {
		unknown_machine(g, entry, name);
		return;
	}
	if (kind && !has_kind(found->decl, kind)) {
		AUTO_FREE char *safe = shown(entry->text);
		AUTO_FREE char *hint = xasprintf("there is %s@%s", name, found->decl->kinds[0]);
		problem_add(g->r->problems, entry->mark, hint,
		        "'depends_on': there is no machine '%s'", safe);
		return;
	}
	/* Two chains beside each other where both have two kinds; else all that answer to it. */
	if (!kind && own->decl->n_kinds > 1 && has_kind(found->decl, own->decl->kinds[own->kind]))
		kind = own->decl->kinds[own->kind];
	add_targets(g, group, found, kind);
}

static void resolve_group(struct graph *g, size_t group)
{
	const struct group *own = &g->groups[group];
	const struct yaml_node *list = own->decl->depends_on[own->kind];

	if (!list || list->kind != YAML_LIST)
		return;
	for (const struct yaml_node *e = list->first; e && g->edges <= MAX_EDGES; e = e->next)
		if (e->kind == YAML_SCALAR)
			resolve_entry(g, group, e);
	if (g->edges > MAX_EDGES)
		problem_add(g->r->problems, list->mark, "",
		        "'depends_on': more than %d dependencies in all", MAX_EDGES);
}

/* stack[from..n] is the circle. */
static void report_circle(struct graph *g, const size_t *stack, size_t from, size_t n)
{
	const struct machine_spec *machines = g->r->lab->machines;
	struct group *own = &g->groups[g->group_of[stack[from]]];
	AUTO_STR text = {0};

	if (own->reported)
		return;
	for (size_t i = from; i < n; i++)
		g->groups[g->group_of[stack[i]]].reported = true;
	for (size_t i = from; i < n; i++) {
		if (i == from + 8 && n - i > 2) {
			str_add(&text, "... -> ");
			i = n - 1;
		}
		AUTO_FREE char *safe = shown(machines[stack[i]].selector);
		str_addf(&text, "%s -> ", safe);
	}
	AUTO_FREE char *safe = shown(machines[stack[from]].selector);
	problem_add(g->r->problems, own->decl->depends_on[own->kind]->mark, "",
	        "'depends_on' goes in a circle: %s%s", str_text(&text), safe);
}

enum { WHITE, GREY, BLACK };

/* Depth first, on a stack of its own: a chain may be as long as the lab. */
static void walk_from(
        struct graph *g, size_t start, char *colour, size_t *stack, size_t *next, size_t *position)
{
	size_t depth = 0;

	stack[depth] = start, next[depth] = 0, position[start] = depth++, colour[start] = GREY;
	while (depth) {
		size_t spec = stack[depth - 1];
		const struct group *group = &g->groups[g->group_of[spec]];
		if (next[depth - 1] == group->n) {
			colour[spec] = BLACK;
			depth--;
			continue;
		}
		size_t to = group->targets[next[depth - 1]++];
		if (colour[to] == GREY)
			report_circle(g, stack, position[to], depth);
		if (colour[to] != WHITE)
			continue;
		stack[depth] = to, next[depth] = 0, position[to] = depth++, colour[to] = GREY;
	}
}

static void find_circles(struct graph *g)
{
	size_t n = g->r->lab->n;
	AUTO_FREE char *colour = xcalloc(n, 1);
	AUTO_FREE size_t *stack = xcalloc(n, sizeof(size_t)), *next = xcalloc(n, sizeof(size_t));
	AUTO_FREE size_t *position = xcalloc(n, sizeof(size_t));

	for (size_t i = 0; i < n; i++)
		if (colour[i] == WHITE)
			walk_from(g, i, colour, stack, next, position);
}

void resolve_depends(struct reading *r)
{
	struct lab_decl *lab = r->lab;
	struct graph g;

	graph_init(&g, r);
	for (size_t i = 0; i < r->n_decls * MAX_KINDS && g.edges <= MAX_EDGES; i++)
		if (g.groups[i].decl)
			resolve_group(&g, i);
	if (g.edges <= MAX_EDGES) {
		find_circles(&g);
		for (size_t i = 0; i < lab->n; i++) {
			const struct group *group = &g.groups[g.group_of[i]];
			for (size_t k = 0; k < group->n; k++)
				strv_add(&lab->machines[i].depends_on,
				        lab->machines[group->targets[k]].selector);
		}
	}
	graph_clear(&g);
}
