/* Rules of prov.yaml as rows, for the suites of the schema: what is refused, where, in which words.
 */
#pragma once

#include "tests/unit/lab/load.h"

#define M "prov: 1\nlab: shop\nmachines:\n" /* the machines begin on line 4 */
#define B "box: tiny"

struct rule {
	const char *text, *problems;
};

/* One file and everything said about it. */
static inline void rule_check(const struct rule *rule)
{
	struct loaded l;

	load_begin(&l);
	load_file(&l, "prov.yaml", rule->text, strlen(rule->text));
	load_now(&l, NULL);
	AUTO_FREE char *problems = load_problems(&l);
	ck_assert_str_eq(problems, rule->problems);
	ck_assert_int_eq(l.rc, -1);
	ck_assert_int_eq(l.err.kind, ERR_CONFIG);
	AUTO_FREE char *message =
	        xasprintf("prov.yaml: %zu problem%s", l.problems.n, l.problems.n == 1 ? "" : "s");
	ck_assert_str_eq(l.err.message, message);
	load_end(&l);
}

/* A suite of rows alone; test calls rule_check with the row of its loop. */
static inline int rules_run(const char *name, const TTest *test, size_t n)
{
	Suite *suite = suite_create(name);
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, test, 0, (int)n);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
