/* Names that two machines would share, and names that are too long for DNS. */
#include "lab/file/reading.h"

#include <stdlib.h>
#include <string.h>

struct claim {
	const char *name;
	const struct decl *decl;
};

static int by_name(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int rc = strcmp(x->name, y->name);

	return rc ? rc : (x->decl > y->decl) - (x->decl < y->decl);
}

static void check_length(struct reading *r, const struct decl *decl)
{
	size_t n = (size_t)decl->count * decl->n_kinds, longest = 0;

	for (size_t i = decl->first + n - decl->n_kinds; i < decl->first + n; i++)
		if (strlen(r->lab->machines[i].hostname) > longest)
			longest = strlen(r->lab->machines[i].hostname);
	if (longest <= 63)
		return;
	AUTO_FREE char *safe = shown(decl->name);
	problem_add(r->problems, decl->node->key->mark, "",
	        "'machines': with its suffixes '%s' has more than 63 characters as a host name",
	        safe);
}

static void refuse_collision(struct reading *r, const struct claim *a, const struct claim *b)
{
	AUTO_FREE char *first = shown(a->decl->name), *second = shown(b->decl->name);
	AUTO_FREE char *name = shown(a->name);

	problem_add(r->problems, b->decl->node->key->mark, "rename one of them",
	        "'machines': '%s' and '%s' (line %d) would both be called '%s'", second, first,
	        a->decl->node->key->mark.line, name);
}

void check_names(struct reading *r)
{
	AUTO_FREE struct claim *claims = xcalloc(r->lab->n * 2 + r->n_decls, sizeof(struct claim));
	size_t n = 0;

	for (size_t d = 0; d < r->n_decls; d++) {
		const struct decl *decl = &r->decls[d];
		size_t specs = (size_t)decl->count * decl->n_kinds;
		check_length(r, decl);
		claims[n++] = (struct claim){decl->name, decl};
		for (size_t i = decl->first; i < decl->first + specs; i++) {
			claims[n++] = (struct claim){r->lab->machines[i].name, decl};
			claims[n++] = (struct claim){r->lab->machines[i].hostname, decl};
		}
	}
	qsort(claims, n, sizeof(*claims), by_name);
	const struct decl *told = NULL; /* one name of the two is enough: others follow from it */
	for (size_t i = 1; i < n; i++) {
		if (!str_eq(claims[i - 1].name, claims[i].name) ||
		        claims[i - 1].decl == claims[i].decl)
			continue;
		if (claims[i].decl != told)
			refuse_collision(r, &claims[i - 1], &claims[i]);
		told = claims[i].decl;
	}
}
