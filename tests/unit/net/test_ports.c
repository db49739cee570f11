/* Published ports: the rules as text, byte by byte, and who holds a port by a /proc of files. */
#include "net/ports.h"
#include "tests/fake/check_util.h"

#include <sys/stat.h>

static struct err err;

static char *lit(const char *text)
{
	return (char *)(uintptr_t)text;
}

static struct ports_net nets[] = {
        {.bridge = (char[]){"virbr5"}, .subnet = (char[]){"10.64.3.0/24"}, .loopback = true},
        {.bridge = (char[]){"virbr6"}, .subnet = (char[]){"10.64.4.0/28"}, .no_way_back = true},
};

#define FOUR(a)                        \
	{                              \
		.v4 = true, .ip4 = (a) \
	}

static void fill(struct ports *p, struct ports_rule rules[5])
{
	rules[0] = (struct ports_rule){"web@kvm", FOUR(0x7f000001), 8080, 8080, 80, false, NULL, 0};
	rules[1] = (struct ports_rule){"web@kvm", FOUR(0), 8000, 8010, 8000, false, NULL, 0};
	rules[2] = (struct ports_rule){"web@kvm", FOUR(0xc0000202), 90, 91, 190, false, NULL, 0};
	rules[3] = (struct ports_rule){
	        "db@container", FOUR(0x7f000001), 5353, 5353, 53, true, NULL, 1};
	rules[4] = (struct ports_rule){"db@container", FOUR(0), 5353, 5353, 53, false, NULL, 1};
	for (size_t i = 0; i < 5; i++)
		rules[i].target = lit(i < 3 ? "10.64.3.2" : "10.64.4.3");
	*p = (struct ports){lit("prov-0a1b2c"), nets, ARRAY_SIZE(nets), rules, 5, false};
}

START_TEST(script_is_golden)
{
	const char *path = "tests/unit/net/golden/ports.nft";
	AUTO_STR script = {0}, golden = {0};
	struct ports_rule rules[5];
	struct ports p;

	fill(&p, rules);
	ports_script(&p, false, &script);
	if (getenv("UPDATE_GOLDEN"))
		ck_ok(fs_replace(path, script.buf, script.len, 0644, &err));
	ck_ok(fs_read(path, 1 << 20, &golden, &err));
	ck_assert_str_eq(str_text(&script), str_text(&golden));
}
END_TEST

static struct host_address address(const char *text)
{
	struct host_address a;

	ck_assert(host_address_read(text, &a));
	return a;
}

/* A table for each family, from the rules and networks that have it. */
START_TEST(ipv6_is_golden)
{
	const char *path = "tests/unit/net/golden/ports6.nft";
	AUTO_STR script = {0}, golden = {0}, four = {0};
	struct ports_net net = nets[0];
	struct ports_net both[] = {net, nets[1]};
	struct ports_rule rules[] = {
	        {"web@kvm", address("[::1]"), 8080, 8080, 80, false, lit("fd00:1::2"), 0},
	        {"web@kvm", address("[::]"), 8000, 8010, 8000, false, lit("fd00:1::2"), 0},
	        {"web@kvm", address("[2001:db8::1]"), 5353, 5353, 53, true, lit("fd00:1::2"), 0}};
	struct ports p = {lit("prov-0a1b2c"), both, 2, rules, ARRAY_SIZE(rules), false};

	both[0].subnet6 = lit("fd00:1::/64");
	ck_assert(ports_any(&p, true) && !ports_any(&p, false));
	ports_script(&p, true, &script);
	if (getenv("UPDATE_GOLDEN"))
		ck_ok(fs_replace(path, script.buf, script.len, 0644, &err));
	ck_ok(fs_read(path, 1 << 20, &golden, &err));
	ck_assert_str_eq(str_text(&script), str_text(&golden));
	/* Where it cannot be led to a machine, ::1 is not caught. */
	AUTO_STR refused = {0};
	p.no_loopback6 = true;
	ports_script(&p, true, &refused);
	ck_assert_ptr_nonnull(strstr(str_text(&refused),
	        "chain host {\n\t\ttype nat hook output priority -100; policy accept;\n"));
	ck_assert_ptr_null(strstr(str_text(&refused), "fib daddr type local tcp"));
	ck_assert_ptr_null(strstr(str_text(&four), "daddr"));
	ports_script(&p, false, &four);
	ck_assert_str_eq(
	        str_text(&four), "add table ip prov-0a1b2c\ndelete table ip prov-0a1b2c\n");
	AUTO_FREE char *line = ports_accept_line(&p, &both[0], true);
	ck_assert_str_eq(line,
	        "-A FORWARD -m conntrack --ctstate DNAT --ctreplsrc fd00:1::/64 -m "
	        "comment --comment prov-0a1b2c -j ACCEPT");
	ck_assert_ptr_null(ports_accept_line(&p, &both[1], true));
	AUTO_FREE char *listing =
	        xasprintf("-P FORWARD ACCEPT\n%s\n-A FORWARD -j LIBVIRT_FWI\n", line);
	ck_assert(ports_accepted(&p, true, listing));
	ck_assert(!ports_accepted(&p, true, ""));
}
END_TEST

static const char *const bad_addresses[] = {"", "::1", "[::1", "::1]", "[127.0.0.1]", "[fe80::1]",
        "[ff02::1]", "[::ffff:1.2.3.4]", "[]", "host"};

START_TEST(addresses_of_the_host)
{
	const struct host_address four = address("127.0.0.1"), six = address("[::1]"),
	                          both = address("localhost"), all4 = address("0.0.0.0"),
	                          all6 = address("[::]"), other = address("[2001:DB8:0::7]");
	struct host_address none;

	ck_assert(host_address_overlap(&four, &both) && host_address_overlap(&both, &six));
	ck_assert(!host_address_overlap(&four, &six) && !host_address_overlap(&all4, &all6));
	ck_assert(host_address_overlap(&all6, &both) && host_address_overlap(&all6, &other));
	ck_assert(!host_address_overlap(&six, &other) && !host_address_overlap(&all4, &other));
	ck_assert(host_address_same(&both, &both) && !host_address_same(&both, &four));
	ck_assert(host_address_is_loopback(&six) && !host_address_is_loopback(&other));
	ck_assert(host_address_is_all(&all6) && host_address_is_all(&all4));
	AUTO_FREE char *text = host_address_text(&other), *name = host_address_text(&both);
	ck_assert_str_eq(text, "[2001:db8::7]");
	ck_assert_str_eq(name, "localhost");
	for (size_t i = 0; i < ARRAY_SIZE(bad_addresses); i++)
		ck_assert(!host_address_read(bad_addresses[i], &none));
}
END_TEST

START_TEST(nothing_published_is_no_table)
{
	AUTO_STR script = {0}, removal = {0};
	struct ports p = {.table = lit("prov-0a1b2c")};

	ports_script(&p, false, &script);
	ports_removal("prov-0a1b2c", false, &removal);
	ck_assert_str_eq(
	        str_text(&script), "add table ip prov-0a1b2c\ndelete table ip prov-0a1b2c\n");
	ck_assert_str_eq(str_text(&removal), str_text(&script));
	ck_assert(ports_accepted(&p, false, ""));
}
END_TEST

START_TEST(accepted_before_what_refuses)
{
	struct ports_rule rules[5];
	struct ports p;

	fill(&p, rules);
	AUTO_FREE char *one = ports_accept_line(&p, &nets[0], false);
	AUTO_FREE char *two = ports_accept_line(&p, &nets[1], false);
	ck_assert_str_eq(one,
	        "-A FORWARD -m conntrack --ctstate DNAT --ctreplsrc 10.64.3.0/24 -m "
	        "comment --comment prov-0a1b2c -j ACCEPT");
	AUTO_FREE char *both = xasprintf("-P FORWARD DROP\n%s\n-A FORWARD -i lo -j ACCEPT\n%s\n-A "
	                                 "FORWARD -j LIBVIRT_FWI\n",
	        two, one);
	AUTO_FREE char *late = xasprintf("%s\n-A FORWARD -j LIBVIRT_FWI\n%s\n", one, two);
	AUTO_FREE char *twice = xasprintf("%s\n%s\n", one, one);
	ck_assert(ports_accepted(&p, false, both));
	ck_assert(!ports_accepted(&p, false, late));
	ck_assert(!ports_accepted(&p, false, twice));
	ck_assert(!ports_accepted(&p, false, ""));
}
END_TEST

/* A /proc with what the kernel wrote for: nginx on 127.0.0.1:8080, a sleeper that is connected from
 * port 8081, sshd on [::]:22, ::1:631, a name server on 192.0.2.2:53/udp. */
static char *fake_proc(void)
{
	static const char head[] = "  sl  local_address rem_address   st tx_queue rx_queue tr "
	                           "tm->when retrnsmt   uid  "
	                           "timeout inode\n";
	static const char *const files[][2] = {
	        {"net/tcp",
	                "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 "
	                "00000000     0        0 1001 1 0000000000000000 100 0 0 10 0\n"
	                "   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 "
	                "00000000     0        0 1002 1 0000000000000000 100 0 0 10 0\n"},
	        {"net/tcp6",
	                "   0: 00000000000000000000000000000000:0016 "
	                "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 "
	                "00000000     0        0 1003 1 0000000000000000 100 0 0 10 0\n"
	                "   1: 00000000000000000000000001000000:0277 "
	                "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 "
	                "00000000     0        0 1004 1 0000000000000000 100 0 0 10 0\n"
	                "   2: 0000000000000000FFFF00000100007F:0050 "
	                "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 "
	                "00000000     0        0 1006 1 0000000000000000 100 0 0 10 0\n"},
	        {"net/udp",
	                "  10: 020200C0:0035 00000000:0000 07 00000000:00000000 00:00000000 "
	                "00000000     0        0 1005 2 0000000000000000 0\n"},
	        {"17/comm", "nginx\x1b\n"},
	        {"18/comm", "sshd\n"},
	};
	char *root = tmp_begin();
	static const char *const folders[] = {"net", "17", "17/fd", "18", "18/fd", "self"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", root, folders[i]);
		ck_assert_int_eq(mkdir(path, 0755), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", root, files[i][0]);
		AUTO_FREE char *text = xasprintf("%s%s", i < 3 ? head : "", files[i][1]);
		ck_ok(fs_replace(path, text, strlen(text), 0644, &err));
	}
	AUTO_FREE char *nginx = xasprintf("%s/17/fd/6", root);
	AUTO_FREE char *sshd = xasprintf("%s/18/fd/3", root);
	ck_assert_int_eq(symlink("socket:[1001]", nginx), 0);
	ck_assert_int_eq(symlink("socket:[1003]", sshd), 0);
	return root;
}

struct ask {
	const char *address;
	int first, last;
	bool udp;
	const char *answer; /* "PORT PID NAME"; "": free */
};
static const struct ask asks[] = {
        {"127.0.0.1", 8080, 8080, false, "8080 17 nginx\\x1b"},
        {"0.0.0.0", 8000, 8100, false, "8080 17 nginx\\x1b"},
        {"192.0.2.2", 8080, 8080, false, ""},       /* another address */
        {"127.0.0.1", 8081, 8081, false, ""},       /* a client's */
        {"127.0.0.1", 8080, 8080, true, ""},        /* another protocol */
        {"127.0.0.1", 22, 22, false, "22 18 sshd"}, /* of both families */
        {"127.0.0.1", 631, 631, false, ""},         /* IPv6 alone */
        {"[::1]", 631, 631, false, "631 0 "},
        {"localhost", 631, 631, false, "631 0 "},
        {"[::]", 600, 700, false, "631 0 "},
        {"[2001:db8::1]", 631, 631, false, ""},
        {"[2001:db8::1]", 22, 22, false, "22 18 sshd"},
        {"[::1]", 8080, 8080, false, ""},      /* IPv4 alone */
        {"[::1]", 80, 80, false, ""},          /* IPv4, as a socket of IPv6 has it */
        {"127.0.0.1", 80, 80, false, "80 0 "}, /* nobody's that is to be seen */
        {"0.0.0.0", 53, 53, true, "53 0 "},
        {"127.0.0.1", 53, 53, true, ""},
};

START_TEST(holder)
{
	const struct ask *ask = &asks[_i];
	char *proc = fake_proc();
	struct port_holder h;
	const struct host_address at = address(ask->address);
	int rc = port_holder_find(proc, &at, ask->first, ask->last, ask->udp, &h, &err);

	ck_assert_int_eq(rc, *ask->answer != '\0');
	if (rc) {
		AUTO_FREE char *text = xasprintf("%d %d %s", h.port, h.pid, h.name);
		ck_assert_str_eq(text, ask->answer);
	}
	tmp_end(proc);
}
END_TEST

START_TEST(a_proc_without_protocols)
{
	char *proc = tmp_begin();
	struct port_holder h;
	const struct host_address all = address("0.0.0.0");

	ck_assert_int_eq(port_holder_find(proc, &all, 1, 65535, false, &h, &err), 0);
	tmp_end(proc);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ports");
	TCase *t = tcase_create("ports");

	tcase_add_test(t, script_is_golden);
	tcase_add_test(t, ipv6_is_golden);
	tcase_add_test(t, addresses_of_the_host);
	tcase_add_test(t, nothing_published_is_no_table);
	tcase_add_test(t, accepted_before_what_refuses);
	tcase_add_loop_test(t, holder, 0, ARRAY_SIZE(asks));
	tcase_add_test(t, a_proc_without_protocols);
	suite_add_tcase(s, t);
	return suite_finish(s);
}
