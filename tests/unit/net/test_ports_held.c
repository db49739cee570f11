/* Ports that labs have, read back from the tables as nft lists them. */
#include "net/ports.h"
#include "tests/fake/check_util.h"

#include <stdlib.h>

static struct ports_held_list held;

static void begin(void)
{
	held = (struct ports_held_list){0};
}

static void end(void)
{
	free(held.rows);
}

static void is_row(size_t i, const char *lab, const char *machine, const char *address, int first,
        int last, const char *protocol)
{
	ck_assert_uint_lt(i, held.n);
	const struct ports_held *row = &held.rows[i];
	AUTO_FREE char *text = host_address_text(&row->address);

	ck_assert_str_eq(row->lab, lab);
	ck_assert_str_eq(row->machine, machine);
	ck_assert_str_eq(text, address);
	ck_assert_int_eq(row->host, first);
	ck_assert_int_eq(row->host_last, last);
	ck_assert_str_eq(row->udp ? "udp" : "tcp", protocol);
}

/* In nft's own words, which differ from those that made the table. */
START_TEST(listings_of_two_families)
{
	ports_held_read(
	        "table ip prov-u7xasj4s {\n"
	        "\tchain outside {\n"
	        "\t\ttype nat hook prerouting priority dstnat; policy accept;\n"
	        "\t\tfib daddr type local ip daddr != 127.0.0.0/8 udp dport 5353 dnat to "
	        "10.1.2.3:53 comment \"db@kvm\"\n"
	        "\t}\n\n"
	        "\tchain host {\n"
	        "\t\ttype nat hook output priority -100; policy accept;\n"
	        "\t\tip daddr 127.0.0.1 tcp dport 20000 dnat to 10.1.2.3:80 comment "
	        "\"app-1@container\"\n"
	        "\t\tfib daddr type local udp dport 5353 dnat to 10.1.2.3:53 comment \"db@kvm\"\n"
	        "\t}\n\n"
	        "\tchain back {\n"
	        "\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
	        "\t\toifname \"virbr8\" ct status dnat ip saddr { 10.1.2.0/24, 127.0.0.0/8 } "
	        "masquerade\n"
	        "\t}\n}\n"
	        "table ip6 prov-0a1b2c3d {\n"
	        "\tchain host {\n"
	        "\t\tip6 daddr ::1 tcp dport 8000-8010 dnat to fd00:1::2 comment \"web@kvm\"\n"
	        "\t\tfib daddr type local ip6 daddr != ::1 tcp dport 80 dnat to [fd00:1::2]:81 "
	        "comment \"web@kvm\"\n"
	        "\t}\n}\n",
	        &held);
	ck_assert_uint_eq(held.n, 4);
	is_row(0, "u7xasj4s", "app-1@container", "127.0.0.1", 20000, 20000, "tcp");
	is_row(1, "u7xasj4s", "db@kvm", "0.0.0.0", 5353, 5353, "udp");
	is_row(2, "0a1b2c3d", "web@kvm", "[::1]", 8000, 8010, "tcp");
	is_row(3, "0a1b2c3d", "web@kvm", "[::]", 80, 80, "tcp");
}
END_TEST

/* All that is written is read. */
START_TEST(what_prov_writes)
{
	char bridge[] = "virbr5", subnet[] = "10.64.3.0/24", target[] = "10.64.3.2";
	char table[] = "prov-0a1b2c3d";
	struct ports_net net = {.bridge = bridge, .subnet = subnet};
	struct ports_rule rules[] = {
	        {"web@kvm", host_address_v4(0x7f000001), 8080, 8080, 80, false, target, 0},
	        {"web@kvm", host_address_v4(0), 8000, 8010, 8000, true, target, 0},
	        {"db@container", host_address_v4(0xc0000202), 90, 91, 190, false, target, 0}};
	struct ports p = {table, &net, 1, rules, ARRAY_SIZE(rules), false};
	AUTO_STR script = {0};

	ports_script(&p, false, &script);
	ports_held_read(str_text(&script), &held);
	ck_assert_uint_eq(held.n, 4);
	is_row(0, "0a1b2c3d", "web@kvm", "127.0.0.1", 8080, 8080, "tcp");
	is_row(1, "0a1b2c3d", "web@kvm", "0.0.0.0", 8000, 8010, "udp");
	is_row(2, "0a1b2c3d", "db@container", "192.0.2.2", 90, 90, "tcp");
	is_row(3, "0a1b2c3d", "db@container", "192.0.2.2", 91, 91, "tcp");
}
END_TEST

START_TEST(what_is_none)
{
	ports_held_read("", &held);
	ports_held_read(
	        "table ip nat {\n\tchain host {\n"
	        "\t\tip daddr 1.2.3.4 tcp dport 80 dnat to 10.0.0.2:80 comment \"x\"\n\t}\n}\n"
	        "table ip prov-0a1b2c3d {\n\tchain host {\n"
	        "\t\tip daddr 1.2.3.4 tcp dport 80 accept comment \"x\"\n"
	        "\t\tip daddr nowhere tcp dport 80 dnat to 10.0.0.2:80 comment \"x\"\n"
	        "\t\ttcp dport 80 dnat to 10.0.0.2:80 comment \"x\"\n"
	        "\t\tip daddr 1.2.3.4 tcp dport http dnat to 10.0.0.2:80 comment \"x\"\n\t}\n}\n",
	        &held);
	ck_assert_uint_eq(held.n, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {listings_of_two_families, what_prov_writes, what_is_none};

	return suite_run("ports held", tests, ARRAY_SIZE(tests), begin, end);
}
