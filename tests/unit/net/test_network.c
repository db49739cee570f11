/* The lab's network on libvirt's built-in test driver: made, changed, started again, removed. */
#include "net/libvirt/conn.h"
#include "net/libvirt/network.h"
#include "net/libvirt/network_xml.h"
#include "tests/fake/check_util.h"
#include "tests/unit/net/network_fixture.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(ensure_and_remove)
{
	struct net_host hosts[2];
	struct net_spec spec;
	struct net_info info = {0};
	struct err err = {0};
	AUTO_CONN keep = NULL; /* the test driver forgets everything with its last connection */

	network_fill(&spec, hosts);
	ck_assert_msg(libvirt_open(spec.uri, &keep, &err) == 0, "%s", err.message);
	ck_ok(prov_network.ensure(&spec, &info, &err));
	ck_assert_str_eq(info.bridge, "provtest0");
	ck_assert_int_eq(info.mtu, 1500);
	virNetworkPtr net = virNetworkLookupByName(keep, spec.libvirt);
	ck_assert_ptr_nonnull(net);
	ck_assert_int_eq(virNetworkIsActive(net), 1);
	ck_ok(prov_network.ensure(&spec, &info, &err));

	ck_assert_int_eq(prov_network.remove(spec.uri, spec.libvirt, "ffffff", &err), -1);
	ck_assert_str_eq(err.message,
	        "the network 'prov-0a1b2c-default' belongs to lab '0a1b2c', not to 'ffffff'");
	ck_assert_int_eq(virNetworkIsActive(net), 1);
	spec.gateway = network_lit("10.99.0.1");
	ck_assert_int_eq(prov_network.ensure(&spec, &info, &err), -1);
	ck_assert_str_eq(err.message,
	        "the network 'prov-0a1b2c-default' runs with another subnet than 10.99.0.1/24");
	virNetworkFree(net);

	ck_ok(prov_network.remove(spec.uri, spec.libvirt, spec.lab_id, &err));
	ck_assert_ptr_null(virNetworkLookupByName(keep, spec.libvirt));
	ck_ok(prov_network.remove(spec.uri, spec.libvirt, spec.lab_id, &err));
}
END_TEST

/* As after a start of the host: libvirt knows the network, and it does not run. */
START_TEST(what_was_stopped_is_started_again)
{
	struct net_host hosts[2];
	struct net_spec spec;
	struct net_info info = {0};
	struct err err = {0};
	AUTO_CONN keep = NULL;
	char before[VIR_UUID_STRING_BUFLEN], after[VIR_UUID_STRING_BUFLEN];

	network_fill(&spec, hosts);
	ck_ok(libvirt_open(spec.uri, &keep, &err));
	ck_ok(prov_network.ensure(&spec, &info, &err));
	virNetworkPtr net = virNetworkLookupByName(keep, spec.libvirt);
	ck_assert_int_eq(virNetworkGetUUIDString(net, before), 0);
	ck_assert_int_eq(virNetworkDestroy(net), 0);
	virNetworkFree(net);

	spec.n_hosts = 1;
	ck_ok(prov_network.ensure(&spec, &info, &err));
	net = virNetworkLookupByName(keep, spec.libvirt);
	ck_assert_int_eq(virNetworkIsActive(net), 1);
	ck_assert_int_eq(virNetworkGetUUIDString(net, after), 0);
	ck_assert_str_eq(after, before);
	AUTO_FREE char *xml = virNetworkGetXMLDesc(net, 0);
	struct net_entries entries = {0};
	network_entries(xml, &entries);
	ck_assert_uint_eq(entries.n, 1);
	network_entries_clear(&entries);
	virNetworkFree(net);
	ck_ok(prov_network.remove(spec.uri, spec.libvirt, spec.lab_id, &err));
}
END_TEST

START_TEST(hosts_follow)
{
	struct net_host hosts[2];
	struct net_spec spec;
	struct net_info info = {0};
	struct err err = {0};
	struct net_entries e = {0};
	AUTO_CONN keep = NULL;

	network_fill(&spec, hosts);
	ck_assert_int_eq(libvirt_open(spec.uri, &keep, &err), 0);
	spec.n_hosts = 1;
	ck_ok(prov_network.ensure(&spec, &info, &err));
	hosts[0].address = network_lit("10.77.0.9"); /* web moved, db is new */
	spec.n_hosts = 2;
	ck_ok(prov_network.ensure(&spec, &info, &err));
	virNetworkPtr net = virNetworkLookupByName(keep, spec.libvirt);
	AUTO_FREE char *xml = virNetworkGetXMLDesc(net, 0);
	network_entries(xml, &e);
	ck_assert_uint_eq(e.n, 2);
	ck_assert(network_entry_is(&e.v[0], &hosts[0]) && network_entry_is(&e.v[1], &hosts[1]));
	network_entries_clear(&e);
	virNetworkFree(net);
	ck_ok(prov_network.remove(spec.uri, spec.libvirt, spec.lab_id, &err));
}
END_TEST

/* A running network learns IPv6 addresses and the leases of foreign boxes, once. */
START_TEST(two_families_and_leases)
{
	struct net_host hosts[2];
	struct net_spec spec;
	struct net_info info = {0};
	struct err err = {0};
	struct net_entries e = {0};
	AUTO_CONN keep = NULL;

	network_fill(&spec, hosts);
	spec.gateway6 = network_lit("fd12:3456:789a:1::1");
	spec.prefix6 = 64;
	hosts[0].address6 = network_lit("fd12:3456:789a:1::2");
	hosts[1].address6 = network_lit("fd12:3456:789a:1::3");
	hosts[1].mac = network_lit("52:54:00:01:02:04");
	hosts[1].leased = true;
	ck_assert_int_eq(libvirt_open(spec.uri, &keep, &err), 0);
	spec.n_hosts = 1;
	ck_ok(prov_network.ensure(&spec, &info, &err));
	spec.n_hosts = 2;
	for (int round = 0; round < 2; round++)
		ck_ok(prov_network.ensure(&spec, &info, &err));
	virNetworkPtr net = virNetworkLookupByName(keep, spec.libvirt);
	AUTO_FREE char *xml = virNetworkGetXMLDesc(net, 0);
	network_entries(xml, &e);
	ck_assert_uint_eq(e.n, 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert(network_entry_is(&e.v[i], &hosts[i / 2]));
	network_entries_clear(&e);
	ck_assert(network_has_lease(xml, &hosts[0]) && network_has_lease(xml, &hosts[1]));
	hosts[1].address = network_lit("10.77.0.9");
	ck_assert(!network_has_lease(xml, &hosts[1]));
	ck_ok(prov_network.ensure(&spec, &info, &err));
	AUTO_FREE char *moved = virNetworkGetXMLDesc(net, 0);
	ck_assert(network_has_lease(moved, &hosts[1]));
	ck_assert_ptr_null(strstr(moved, "10.77.0.3"));
	virNetworkFree(net);
	ck_ok(prov_network.remove(spec.uri, spec.libvirt, spec.lab_id, &err));
}
END_TEST

START_TEST(stranger_of_that_name)
{
	struct net_host hosts[2];
	struct net_spec spec;
	struct net_info info = {0};
	struct err err = {0};
	AUTO_CONN keep = NULL;

	network_fill(&spec, hosts);
	ck_assert_int_eq(libvirt_open(spec.uri, &keep, &err), 0);
	spec.libvirt = network_lit("default"); /* the test driver's own */
	ck_assert_int_eq(prov_network.ensure(&spec, &info, &err), -1);
	ck_assert_str_eq(err.message, "the network 'default' was not made by prov");
	ck_assert_str_eq(
	        err.hint, "prov touches only what carries its lab's id; look at it with virsh");
}
END_TEST

START_TEST(nobody_answers)
{
	struct net_host hosts[2];
	struct net_spec spec;
	struct net_info info = {0};
	struct err err = {0};

	network_fill(&spec, hosts);
	spec.uri = network_lit("qemu+unix:///system?socket=/nonexistent/libvirt-sock");
	ck_assert_int_eq(prov_network.ensure(&spec, &info, &err), -1);
	ck_assert_int_eq(err.kind, ERR_HOST);
	ck_assert_ptr_nonnull(strstr(err.message,
	        "cannot reach libvirt at 'qemu+unix:///system?socket=/nonexistent/libvirt-sock': "
	        "Failed to connect socket"));
	ck_assert_ptr_nonnull(strstr(err.hint, "run tools/setup (it starts libvirt)"));
	ck_assert_int_eq(prov_network.remove(spec.uri, "x", "y", &err), -1);
	ck_assert_int_eq(err.kind, ERR_HOST);
}
END_TEST

START_TEST(uris)
{
	ck_assert(libvirt_is_local_system("qemu:///system"));
	ck_assert(libvirt_is_local_system("qemu+unix:///system?socket=/x"));
	ck_assert(!libvirt_is_local_system("qemu:///session"));
	ck_assert(!libvirt_is_local_system("qemu+ssh://host/system"));
	ck_assert(!libvirt_is_local_system("test:///default"));
	ck_assert(libvirt_is_local("test:///default") && !libvirt_is_local("qemu+tcp://h/system"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("network");
	TCase *t = tcase_create("network");

	tcase_add_test(t, ensure_and_remove);
	tcase_add_test(t, what_was_stopped_is_started_again);
	tcase_add_test(t, hosts_follow);
	tcase_add_test(t, two_families_and_leases);
	tcase_add_test(t, stranger_of_that_name);
	tcase_add_test(t, nobody_answers);
	tcase_add_test(t, uris);
	suite_add_tcase(s, t);
	return suite_finish(s);
}
