/* Which machines a name selects, and which addresses they get. */
#include "tests/unit/lab/lab_open.h"

#include <stdio.h>

static size_t select_count(struct lab *lab, const char *pattern, struct err *err)
{
	struct strv list = {0};
	AUTO_FREE struct machine **chosen = NULL;
	size_t n = 0;

	if (pattern)
		strv_add(&list, pattern);
	int rc = lab_select(lab, &list, &chosen, &n, err);
	strv_clear(&list);
	return rc < 0 ? SIZE_MAX : n;
}

START_TEST(selects_by_name_kind_and_instance)
{
	struct lab lab;
	struct err err = {0};

	lab_fixture_open(fixture.project, &lab);
	ck_assert_uint_eq(select_count(&lab, NULL, &err), 5); /* attic comes up only by name */
	ck_assert_uint_eq(select_count(&lab, "web", &err), 2);
	ck_assert_uint_eq(select_count(&lab, "web@kvm", &err), 1);
	ck_assert_uint_eq(select_count(&lab, "node", &err), 2);
	ck_assert_uint_eq(select_count(&lab, "node-2", &err), 1);
	ck_assert_uint_eq(select_count(&lab, "attic", &err), 1);
	ck_assert_uint_eq(select_count(&lab, "wbe", &err), SIZE_MAX);
	ck_has(err.message, "there is no machine 'wbe' in lab 'shop'");
	ck_has(err.hint, "did you mean 'web'?");
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_uint_eq(select_count(&lab, "db@kvm", &err), SIZE_MAX);
	ck_has(err.message, "there is no machine 'db@kvm'");
	ck_has(err.hint, "it is of another kind: db@container");
	lab_clear(&lab);
}
END_TEST

START_TEST(one_machine_is_asked_for)
{
	struct lab lab;
	struct machine *m;
	struct err err = {0};

	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_select_one(&lab, "web", &m, &err), -1);
	ck_has(err.message, "'web' selects several machines");
	ck_has(err.hint, "web@container, web@kvm");
	ck_assert_int_eq(lab_select_one(&lab, "db", &m, &err), 0);
	ck_assert_str_eq(m->spec.selector, "db@container");
	lab_clear(&lab);
}
END_TEST

START_TEST(a_number_in_a_name_makes_no_instance)
{
	struct lab lab;
	struct err err = {0};

	lab_fixture_write(fixture.project,
	        "prov: 1\nlab: shop\ndefaults: { box: tiny, networks: none }\n"
	        "machines: { app-0: {}, app-1: {} }\n");
	lab_fixture_open(fixture.project, &lab);
	ck_assert_uint_eq(select_count(&lab, "app-1", &err), 1);
	ck_assert_uint_eq(select_count(&lab, "app", &err), SIZE_MAX);
	lab_clear(&lab);
}
END_TEST

START_TEST(addresses_are_allocated_once)
{
	struct lab lab;
	struct err err = {0};

	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	ck_assert_msg(alloc_network(&lab, &err) == 0, "%s", err.message);
	AUTO_FREE char *first =
	        xstrdup(journal_fact(journal_state(lab.journal), "ip.default.web@container"));
	AUTO_FREE char *second =
	        xstrdup(journal_fact(journal_state(lab.journal), "ip.default.web@kvm"));
	ck_assert_ptr_nonnull(first);
	ck_assert_str_ne(first, second);
	ck_assert_ptr_null(journal_fact(journal_state(lab.journal), "ip.default.db@container"));
	lab_clear(&lab);
	/* Another machine in front takes nobody's address. */
	lab_fixture_write(fixture.project,
	        "prov: 1\nlab: shop\ndefaults: { box: tiny, provider: container }\n"
	        "machines: { early: {}, web: { provider: both } }\n");
	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	ck_assert_int_eq(alloc_network(&lab, &err), 0);
	const struct journal_state *state = journal_state(lab.journal);
	ck_assert_str_eq(journal_fact(state, "ip.default.web@container"), first);
	ck_assert_str_eq(journal_fact(state, "ip.default.web@kvm"), second);
	ck_assert_str_ne(journal_fact(state, "ip.default.early@container"), first);
	ck_assert_str_ne(journal_fact(state, "ip.default.early@container"), second);
	alloc_fill(state, &lab.machines[0].spec);
	ck_assert_uint_eq(lab.machines[0].spec.n_nics, 1);
	ck_assert_int_eq(lab.machines[0].spec.nics[0].prefix, 24);
	ck_assert(str_starts(lab.machines[0].spec.nics[0].address, "10."));
	lab_clear(&lab);
}
END_TEST

START_TEST(two_labs_get_two_subnets)
{
	struct lab a, b;
	struct err err = {0};
	AUTO_FREE char *other = xasprintf("%s/other", fixture.root);

	lab_fixture_write(other, three);
	lab_fixture_open(fixture.project, &a);
	lab_fixture_open(other, &b);
	ck_assert_int_eq(lab_lock(&a, &err), 0);
	ck_assert_int_eq(lab_lock(&b, &err), 0);
	ck_assert_int_eq(alloc_network(&a, &err), 0);
	ck_assert_int_eq(alloc_network(&b, &err), 0);
	ck_assert_str_ne(journal_fact(journal_state(a.journal), "net.default.subnet"),
	        journal_fact(journal_state(b.journal), "net.default.subnet"));
	lab_clear(&a);
	lab_clear(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lab_select");
	TCase *cases = tcase_create("lab");

	tcase_add_checked_fixture(cases, begin, end);
	tcase_add_test(cases, selects_by_name_kind_and_instance);
	tcase_add_test(cases, one_machine_is_asked_for);
	tcase_add_test(cases, a_number_in_a_name_makes_no_instance);
	tcase_add_test(cases, addresses_are_allocated_once);
	tcase_add_test(cases, two_labs_get_two_subnets);
	suite_add_tcase(suite, cases);
	return suite_finish(suite);
}
