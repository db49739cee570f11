/* The lab's network: its XML byte by byte, its DNS entries read back, and its life on libvirt's
 * built-in test driver. */
#include "base/fs.h"
#include "net/libvirt/conn.h"
#include "net/libvirt/network.h"
#include "net/libvirt/network_xml.h"
#include "net/libvirt/xml.h"
#include "tests/fake/check_util.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Literals for fields that the module only reads. */
static char *lit(const char *text)
{
	return (char *)(uintptr_t)text;
}

static void fill(struct net_spec *spec, struct net_host hosts[2])
{
	hosts[0] = (struct net_host){.names = lit("web-kvm web-kvm.shop.test"),
	        .address = lit("10.77.0.2"),
	        .mac = lit("52:54:00:01:02:03")};
	hosts[1] = (struct net_host){.names = lit("db"), .address = lit("10.77.0.3")};
	*spec = (struct net_spec){.uri = lit("test:///default"),
	        .libvirt = lit("prov-0a1b2c-default"),
	        .lab_id = lit("0a1b2c"),
	        .domain = lit("shop.test"),
	        .mac = lit("52:54:00:aa:bb:cc"),
	        .gateway = lit("10.77.0.1"),
	        .prefix = 24,
	        .hosts = hosts,
	        .n_hosts = 2};
}

static void check_golden(const char *path, const struct str *xml)
{
	AUTO_STR golden = {0};
	struct err err = {0};

	if (getenv("UPDATE_GOLDEN"))
		ck_assert_int_eq(fs_replace(path, xml->buf, xml->len, 0644, &err), 0);
	ck_assert_msg(fs_read(path, 1 << 20, &golden, &err) == 0, "%s", err.message);
	ck_assert_str_eq(str_text(xml), str_text(&golden));
}

START_TEST(xml_is_golden)
{
	AUTO_STR xml = {0};
	struct net_host hosts[2];
	struct net_spec spec;

	fill(&spec, hosts);
	network_xml(&spec, NULL, NULL, &xml);
	check_golden("tests/unit/net/golden/network.xml", &xml);
}
END_TEST

/* Every mode with all that it can have. */
START_TEST(modes_are_golden)
{
	static const enum net_mode modes[] = {NET_NAT, NET_ISOLATED, NET_ROUTED, NET_BRIDGE};
	enum net_mode mode = modes[_i];
	AUTO_FREE char *path =
	        xasprintf("tests/unit/net/golden/network-%s.xml", net_mode_name(mode));
	AUTO_STR xml = {0};
	struct net_host hosts[2];
	struct net_spec spec;

	fill(&spec, hosts);
	spec.mode = mode;
	spec.gateway6 = lit("fd12:3456:789a:1::1");
	spec.prefix6 = 64;
	spec.mtu = 1400;
	spec.host_bridge = lit("br0");
	hosts[0].address6 = lit("fd12:3456:789a:1::2");
	network_xml(&spec, NULL, NULL, &xml);
	check_golden(path, &xml);
}
END_TEST

START_TEST(modes_have_names)
{
	enum net_mode mode = NET_NAT;

	ck_assert(net_mode_read("routed", &mode) && mode == NET_ROUTED);
	ck_assert(!net_mode_read("open", &mode) && mode == NET_ROUTED);
}
END_TEST

START_TEST(xml_escapes)
{
	AUTO_STR out = {0};

	xml_add_attr(&out, "a", "<&>'\"\n\x7f\xc3\xa9");
	ck_assert_str_eq(str_text(&out), " a='&lt;&amp;&gt;&apos;&quot;??\xc3\xa9'");
	str_reset(&out);
	xml_add_attr(&out, "a", NULL);
	ck_assert_str_eq(str_text(&out), "");
}
END_TEST

START_TEST(mark_is_read_back)
{
	AUTO_STR out = {0};
	struct err err = {0};

	xml_add_mark(&out, "0a1b2c", "web@kvm");
	AUTO_FREE char *id = xml_lab_id(str_text(&out));
	ck_assert_str_eq(id, "0a1b2c");
	ck_assert_int_eq(xml_check_mark(str_text(&out), "0a1b2c", "domain", "d", &err), 0);
	ck_assert_int_eq(xml_check_mark(str_text(&out), "ffffff", "domain", "d", &err), -1);
	ck_assert_str_eq(err.message, "the domain 'd' belongs to lab '0a1b2c', not to 'ffffff'");
	ck_assert_int_eq(xml_check_mark("<domain/>", "0a1b2c", "domain", "d", &err), -1);
	ck_assert_str_eq(err.message, "the domain 'd' was not made by prov");
	/* A description of somebody's that only talks about it. */
	ck_assert_ptr_null(xml_lab_id("<description>&lt;prov:lab xmlns:prov=''>x</description>"));
	ck_assert_ptr_null(xml_lab_id("<prov:lab xmlns:prov='urn:prov:lab'"));
}
END_TEST

START_TEST(entries_are_read)
{
	struct net_entries e = {0};
	struct net_host web = {.names = lit("web web.lab"), .address = lit("10.0.0.2")};
	struct net_host moved = {.names = lit("web web.lab"), .address = lit("10.0.0.9")};
	struct net_host other = {.names = lit("x"), .address = lit("10.0.0.8")};

	network_entries("<network><dhcp><host ip='10.0.0.7'/></dhcp><dns>\n<host ip='10.0.0.2'>\n"
	                "<hostname>web</hostname><hostname>web.lab</hostname></host>\n"
	                "<host ip='10.0.0.3'><hostname>db</hostname></host></dns></network>",
	        &e);
	ck_assert_uint_eq(e.n, 2);
	ck_assert_str_eq(e.v[0].address, "10.0.0.2");
	ck_assert_uint_eq(e.v[0].names.n, 2);
	ck_assert_str_eq(e.v[1].names.v[0], "db");
	ck_assert(network_entry_is(&e.v[0], &web) && !network_entry_clashes(&e.v[0], &web));
	ck_assert(!network_entry_is(&e.v[0], &moved) && network_entry_clashes(&e.v[0], &moved));
	ck_assert(!network_entry_clashes(&e.v[0], &other));
	network_entries_clear(&e);
	network_entries("<network><dns><host ip='10.0.0.2'>", &e);
	ck_assert_uint_eq(e.n, 0);
	network_entries("<network/>", &e);
	ck_assert_uint_eq(e.n, 0);
}
END_TEST

START_TEST(ensure_and_remove)
{
	struct net_host hosts[2];
	struct net_spec spec;
	struct net_info info = {0};
	struct err err = {0};
	AUTO_CONN keep = NULL; /* the test driver forgets everything with its last connection */

	fill(&spec, hosts);
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
	spec.gateway = lit("10.99.0.1");
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

	fill(&spec, hosts);
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

	fill(&spec, hosts);
	ck_assert_int_eq(libvirt_open(spec.uri, &keep, &err), 0);
	spec.n_hosts = 1;
	ck_ok(prov_network.ensure(&spec, &info, &err));
	hosts[0].address = lit("10.77.0.9"); /* web moved, db is new */
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

	fill(&spec, hosts);
	spec.gateway6 = lit("fd12:3456:789a:1::1");
	spec.prefix6 = 64;
	hosts[0].address6 = lit("fd12:3456:789a:1::2");
	hosts[1].address6 = lit("fd12:3456:789a:1::3");
	hosts[1].mac = lit("52:54:00:01:02:04");
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
	hosts[1].address = lit("10.77.0.9");
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

	fill(&spec, hosts);
	ck_assert_int_eq(libvirt_open(spec.uri, &keep, &err), 0);
	spec.libvirt = lit("default"); /* the test driver's own */
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

	fill(&spec, hosts);
	spec.uri = lit("qemu+unix:///system?socket=/nonexistent/libvirt-sock");
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

	tcase_add_test(t, xml_is_golden);
	tcase_add_loop_test(t, modes_are_golden, 0, 4);
	tcase_add_test(t, modes_have_names);
	tcase_add_test(t, xml_escapes);
	tcase_add_test(t, mark_is_read_back);
	tcase_add_test(t, entries_are_read);
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
