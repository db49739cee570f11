/*
 * A veth pair on a bridge, in a network namespace that the test makes for itself: nothing of this
 * host's network is touched. Skips without root or the ip tool.
 */
#include "net/inside.h"
#include "net/veth.h"
#include "base/proc.h"
#include "tests/fake/check_util.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err err;
static int inside = -1;
static const struct link_name pair_link = {"pvtest0"};

static const struct veth pair = {
        .link = "pvtest0",
        .inside = "eth0",
        .mac = "52:54:00:12:34:56",
        .mtu = 1400,
        .address = "10.99.0.2",
        .prefix = 24,
        .gateway = "10.99.0.1",
};

static void sh(const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};

	ck_ok(proc_check(argv, NULL, &err));
}

/* What the script prints inside the container's namespace; stands for the container. */
static void sh_inside(const char *script, struct str *out)
{
	AUTO_FD int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	const char *const argv[] = {"sh", "-c", script, NULL};

	ck_assert_int_eq(setns(inside, CLONE_NEWNET), 0);
	int rc = proc_check(argv, out, &err);
	ck_assert_int_eq(setns(own, CLONE_NEWNET), 0);
	ck_assert_msg(rc == 0, "%s", err.message);
}

static void set_up(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	sh("ip link set lo up; ip link add brtest type bridge; ip link set brtest up; "
	   "ip address add 10.99.0.1/24 dev brtest; ip link add brother type bridge");
	AUTO_FD int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	sh("ip link set lo up");
	inside = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(setns(own, CLONE_NEWNET), 0);
}

static void tear_down(void)
{
	util_close_fd(&inside);
}

START_TEST(pair_reaches_the_bridge)
{
	AUTO_STR out = {0};

	ck_ok(veth_create(&pair, 1, inside, &err));
	ck_assert_int_eq(veth_look(pair.link, "brtest"), VETH_LOOSE);
	ck_ok(veth_plug(pair.link, "brtest", &err));
	ck_assert_int_eq(veth_look(pair.link, "brtest"), VETH_PLUGGED);
	ck_assert_int_eq(veth_look(pair.link, "brother"), VETH_LOOSE);
	ck_assert_int_eq(veth_look(pair.link, NULL), VETH_LOOSE);
	sh_inside("ip -o -4 address show dev eth0 | awk '{print $4, $6}'; ip route | head -n 1; "
	          "ip -o link show eth0",
	        &out);
	ck_has(str_text(&out), "10.99.0.2/24 10.99.0.255\n");
	ck_has(str_text(&out), "default via 10.99.0.1 dev eth0");
	ck_has(str_text(&out), "link/ether 52:54:00:12:34:56");
	ck_has(str_text(&out), "mtu 1400");
	ck_lacks(str_text(&out), "state DOWN");
	sh_inside("busybox ping -c 1 -W 5 10.99.0.1", &out);
	sh("busybox ping -c 1 -W 5 10.99.0.2");
}
END_TEST

START_TEST(plugging_again_moves_it)
{
	ck_ok(veth_create(&pair, 1, inside, &err));
	ck_ok(veth_plug(pair.link, "brother", &err));
	ck_ok(veth_plug(pair.link, "brtest", &err));
	ck_ok(veth_plug(pair.link, "brtest", &err));
	ck_assert_int_eq(veth_look(pair.link, "brtest"), VETH_PLUGGED);
	sh("ip link del brtest");
	ck_assert_int_eq(veth_look(pair.link, "brtest"), VETH_LOOSE);
}
END_TEST

START_TEST(isolated_has_no_route)
{
	struct veth isolated = pair;
	AUTO_STR out = {0};

	isolated.gateway = NULL;
	isolated.mtu = 0;
	ck_ok(veth_create(&isolated, 1, inside, &err));
	sh_inside("ip route | grep -c default || true; ip -o link show eth0", &out);
	ck_has(str_text(&out), "0\n");
	ck_has(str_text(&out), "mtu 1500");
}
END_TEST

START_TEST(remove_waits_for_the_namespace)
{
	ck_ok(veth_create(&pair, 1, inside, &err));
	util_close_fd(&inside);
	ck_ok(veth_remove(&pair_link, 1, &err));
	ck_assert_uint_eq(if_nametoindex(pair.link), 0);
	ck_ok(veth_remove(&pair_link, 1, &err));
}
END_TEST

START_TEST(remove_takes_it_from_a_living_namespace)
{
	AUTO_STR out = {0};

	ck_ok(veth_create(&pair, 1, inside, &err));
	ck_ok(veth_remove(&pair_link, 1, &err));
	ck_assert_uint_eq(if_nametoindex(pair.link), 0);
	ck_assert_int_eq(veth_look(pair.link, "brtest"), VETH_ABSENT);
	sh_inside("ip -o link | grep -c eth0 || true", &out);
	ck_assert_str_eq(str_text(&out), "0\n");
}
END_TEST

/* Two networks, IPv6 and an alias in one call, plugged in as they are made; only one has a route.
 */
START_TEST(several_at_once)
{
	const struct veth two[] = {
	        {.link = "pvtest0",
	                .inside = "eth0",
	                .bridge = "brtest",
	                .mac = "52:54:00:12:34:56",
	                .address = "10.99.0.2",
	                .prefix = 24,
	                .gateway = "10.99.0.1",
	                .address6 = "fd99::2",
	                .prefix6 = 64,
	                .gateway6 = "fd99::1"},
	        {.link = "pvtest0-1",
	                .inside = "eth1",
	                .bridge = "brother",
	                .alias = "other",
	                .mac = "52:54:00:12:34:57",
	                .mtu = 9000,
	                .address = "10.99.1.2",
	                .prefix = 24},
	};
	const struct link_name links[] = {{"pvtest0"}, {"pvabsent"}, {"pvtest0-1"}};
	AUTO_STR out = {0};

	sh("ip address add fd99::1/64 dev brtest nodad");
	ck_ok(veth_create(two, ARRAY_SIZE(two), inside, &err));
	ck_assert_int_eq(veth_look("pvtest0", "brtest"), VETH_PLUGGED);
	ck_assert_int_eq(veth_look("pvtest0-1", "brother"), VETH_PLUGGED);
	ck_assert(veth_has_alias("pvtest0-1", "other"));
	ck_assert(!veth_has_alias("pvtest0-1", "othe"));
	ck_assert(!veth_has_alias("pvtest0", "other"));
	ck_assert(!veth_has_alias("pvabsent", ""));
	ck_assert_uint_eq(veth_which(links, ARRAY_SIZE(links)), 5);
	sh_inside("ip -o address show scope global | awk '{print $2, $4}'; ip route; ip -6 route; "
	          "ip -o link show eth1; busybox ping -c 1 -W 5 fd99::1 >/dev/null",
	        &out);
	ck_has(str_text(&out), "eth0 10.99.0.2/24\n");
	ck_has(str_text(&out), "eth0 fd99::2/64\n");
	ck_has(str_text(&out), "eth1 10.99.1.2/24\n");
	ck_has(str_text(&out), "default via 10.99.0.1 dev eth0");
	ck_has(str_text(&out), "default via fd99::1 dev eth0");
	ck_lacks(str_text(&out), "10.99.1.1");
	ck_lacks(str_text(&out), "tentative");
	ck_has(str_text(&out), "mtu 9000");
	ck_ok(veth_cut("pvtest0-1", &err));
	ck_ok(veth_cut("pvtest0-1", &err));
	ck_assert_uint_eq(veth_which(links, ARRAY_SIZE(links)), 1);
	util_close_fd(&inside);
	ck_ok(veth_remove(links, ARRAY_SIZE(links), &err));
	ck_assert_uint_eq(veth_which(links, ARRAY_SIZE(links)), 0);
}
END_TEST

START_TEST(errors_say_what)
{
	struct veth wrong = pair;

	ck_ok(veth_create(&pair, 1, inside, &err));
	ck_fails(veth_create(&pair, 1, inside, &err), ERR_FAILED,
	        "'pvtest0': create a veth pair: File exists");
	ck_fails(veth_plug(pair.link, "nobridge", &err), ERR_FAILED,
	        "look for 'nobridge': No such device");
	ck_fails(veth_plug("nolink", "brtest", &err), ERR_FAILED,
	        "look for 'nolink': No such device");
	wrong.mac = "52:54:00:12:34";
	ck_fails(veth_create(&wrong, 1, inside, &err), ERR_FAILED,
	        "'52:54:00:12:34' is no MAC address");
	wrong = pair;
	snprintf(wrong.link, sizeof(wrong.link), "pvtest1");
	wrong.address = "10.99.0.300";
	ck_fails(veth_create(&wrong, 1, inside, &err), ERR_FAILED,
	        "'10.99.0.300/24' is no IPv4 address");
	wrong.address = pair.address;
	wrong.gateway = "router";
	ck_fails(veth_create(&wrong, 1, inside, &err), ERR_FAILED, "'router' is no IPv4 address");
	wrong = pair;
	snprintf(wrong.link, sizeof(wrong.link), "pvtest1");
	wrong.address6 = "fd99:::2";
	wrong.prefix6 = 64;
	ck_fails(veth_create(&wrong, 1, inside, &err), ERR_FAILED,
	        "'fd99:::2/64' is no IPv6 address");
	wrong.address6 = "fd99::2";
	wrong.bridge = "nobridge";
	ck_fails(veth_create(&wrong, 1, inside, &err), ERR_FAILED,
	        "look for 'nobridge': No such device");
	ck_assert_uint_eq(if_nametoindex("pvtest1"), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {pair_reaches_the_bridge, plugging_again_moves_it,
	        isolated_has_no_route, remove_waits_for_the_namespace,
	        remove_takes_it_from_a_living_namespace, several_at_once, errors_say_what};

	if (geteuid() != 0) {
		printf("SKIP veth: only root may make network devices\n");
		return getenv("PROV_TEST_MUST_RUN") != NULL;
	}
	if (system("command -v ip busybox >/dev/null 2>&1") != 0) {
		printf("SKIP veth: the tools ip and busybox are missing\n");
		return getenv("PROV_TEST_MUST_RUN") != NULL;
	}
	return suite_run("veth", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
