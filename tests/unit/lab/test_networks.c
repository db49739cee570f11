/* Numbers of several networks: found, compared, recorded once, and what is filled from them. */
#include "lab/lab_plan.h"
#include "lab/network/networks.h"

#include "base/fs.h"
#include "tests/fake/check_util.h"
#include "tests/unit/lab/lab_fixture.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fixture fixture;

static const char several[] =
        "prov: 1\nlab: shop\ndomain: shop.test\ndefaults: { box: tiny }\n"
        "networks:\n"
        "  lan: { subnet: 10.200.40.0/24, ipv6: true }\n"
        "  back: { mode: isolated }\n"
        "machines:\n"
        "  web: { networks: [lan, back] }\n"
        "  db: { networks: { name: lan, ip: 10.200.40.2, aliases: [sql, db.example.org] } }\n"
        "  own: {}\n";

static void set_up(void)
{
	lab_fixture_begin(&fixture);
	lab_fixture_write(fixture.project, several);
}

static void tear_down(void)
{
	lab_fixture_end(&fixture);
}

/* Reopens the lab with another file; what alloc_network says. */
static void expect_refused(const char *text, const char *message, const char *hint)
{
	struct lab lab;
	struct err err = {0};

	lab_fixture_write(fixture.project, text);
	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	ck_assert_int_eq(alloc_network(&lab, &err), -1);
	ck_assert_str_eq(err.message, message);
	ck_assert_str_eq(err.hint, hint);
	lab_clear(&lab);
}

START_TEST(each_network_has_its_numbers)
{
	struct lab lab;

	lab_fixture_allocate(fixture.project, &lab);
	ck_assert_str_eq(lab_fixture_fact(&lab, "net.lan.subnet"), "10.200.40.0/24");
	ck_assert_str_eq(lab_fixture_fact(&lab, "net.lan.mode"), "nat");
	ck_assert_str_eq(lab_fixture_fact(&lab, "net.back.mode"), "isolated");
	ck_assert_str_eq(lab_fixture_fact(&lab, "net.back.gateway"), "-");
	ck_assert_ptr_null(net_fact(journal_state(lab.journal), "back", "subnet6"));
	ck_assert_str_ne(lab_fixture_fact(&lab, "net.back.subnet"),
	        lab_fixture_fact(&lab, "net.default.subnet"));
	/* db's address is written, so that web, which comes first, has the next one. */
	ck_assert_str_eq(lab_fixture_fact(&lab, "ip.lan.db@container"), "10.200.40.2");
	ck_assert_str_eq(lab_fixture_fact(&lab, "ip.lan.web@container"), "10.200.40.3");
	ck_assert_ptr_nonnull(lab_fixture_fact(&lab, "ip.back.web@container"));
	ck_assert_ptr_null(lab_fixture_fact(&lab, "ip.back.db@container"));

	const struct machine_spec *web = &lab.machines[0].spec;
	ck_assert_uint_eq(web->n_nics, 2);
	const struct nic *nic = &web->nics[0];
	ck_assert(nic->default_route && nic->prefix == 24 && nic->prefix6 == 64);
	ck_assert_str_eq(nic->address, "10.200.40.3");
	ck_assert_str_eq(nic->gateway, "10.200.40.1");
	ck_assert_str_eq(nic->dns, "10.200.40.1");
	AUTO_FREE char *subnet6 = derive_subnet6(lab.id, "lan");
	AUTO_FREE char *address6 = xasprintf("%s3", subnet6);
	AUTO_FREE char *gateway6 = xasprintf("%s1", subnet6);
	ck_assert(str_starts(subnet6, "fd") && str_ends(subnet6, "::"));
	ck_assert_str_eq(nic->address6, address6);
	ck_assert_str_eq(nic->gateway6, gateway6);
	nic = &web->nics[1];
	ck_assert(!nic->default_route && !nic->gateway && nic->dns && !nic->address6);
	ck_assert_str_ne(nic->mac, web->nics[0].mac);
	ck_assert(str_ends(nic->libvirt, "-back"));

	const struct machine_spec *db = &lab.machines[1].spec;
	ck_assert_uint_eq(db->hosts.n, 2);
	ck_assert_str_eq(db->hosts.v[0],
	        "10.200.40.2 db-container.shop.test db-container db.shop.test db "
	        "sql.shop.test sql db.example.org");
	/* Filled again, nothing is there twice. */
	alloc_fill(journal_state(lab.journal), &lab.machines[1].spec);
	ck_assert_uint_eq(db->hosts.n, 2);
	lab_clear(&lab);
}
END_TEST

START_TEST(before_anything_is_allocated)
{
	struct lab lab;
	struct err err = {0};

	lab_fixture_open(fixture.project, &lab);
	ck_assert_msg(alloc_check(&lab, &err) == 0, "%s", err.message);
	struct journal_state none = {0};
	free(lab.machines[0].spec.lab_id);
	lab.machines[0].spec.lab_id = xstrdup("0a1b2c");
	alloc_fill(&none, &lab.machines[0].spec);
	const struct nic *nic = &lab.machines[0].spec.nics[0];
	ck_assert(nic->mac && nic->libvirt && !nic->address && !nic->gateway);
	ck_assert_uint_eq(lab.machines[0].spec.hosts.n, 0);
	lab_clear(&lab);
}
END_TEST

START_TEST(a_written_address_is_taken_from_who_had_it_by_chance)
{
	struct lab lab;

	lab_fixture_allocate(fixture.project, &lab);
	ck_assert_str_eq(lab_fixture_fact(&lab, "ip.lan.web@container"), "10.200.40.3");
	/* web exists, as far as its folder tells. */
	struct err err = {0};
	ck_assert_int_eq(fs_mkdirs(lab.machines[0].names.dir, 0711, &err), 0);
	AUTO_FREE char *dir = xstrdup(lab.machines[0].names.dir);
	lab_clear(&lab);
	static const char moved[] =
	        "prov: 1\nlab: shop\ndefaults: { box: tiny }\n"
	        "networks: { lan: { subnet: 10.200.40.0/24, ipv6: true } }\n"
	        "machines: { web: { networks: lan }, db: { networks: { name: lan, ip: 10.200.40.3 "
	        "} } }\n";
	expect_refused(moved,
	        "'ip': 10.200.40.3 of 'db@container' in the network 'lan' is that of "
	        "'web@container'",
	        "write another one, or destroy web@container first");
	ck_assert_int_eq(fs_remove_tree(dir, &err), 0);
	lab_fixture_allocate(fixture.project, &lab);
	ck_assert_str_eq(lab_fixture_fact(&lab, "ip.lan.db@container"), "10.200.40.3");
	ck_assert_str_eq(lab_fixture_fact(&lab, "ip.lan.web@container"), "10.200.40.2");
	lab_clear(&lab);
}
END_TEST

START_TEST(what_was_made_keeps_its_form)
{
	struct lab lab;
	struct err err = {0};
	static const char changed[] = "prov: 1\nlab: shop\ndefaults: { box: tiny }\n"
	                              "networks: { lan: { subnet: 10.200.41.0/24, mtu: 1400 } }\n"
	                              "machines: { web: { networks: lan } }\n";

	lab_fixture_allocate(fixture.project, &lab);
	ck_assert_int_eq(journal_begun(lab.journal, "lab.network.lan", &err), 0);
	lab_clear(&lab);
	expect_refused(changed,
	        "the network 'lan' was made as 'nat 10.200.40.0/24 ipv6 mtu 0', the file now says "
	        "'nat 10.200.41.0/24 mtu 1400'",
	        "prov destroy and prov up make it anew");
	/* Where it is not there, the file is right. */
	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(lab_lock(&lab, &err), 0);
	ck_assert_int_eq(journal_reverted(lab.journal, "lab.network.lan", &err), 0);
	ck_assert_msg(alloc_network(&lab, &err) == 0, "%s", err.message);
	ck_assert_str_eq(lab_fixture_fact(&lab, "ip.lan.web@container"), "10.200.41.2");
	ck_assert_str_eq(lab_fixture_fact(&lab, "net.lan.subnet6"), "-");
	lab_clear(&lab);
}
END_TEST

START_TEST(no_address_is_left)
{
	expect_refused("prov: 1\nlab: shop\ndefaults: { box: tiny }\n"
	               "networks: { lan: { subnet: 10.200.42.0/30 } }\n"
	               "machines: { a: { count: 2, networks: lan } }\n",
	        "network 'lan' has no address left for 'a-2@container'",
	        "destroy the lab once: its next subnet follows the number of its machines; or "
	        "write a larger one");
}
END_TEST

START_TEST(a_bridge_that_the_host_has_not)
{
	struct lab lab;
	struct err err = {0};

	lab_fixture_write(fixture.project,
	        "prov: 1\ndefaults: { box: tiny }\n"
	        "networks: { hall: { mode: bridge, bridge: nosuchbr0, subnet: 10.1.0.0/16 } }\n"
	        "machines: { a: { networks: hall } }\n");
	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(alloc_check(&lab, &err), -1);
	ck_assert_str_eq(err.message,
	        "the network 'hall' needs the bridge 'nosuchbr0', which this host has not");
	ck_assert_int_eq(err.kind, ERR_HOST);
	lab_clear(&lab);
}
END_TEST

static void expect_unused(const char *network)
{
	struct lab lab;
	AUTO_STRV names = {0};

	lab_fixture_open(fixture.project, &lab);
	lab_networks_unused(&lab, NULL, 0, &names);
	ck_assert_uint_eq(names.n, network ? 1 : 0);
	if (network)
		ck_assert_str_eq(names.v[0], network);
	lab_clear(&lab);
}

/* It may run there. */
START_TEST(no_network_is_unused_while_a_machine_cannot_be_read)
{
	struct lab lab;
	struct err err = {0};

	lab_fixture_allocate(fixture.project, &lab);
	AUTO_FREE char *dir = xasprintf("%s/machines/own@container", lab.dir);
	AUTO_FREE char *journal = xasprintf("%s/journal", dir);
	lab_clear(&lab);
	expect_unused(NULL);
	ck_ok(fs_mkdirs(dir, 0700, &err));
	ck_ok(fs_replace(journal, "damaged\ndamaged\n", 16, 0600, &err));
	lab_fixture_write(fixture.project,
	        "prov: 1\nlab: shop\ndefaults: { box: tiny }\n"
	        "networks: { lan: { subnet: 10.200.40.0/24, ipv6: true }, back: { mode: isolated } "
	        "}\n"
	        "machines: { web: { networks: [lan, back] } }\n");
	expect_unused(NULL);
	ck_ok(fs_remove_tree(dir, &err));
	expect_unused("default");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("networks");
	TCase *t = tcase_create("networks");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, each_network_has_its_numbers);
	tcase_add_test(t, before_anything_is_allocated);
	tcase_add_test(t, a_written_address_is_taken_from_who_had_it_by_chance);
	tcase_add_test(t, what_was_made_keeps_its_form);
	tcase_add_test(t, no_address_is_left);
	tcase_add_test(t, a_bridge_that_the_host_has_not);
	tcase_add_test(t, no_network_is_unused_while_a_machine_cannot_be_read);
	suite_add_tcase(s, t);
	return suite_finish(s);
}
