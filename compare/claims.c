#include "compare/claims.h"

#include "base/yaml.h"

#include <stdlib.h>

void claims_clear(struct claims *claims)
{
	for (size_t i = 0; i < claims->n; i++) {
		free(claims->rows[i].id);
		free(claims->rows[i].text);
		free(claims->rows[i].source);
		free(claims->rows[i].test);
		free(claims->rows[i].expect);
	}
	free(claims->rows);
	*claims = (struct claims){0};
}

static int misplaced(const struct yaml_node *at, struct err *err, const char *what)
{
	return err_set(err, ERR_CONFIG, "%d:%d: %s", at->mark.line, at->mark.column, what);
}

static int take_text(const struct yaml_node *map, const char *key, char **out, struct err *err)
{
	const struct yaml_node *node = yaml_get(map, key);

	if (!node || node->kind != YAML_SCALAR || yaml_is_empty(node)) {
		AUTO_FREE char *what = xasprintf("a claim needs '%s'", key);
		return misplaced(map, err, what);
	}
	*out = xstrdup(node->text);
	return 0;
}

/* [A, B] becomes "A, B". */
static int take_source(const struct yaml_node *map, char **out, struct err *err)
{
	const struct yaml_node *node = yaml_get(map, "source");
	AUTO_STR text = {0};

	if (!node || node->kind != YAML_LIST || !node->n)
		return misplaced(map, err, "a claim needs 'source', a list");
	for (const struct yaml_node *e = node->first; e; e = e->next) {
		if (e->kind != YAML_SCALAR)
			return misplaced(e, err, "a source is a word");
		str_addf(&text, "%s%s", text.len ? ", " : "", e->text);
	}
	*out = str_steal(&text);
	return 0;
}

static int take_claim(const struct yaml_node *node, struct claims *out, struct err *err)
{
	if (node->kind != YAML_MAP)
		return misplaced(node, err, "a claim is a map");
	out->rows = xrealloc(out->rows, out->n + 1, sizeof(*out->rows));
	struct claim *c = &out->rows[out->n++];
	*c = (struct claim){0};
	if (take_text(node, "id", &c->id, err) < 0 || take_text(node, "claim", &c->text, err) < 0 ||
	        take_text(node, "test", &c->test, err) < 0 ||
	        take_text(node, "expect", &c->expect, err) < 0)
		return -1;
	return take_source(node, &c->source, err);
}

int claims_read(const char *text, size_t n, struct claims *out, struct err *err)
{
	struct yaml_doc doc = {0};
	struct yaml_mark where;

	*out = (struct claims){0};
	if (yaml_parse(text, n, &doc, &where, err) < 0)
		return -1;
	const struct yaml_node *list =
	        doc.root->kind == YAML_MAP ? yaml_get(doc.root, "claims") : NULL;
	int rc = list && list->kind == YAML_LIST
	        ? 0
	        : misplaced(doc.root, err, "the file holds no list of claims");
	for (const struct yaml_node *e = rc == 0 ? list->first : NULL; e && rc == 0; e = e->next)
		rc = take_claim(e, out, err);
	yaml_clear(&doc);
	if (rc < 0)
		claims_clear(out);
	return rc;
}

static const struct claim_test *find_in(const struct claim_test *tests, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(tests[i].name, name))
			return &tests[i];
	return NULL;
}

static const struct claim_test *find_test(const char *name)
{
	const struct claim_test *test = find_in(claim_tests, n_claim_tests, name);

	return test ? test : find_in(claim_facts, n_claim_facts, name);
}

void claims_answer(const struct claims *claims, struct result *result)
{
	for (size_t i = 0; i < claims->n; i++) {
		const struct claim *c = &claims->rows[i];
		const struct claim_test *test = find_test(c->test);
		struct answer answer = {.verdict = VERDICT_NOT_TESTABLE};
		if (test)
			test->answer(result, &answer);
		else
			claim_say(&answer, VERDICT_NOT_TESTABLE, "this prov has no test '%s'",
			        c->test);
		result_claim(result,
		        &(struct claim_result){.id = c->id,
		                .text = c->text,
		                .source = c->source,
		                .verdict = answer.verdict,
		                .figure = str_text(&answer.figure)});
		str_clear(&answer.figure);
	}
}
