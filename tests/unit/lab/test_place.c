/* Where the file says what a provider refuses. */
#include "lab/file/place.h"
#include "tests/unit/lab/load.h"

static const char text[] = "prov: 1\n"
                           "defaults:\n"
                           "  box: tiny\n"
                           "  memory: 1MiB\n"
                           "  container:\n"
                           "    capabilities: { drop: [NET_RAW] }\n"
                           "machines:\n"
                           "  web:\n"
                           "    provider: [container, kvm]\n"
                           "    cpus: 2\n"
                           "    kvm: { cpus: 3 }\n"
                           "    container:\n"
                           "      devices: [/dev/null, /dev/zero]\n"
                           "      capabilities: { add: [CHOWN] }\n"
                           "  node:\n"
                           "    count: 2\n"
                           "    cpus: 4\n"
                           "    container: {}\n";

static struct loaded l;

static void is_at(const char *selector, const char *key, int line, int column)
{
	struct yaml_mark mark = place_find(l.lab.source->doc.root, load_machine(&l, selector), key);

	ck_assert_msg(mark.line == line && mark.column == column, "%s %s: %d:%d, not %d:%d",
	        selector, key, mark.line, mark.column, line, column);
}

START_TEST(the_strongest_place)
{
	is_at("web@container", "cpus", 10, 11);
	is_at("web@kvm", "cpus", 11, 18);
	is_at("web@kvm", "memory", 4, 11);
	is_at("node-2@container", "cpus", 17, 11);
}
END_TEST

START_TEST(within_lists_and_maps)
{
	is_at("web@container", "container.devices[1]", 13, 28);
	is_at("web@container", "container.capabilities.add[0]", 14, 29);
	is_at("web@container", "container.capabilities.drop[0]", 6, 28); /* maps merge */
}
END_TEST

START_TEST(what_is_not_written)
{
	is_at("web@container", "container.devices[7]", 13, 16);
	is_at("web@container", "container.init", 13, 7); /* the map that holds it */
	is_at("web@kvm", "kvm.accelerator", 11, 10);
	is_at("web@container", "cpuset", 8, 3);
	is_at("node-1@container", "", 15, 3);
}
END_TEST

START_TEST(an_error_gets_its_place)
{
	const struct machine_spec *spec = load_machine(&l, "web@container");
	struct err err = {0};

	err_of_key(&err, "container.devices", "'%s' is none", "x");
	ck_assert_str_eq(err.message, "container.devices: 'x' is none");
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_int_eq(place_wrap(l.lab.source, spec, &err), -1);
	ck_assert_str_eq(err.message, "prov.yaml:13:16: container.devices: 'x' is none");
	err_set(&err, ERR_CONFIG, "without a key");
	ck_assert_int_eq(place_wrap(l.lab.source, spec, &err), -1);
	ck_assert_str_eq(err.message, "without a key");
	ck_assert_int_eq(place_wrap(NULL, spec, &err), -1);
	ck_assert_str_eq(err.message, "without a key");
}
END_TEST

static void begin(void)
{
	load_good(&l, text, NULL);
}

static void end(void)
{
	load_end(&l);
}

int main(void)
{
	Suite *suite = suite_create("place");
	TCase *tc = tcase_create("place");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, the_strongest_place);
	tcase_add_test(tc, within_lists_and_maps);
	tcase_add_test(tc, what_is_not_written);
	tcase_add_test(tc, an_error_gets_its_place);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
