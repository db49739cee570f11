/* Which machines a file makes: their kinds and names, and what they depend on. */
#include "tests/unit/lab/load.h"

static struct loaded l;

START_TEST(kinds_and_names)
{
	load_good(&l,
	        LOAD_HEAD "defaults: { box: tiny }\n"
	                  "machines:\n"
	                  "  a: { provider: [kvm, container] }\n"
	                  "  b: { provider: [kvm] }\n"
	                  "  c: {}\n"
	                  "  node: { provider: both, count: 2 }\n"
	                  "  one: { count: 1 }\n",
	        NULL);
	/* The bare name is the first written kind's. */
	static const char *const want[][3] = {{"a@container", "a-container", NULL},
	        {"a@kvm", "a-kvm", "a"}, {"b@kvm", "b-kvm", "b"},
	        {"c@container", "c-container", "c"},
	        {"node-1@container", "node-1-container", "node-1"},
	        {"node-1@kvm", "node-1-kvm", NULL},
	        {"node-2@container", "node-2-container", "node-2"},
	        {"node-2@kvm", "node-2-kvm", NULL},
	        {"one-1@container", "one-1-container", "one-1"}};
	ck_assert_int_eq(l.lab.n, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) { /* in file order */
		ck_assert_str_eq(l.lab.machines[i].selector, want[i][0]);
		ck_assert_str_eq(l.lab.machines[i].hostname, want[i][1]);
		ck_assert_pstr_eq(l.lab.machines[i].alias, want[i][2]);
	}
	const struct machine_spec *m = load_machine(&l, "node-2@kvm");
	ck_assert(m->index == 2 && m->count == 2);
	ck_assert_str_eq(m->name, "node-2");
	load_end(&l);
}
END_TEST

START_TEST(the_option_wins)
{
	static const char text[] = LOAD_HEAD "defaults: { box: tiny, provider: kvm }\n"
	                                     "machines:\n  a: { provider: both }\n  b: {}\n";
	load_good(&l, text, "container");
	ck_assert_int_eq(l.lab.n, 2);
	ck_assert_str_eq(load_machine(&l, "a@container")->hostname, "a-container");
	/* Not the file's kind, but somebody must answer to "b". */
	ck_assert_str_eq(load_machine(&l, "b@container")->hostname, "b-container");
	ck_assert_str_eq(load_machine(&l, "b@container")->alias, "b");
	load_end(&l);
	load_good(&l, text, "both");
	ck_assert_int_eq(l.lab.n, 4);
	/* From one kind to two, the first keeps its names. */
	ck_assert_str_eq(load_machine(&l, "b@kvm")->hostname, "b-kvm");
	ck_assert_str_eq(load_machine(&l, "b@kvm")->alias, "b");
	ck_assert_ptr_null(load_machine(&l, "b@container")->alias);
	load_end(&l);
	load_good(&l, text, NULL);
	ck_assert_str_eq(load_machine(&l, "b@kvm")->hostname, "b-kvm");
	ck_assert_str_eq(load_machine(&l, "b@kvm")->alias, "b");
	lab_decl_clear(&l.lab);
	load_now(&l, "kwm");
	ck_assert(l.rc == -1 && l.err.kind == ERR_USAGE);
	ck_assert_str_eq(l.err.message, "provider: 'kwm' is not one of the choices");
	ck_assert_str_eq(l.err.hint, "did you mean 'kvm'?");
	load_end(&l);
}
END_TEST

START_TEST(dependencies)
{
	load_good(&l,
	        LOAD_HEAD "defaults: { box: tiny }\n"
	                  "machines:\n"
	                  "  web: { provider: both, depends_on: [db, cache, node] }\n"
	                  "  db: { provider: both }\n"
	                  "  cache: { provider: kvm }\n"
	                  "  node: { count: 2, depends_on: [db@kvm, db@kvm, db] }\n"
	                  "  last: { depends_on: [node-2, web@kvm], kvm: { depends_on: [db] } }\n"
	                  "  one: { depends_on: [db] }\n",
	        NULL);
	/* Of one kind: all of db; of two kinds: each its own, as far as there is one. */
	load_expect(&load_machine(&l, "one@container")->depends_on, "db@container db@kvm");
	load_expect(&load_machine(&l, "web@container")->depends_on,
	        "db@container cache@kvm node-1@container node-2@container");
	load_expect(&load_machine(&l, "web@kvm")->depends_on,
	        "db@kvm cache@kvm node-1@container node-2@container");
	load_expect(&load_machine(&l, "node-2@container")->depends_on, "db@kvm db@container");
	load_expect(&load_machine(&l, "last@container")->depends_on, "node-2@container web@kvm");
	load_expect(&load_machine(&l, "db@kvm")->depends_on, "");
	load_end(&l);
}
END_TEST

START_TEST(a_long_chain_is_no_circle)
{
	AUTO_STR text = {0};

	str_add(&text, LOAD_HEAD "defaults: { box: tiny }\nmachines:\n  m0: {}\n");
	for (int i = 1; i < 5000; i++)
		str_addf(&text, "  m%d: { depends_on: [m%d] }\n", i, i - 1);
	load_good(&l, text.buf, NULL);
	ck_assert_int_eq(l.lab.n, 5000);
	load_expect(&l.lab.machines[4999].depends_on, "m4998@container");
	load_end(&l);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config_machines");
	TCase *tc = tcase_create("config");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, kinds_and_names);
	tcase_add_test(tc, the_option_wins);
	tcase_add_test(tc, dependencies);
	tcase_add_test(tc, a_long_chain_is_no_circle);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
