/* What the text of one value means, and what a wrong one is answered with. */
#include "lab/file/value.h"
#include "lab/file/value_net.h"
#include "tests/unit/lab/load.h"

#include <signal.h>

#define KIB INT64_C(1024)
#define S   INT64_C(1000000000)

static struct err err;

static const struct {
	const char *text;
	int64_t bytes; /* 0: refused */
	const char *hint;
} sizes[] = {
        {"1B", 1, NULL},
        {"512MiB", 512 * KIB *KIB, NULL},
        {"64KiB", 64 * KIB, NULL},
        {"4GiB", 4 * KIB *KIB *KIB, NULL},
        {"2TiB", 2 * KIB *KIB *KIB *KIB, NULL},
        {"512M", 0, "write 512MiB"},
        {"512MB", 0, "write 512MiB"},
        {"512mb", 0, "write 512MiB"},
        {"512Mi", 0, "write 512MiB"},
        {"512 MiB", 0, "write 512MiB"},
        {"512", 0, "write 512MiB"},
        {"1g", 0, "write 1GiB"},
        {"1.5GiB", 0, "write 1536MiB"},
        {"100k", 0, "write 100KiB"},
        {"7bytes", 0, "write 7B"},
        {"0MiB", 0, "sizes are whole numbers of B, KiB, MiB, GiB or TiB: 512MiB"},
        {"-1MiB", 0, "sizes are whole numbers of B, KiB, MiB, GiB or TiB: 512MiB"},
        {"", 0, "sizes are whole numbers of B, KiB, MiB, GiB or TiB: 512MiB"},
        {"1e3MiB", 0, "sizes are whole numbers of B, KiB, MiB, GiB or TiB: 512MiB"},
        {"0x10MiB", 0, "sizes are whole numbers of B, KiB, MiB, GiB or TiB: 512MiB"},
        {"9999999TiB", 0, ""},
        {"99999999999999999999MiB", 0,
                "sizes are whole numbers of B, KiB, MiB, GiB or TiB: 512MiB"},
        {"much", 0, "sizes are whole numbers of B, KiB, MiB, GiB or TiB: 512MiB"},
};

START_TEST(size)
{
	int64_t bytes = 77;
	int rc = value_size(sizes[_i].text, &bytes, &err);

	ck_assert_int_eq(rc, sizes[_i].bytes ? 0 : -1);
	ck_assert_int_eq(bytes, sizes[_i].bytes ? sizes[_i].bytes : 77);
	if (rc == 0)
		return;
	AUTO_FREE char *message = xasprintf(
	        "'%s' is %s", sizes[_i].text, *sizes[_i].hint ? "not a size" : "too large");
	ck_assert_str_eq(err.message, message);
	ck_assert_str_eq(err.hint, sizes[_i].hint);
}
END_TEST

static const struct {
	const char *text;
	int64_t ns; /* 0: refused */
	const char *hint;
} durations[] = {
        {"90s", 90 * S, NULL},
        {"1m30s", 90 * S, NULL},
        {"2h", 7200 * S, NULL},
        {"1h1m1s1ms", 3661 * S + 1000000, NULL},
        {"500ms", 500000000, NULL},
        {"8760h", 31536000 * S, NULL},
        {"90", 0, "write 90s"},
        {"5min", 0, "write 5m"},
        {"5 min", 0, "write 5m"},
        {"10sec", 0, "write 10s"},
        {"2hours", 0, "write 2h"},
        {"30s1m", 0, "durations are written 90s, 1m30s, 2h or 500ms"},
        {"1m1m", 0, "durations are written 90s, 1m30s, 2h or 500ms"},
        {"8761h", 0, "durations are written 90s, 1m30s, 2h or 500ms"},
        {"99999999999999999999h", 0, "durations are written 90s, 1m30s, 2h or 500ms"},
        {"0s", 0, "durations are written 90s, 1m30s, 2h or 500ms"},
        {"-5s", 0, "durations are written 90s, 1m30s, 2h or 500ms"},
        {"1.5s", 0, "durations are written 90s, 1m30s, 2h or 500ms"},
        {"", 0, "durations are written 90s, 1m30s, 2h or 500ms"},
        {"s", 0, "durations are written 90s, 1m30s, 2h or 500ms"},
};

START_TEST(duration)
{
	int64_t ns = 77;
	int rc = value_duration(durations[_i].text, &ns, &err);

	ck_assert_int_eq(rc, durations[_i].ns ? 0 : -1);
	ck_assert_int_eq(ns, durations[_i].ns ? durations[_i].ns : 77);
	if (rc == 0)
		return;
	AUTO_FREE char *message = xasprintf("'%s' is not a duration", durations[_i].text);
	ck_assert_str_eq(err.message, message);
	ck_assert_str_eq(err.hint, durations[_i].hint);
}
END_TEST

START_TEST(booleans)
{
	static const char *const wrong[] = {"yes", "True", "ON", "no", "False", "0", "maybe"};
	static const char *const hints[] = {"write true", "write true", "write true", "write false",
	        "write false", "write false", ""};
	bool out = false;

	ck_assert(value_bool("true", &out, &err) == 0 && out);
	ck_assert(value_bool("false", &out, &err) == 0 && !out);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		AUTO_FREE char *message = xasprintf("'%s' is neither true nor false", wrong[i]);
		ck_assert_int_eq(value_bool(wrong[i], &out, &err), -1);
		ck_assert_str_eq(err.message, message);
		ck_assert_str_eq(err.hint, hints[i]);
	}
}
END_TEST

START_TEST(numbers)
{
	double cpus = 0;
	int64_t n = 0;
	int mode = 0;

	ck_assert(value_cpus("1.5", &cpus, &err) == 0 && cpus == 1.5);
	ck_assert(value_cpus("2", &cpus, &err) == 0 && cpus == 2);
	ck_assert_int_eq(value_cpus("0", &cpus, &err), -1);
	ck_assert_str_eq(err.message, "'0' is too few: 0.01 CPUs at least");
	ck_assert_int_eq(value_cpus("10000", &cpus, &err), -1);
	ck_assert_str_eq(err.message, "'10000' is too many: 1024 CPUs at most");
	ck_assert_int_eq(value_cpus("1e3", &cpus, &err), -1);
	ck_assert_str_eq(err.message, "'1e3' is not a number of CPUs");
	ck_assert_int_eq(value_cpus("1.", &cpus, &err), -1);
	ck_assert_int_eq(value_cpus("nan", &cpus, &err), -1);
	ck_assert(value_int("007", 1, 10, &n, &err) == 0 && n == 7);
	ck_assert_int_eq(value_int("11", 1, 10, &n, &err), -1);
	ck_assert_str_eq(err.message, "'11' is not between 1 and 10");
	ck_assert_int_eq(value_int("0x1", 1, 10, &n, &err), -1);
	ck_assert_str_eq(err.message, "'0x1' is not a whole number");
	ck_assert(value_mode("0644", &mode, &err) == 0 && mode == 0644);
	ck_assert(value_mode("4755", &mode, &err) == 0 && mode == 04755);
	ck_assert(value_mode("755", &mode, &err) == 0 && mode == 0755);
	ck_assert_int_eq(value_mode("0o644", &mode, &err), -1);
	ck_assert_str_eq(err.message, "'0o644' is not an octal mode");
	ck_assert_str_eq(err.hint, "write 0644");
	ck_assert_int_eq(value_mode("0689", &mode, &err), -1);
	ck_assert_int_eq(value_mode("u+x", &mode, &err), -1);
}
END_TEST

START_TEST(signals)
{
	int sig = 0;

	ck_assert(value_signal("SIGINT", &sig, &err) == 0 && sig == SIGINT);
	ck_assert(value_signal("TERM", &sig, &err) == 0 && sig == SIGTERM);
	ck_assert(value_signal("SIGRTMIN+3", &sig, &err) == 0 && sig == SIGRTMIN + 3);
	ck_assert(value_signal("9", &sig, &err) == 0 && sig == 9);
	ck_assert_int_eq(value_signal("SIGFOO", &sig, &err), -1);
	ck_assert_str_eq(err.message, "'SIGFOO' is not a signal");
	ck_assert_int_eq(value_signal("0", &sig, &err), -1);
	ck_assert_int_eq(value_signal("RTMIN+99", &sig, &err), -1);
	ck_assert_int_eq(value_signal("SIG", &sig, &err), -1);
	ck_assert_int_eq(value_signal("", &sig, &err), -1);
}
END_TEST

static const struct {
	int (*check)(const char *text, struct err *err);
	const char *text, *message; /* NULL: right */
	const char *hint;
} names[] = {
        {value_label, "web", NULL, NULL},
        {value_label, "a-1", NULL, NULL},
        {value_label, "0", NULL, NULL},
        {value_label, "Web", "'Web' is not a DNS label", "write 'web'"},
        {value_label, "my_web", "'my_web' is not a DNS label", "write 'my-web'"},
        {value_label, "-a", "'-a' is not a DNS label", NULL},
        {value_label, "a.b", "'a.b' is not a DNS label", NULL},
        {value_label, "..", "'..' is not a DNS label", NULL},
        {value_label, "../x", "'../x' is not a DNS label", NULL},
        {value_label, "localhost", "'localhost' is not a DNS label", NULL},
        {value_label, "a\x1b[31m", "'a\\x1b[31m' is not a DNS label", NULL},
        {value_domain, "shop.test", NULL, NULL},
        {value_domain, "shop..test", "'shop..test' is not a domain", NULL},
        {value_domain, ".", "'.' is not a domain", NULL},
        {value_user, "student", NULL, NULL},
        {value_user, "0", "'0' is not a user's name", ""},
        {value_user, "a b", "'a b' is not a user's name", ""},
        {value_owner, "www-data:adm", NULL, NULL},
        {value_owner, "a:", "'a:' is not an owner", NULL},
        {value_variable, "PATH_1", NULL, NULL},
        {value_variable, "1A", "'1A' is not the name of a variable", NULL},
        {value_variable, "A=B", "'A=B' is not the name of a variable", NULL},
        {value_box, "debian/12", NULL, NULL},
        {value_box, "./x.box", NULL, NULL},
        {value_box, "../x.box", NULL, NULL},
        {value_box, "~/x.box", NULL, NULL},
        {value_box, "/x/y", NULL, NULL},
        {value_box, "debian/../x", "'debian/../x' is not a box", NULL},
        {value_box, "~x", "'~x' is not a box", NULL},
        {value_box, "docker://postgres:16", "'docker://postgres:16' is not supported yet", ""},
        {value_cpuset, "0-1", NULL, NULL},
        {value_cpuset, "0,2-3,7", NULL, NULL},
        {value_cpuset, "3-1", "'3-1' is not a set of CPUs", NULL},
        {value_cpuset, "1,", "'1,' is not a set of CPUs", NULL},
        {value_regex, "ready to (accept|serve)", NULL, NULL},
        {value_regex, "(((a{1,255}){1,255}){1,255})", NULL, NULL},
        {value_regex, "(", "'(' is not a regular expression: Unmatched ( or \\(", ""},
};

START_TEST(name)
{
	memset(&err, 0, sizeof(err));
	int rc = names[_i].check(names[_i].text, &err);
	ck_assert_msg(rc == (names[_i].message ? -1 : 0), "%s", names[_i].text);
	if (names[_i].message)
		ck_assert_str_eq(err.message, names[_i].message);
	if (names[_i].hint)
		ck_assert_str_eq(err.hint, names[_i].hint);
}
END_TEST

#define LOOPBACK6                       \
	{                               \
		.s6_addr = { [15] = 1 } \
	}
#define FOUR(ip)                        \
	{                               \
		.v4 = true, .ip4 = (ip) \
	}
#define SIX                                  \
	{                                    \
		.v6 = true, .ip6 = LOOPBACK6 \
	}
#define BOTH                                      \
	{                                         \
		true, true, 0x7f000001, LOOPBACK6 \
	}

static const struct {
	const char *text;
	struct port_map map; /* guest 0: refused */
} ports[] = {
        {"8080:80", {BOTH, 8080, 8080, 80, 80, false, false}},
        {"22:22", {BOTH, 22, 22, 22, 22, false, false}},
        {"80", {BOTH, 0, 0, 80, 80, false, false}},
        {"127.0.0.1:5353:53/udp", {FOUR(0x7f000001), 5353, 5353, 53, 53, true, false}},
        {"0.0.0.0:80:80/tcp", {FOUR(0), 80, 80, 80, 80, false, false}},
        {"8000-8010:8000-8010", {BOTH, 8000, 8010, 8000, 8010, false, false}},
        {"8080-8089:80", {BOTH, 8080, 8089, 80, 80, false, true}},
        {"1.2.3.4::80", {FOUR(0x01020304), 0, 0, 80, 80, false, false}},
        {"[::]:8080:80", {{.v6 = true}, 8080, 8080, 80, 80, false, false}},
        {"[::1]:5353:53/udp", {SIX, 5353, 5353, 53, 53, true, false}},
        {"[::1]::80", {SIX, 0, 0, 80, 80, false, false}},
        {"localhost:8080:80", {BOTH, 8080, 8080, 80, 80, false, false}},
        {"[::1]:80", {.guest = 0}},
        {"::1:8080:80", {.guest = 0}},
        {"[fe80::1]:8080:80", {.guest = 0}},
        {"0:80", {.guest = 0}},
        {"99999", {.guest = 0}},
        {"80:", {.guest = 0}},
        {":80", {.guest = 0}},
        {"a:80", {.guest = 0}},
        {"8080:80/sctp", {.guest = 0}},
        {"80-70", {.guest = 0}},
        {"80-81-82:80", {.guest = 0}},
        {"8000-8001:80-85", {.guest = 0}},
        {"1.2.3:80:80", {.guest = 0}},
        {"-1:80", {.guest = 0}},
        {"", {.guest = 0}},
};

START_TEST(port)
{
	struct port_map map = {0};
	int rc = value_port(ports[_i].text, &map, &err);

	ck_assert_int_eq(rc, ports[_i].map.guest ? 0 : -1);
	const struct port_map *wanted = &ports[_i].map;
	ck_assert(host_address_same(&map.address, &wanted->address));
	ck_assert_int_eq(map.host, wanted->host);
	ck_assert_int_eq(map.host_last, wanted->host_last);
	ck_assert_int_eq(map.guest, wanted->guest);
	ck_assert_int_eq(map.guest_last, wanted->guest_last);
	ck_assert_int_eq(map.udp, wanted->udp);
	ck_assert_int_eq(map.one_each, wanted->one_each);
}
END_TEST

START_TEST(addresses)
{
	struct subnet net;
	uint32_t a = 0;

	ck_assert(value_ipv4("10.77.1.10", &a, &err) == 0 && a == 0x0a4d010a);
	ck_assert_int_eq(value_ipv4("10.77.1", &a, &err), -1);
	ck_assert_str_eq(err.message, "'10.77.1' is not an IPv4 address");
	ck_assert_int_eq(value_subnet("10.77.1.0/24", &net, &err), 0);
	ck_assert(subnet_has(&net, a) && !subnet_has(&net, 0x0a4d0100));
	ck_assert(!subnet_has(&net, 0x0a4d01ff) && !subnet_has(&net, 0x0a4d020a));
	ck_assert_int_eq(value_subnet("10.77.1.9/24", &net, &err), -1);
	ck_assert_str_eq(err.hint, "write 10.77.1.0/24");
	ck_assert_int_eq(value_subnet("10.77.1.0/31", &net, &err), -1);
	ck_assert_int_eq(value_subnet("10.77.1.0", &net, &err), -1);
	ck_assert_str_eq(err.message, "'10.77.1.0' is not a subnet");
	ck_assert_int_eq(value_subnet("10.77.1.0/", &net, &err), -1);
}
END_TEST

START_TEST(paths)
{
	setenv("HOME", "/home/x", 1);
	AUTO_FREE char *a = value_path("~/b", "/lab"), *b = value_path("./b", "/lab");
	AUTO_FREE char *c = value_path("../b", "/lab"), *d = value_path("/b", "/lab");
	AUTO_FREE char *e = value_path("b", "/");
	ck_assert_str_eq(a, "/home/x/b");
	ck_assert_str_eq(b, "/lab/b");
	ck_assert_str_eq(c, "/lab/../b");
	ck_assert_str_eq(d, "/b");
	ck_assert_str_eq(e, "/b");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("value");
	TCase *tc = tcase_create("value");

	tcase_add_loop_test(tc, size, 0, ARRAY_SIZE(sizes));
	tcase_add_loop_test(tc, duration, 0, ARRAY_SIZE(durations));
	tcase_add_test(tc, booleans);
	tcase_add_test(tc, numbers);
	tcase_add_test(tc, signals);
	tcase_add_loop_test(tc, name, 0, ARRAY_SIZE(names));
	tcase_add_loop_test(tc, port, 0, ARRAY_SIZE(ports));
	tcase_add_test(tc, addresses);
	tcase_add_test(tc, paths);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
