#include "core/derive.h"

#include "tests/fake/check_util.h"

#include <stdio.h>
#include <unistd.h>

static struct names a, b;

static void tear_down(void)
{
	names_clear(&a);
	names_clear(&b);
}

static void set_up(void)
{
}

START_TEST(names_follow_from_lab_and_machine)
{
	names_derive(&a, "/h", "0123abcd", "web", "kvm");
	ck_assert_str_eq(a.lab_dir, "/h/labs/0123abcd");
	ck_assert_str_eq(a.dir, "/h/labs/0123abcd/machines/web@kvm");
	ck_assert_str_eq(a.journal, "/h/labs/0123abcd/machines/web@kvm/journal");
	ck_assert_str_eq(a.domain, "prov-0123abcd-web");
	names_derive(&b, "/h", "0123abcd", "web", "kvm");
	ck_assert_str_eq(a.uuid, b.uuid);
	ck_assert_str_eq(a.link, b.link);
}
END_TEST

START_TEST(machines_differ)
{
	static const char *const others[][3] = {{"0123abcd", "web", "container"},
	        {"0123abcd", "web2", "kvm"}, {"0123abce", "web", "kvm"}};

	names_derive(&a, "/h", "0123abcd", "web", "kvm");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		names_derive(&b, "/h", others[i][0], others[i][1], others[i][2]);
		ck_assert_str_ne(a.uuid, b.uuid);
		ck_assert_str_ne(a.link, b.link);
		ck_assert_str_ne(a.dir, b.dir);
		names_clear(&b);
	}
}
END_TEST

START_TEST(links_fit_the_kernel)
{
	/* IFNAMSIZ counts the NUL; a DNS label has at most 63 characters. */
	static const char longest[] =
	        "a23456789012345678901234567890123456789012345678901234567890123";

	names_derive(&a, "/var/lib/prov", "0123abcd", longest, "container");
	ck_assert_uint_le(strlen(a.link), 15);
	for (size_t i = 0; i < DERIVE_LINKS; i++) {
		char link[16], wanted[64];
		link_of(&a, i, link);
		snprintf(wanted, sizeof(wanted), i ? "%s-%zu" : "%s", a.link, i);
		ck_assert_str_eq(link, wanted);
	}
}
END_TEST

START_TEST(uuids_are_uuids)
{
	names_derive(&a, "/h", "0123abcd", "web", "kvm");
	ck_assert_uint_eq(strlen(a.uuid), 36);
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		ck_assert_int_eq(a.uuid[i] == '-', dash);
		ck_assert(dash || strchr("0123456789abcdef", a.uuid[i]));
	}
	/* RFC 9562: version and variant. */
	ck_assert_int_eq(a.uuid[14], '4');
	ck_assert_int_eq(a.uuid[19], '8');
}
END_TEST

START_TEST(addresses_are_local_and_differ)
{
	AUTO_FREE char *one = derive_mac("0123abcd", "web@kvm", "default");
	AUTO_FREE char *same = derive_mac("0123abcd", "web@kvm", "default");
	AUTO_FREE char *two = derive_mac("0123abcd", "web@kvm", "lan");
	AUTO_FREE char *three = derive_mac("0123abcd", "web@container", "default");
	AUTO_FREE char *bridge = derive_network_mac("0123abcd", "default");
	AUTO_FREE char *network = derive_network("0123abcd", "default");

	ck_assert_str_eq(one, same);
	ck_assert_uint_eq(strlen(one), 17);
	ck_assert(str_starts(one, "52:54:00:"));
	ck_assert_str_ne(one, two);
	ck_assert_str_ne(one, three);
	ck_assert_str_ne(one, bridge);
	ck_assert_str_eq(network, "prov-0123abcd-default");
}
END_TEST

START_TEST(home_of_all_state)
{
	static const struct {
		const char *prov_home, *data, *root, *user;
	} rows[] = {
	        {"/x", "/d", "/x", "/x"},
	        {NULL, "/d", "/var/lib/prov", "/d/prov"},
	        {"", NULL, "/var/lib/prov", "/u/.local/share/prov"},
	};

	setenv("HOME", "/u", 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsetenv("PROV_HOME");
		unsetenv("XDG_DATA_HOME");
		if (rows[i].prov_home)
			setenv("PROV_HOME", rows[i].prov_home, 1);
		if (rows[i].data)
			setenv("XDG_DATA_HOME", rows[i].data, 1);
		AUTO_FREE char *home = prov_home();
		ck_assert_str_eq(home, geteuid() == 0 ? rows[i].root : rows[i].user);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {names_follow_from_lab_and_machine, machines_differ,
	        links_fit_the_kernel, uuids_are_uuids, addresses_are_local_and_differ,
	        home_of_all_state};

	return suite_run("derive", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
