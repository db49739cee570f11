/* The lab's network as libvirt's XML, byte by byte, and what is read back from it. */
#include "base/fs.h"
#include "net/libvirt/network_xml.h"
#include "net/libvirt/xml.h"
#include "tests/fake/check_util.h"
#include "tests/unit/net/network_fixture.h"

#include <check.h>
#include <stdlib.h>

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

	network_fill(&spec, hosts);
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

	network_fill(&spec, hosts);
	spec.mode = mode;
	spec.gateway6 = network_lit("fd12:3456:789a:1::1");
	spec.prefix6 = 64;
	spec.mtu = 1400;
	spec.host_bridge = network_lit("br0");
	hosts[0].address6 = network_lit("fd12:3456:789a:1::2");
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
	struct net_host web = {
	        .names = network_lit("web web.lab"), .address = network_lit("10.0.0.2")};
	struct net_host moved = {
	        .names = network_lit("web web.lab"), .address = network_lit("10.0.0.9")};
	struct net_host other = {.names = network_lit("x"), .address = network_lit("10.0.0.8")};

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

int main(void)
{
	Suite *s = suite_create("network xml");
	TCase *t = tcase_create("network xml");

	tcase_add_test(t, xml_is_golden);
	tcase_add_loop_test(t, modes_are_golden, 0, 4);
	tcase_add_test(t, modes_have_names);
	tcase_add_test(t, xml_escapes);
	tcase_add_test(t, mark_is_read_back);
	tcase_add_test(t, entries_are_read);
	suite_add_tcase(s, t);
	return suite_finish(s);
}
