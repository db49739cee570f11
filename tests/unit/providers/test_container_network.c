/* Networks of a container that runs: the host's, the lab's, several, and what comes and goes
 * meanwhile. */
#include "tests/unit/providers/container_fixture.h"

#include "base/proc.h"

#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#define err ctr_err

START_TEST(hosts_change_while_it_runs)
{
	ck_ok(ctr_up());
	pid_t before = ctr_pid();
	strv_add(&ctr.spec.hosts, "10.1.2.3 db db.t.test");
	ck_ok(ctr_up());
	ck_assert(ctr.changed);
	ctr_says("grep -c 10.1.2.3 /etc/hosts", "1\n");
	ck_assert_int_eq(ctr_pid(), before);
}
END_TEST

START_TEST(host_network_is_the_hosts)
{
	AUTO_STR resolv = {0}, own = {0};
	char inside[64], outside[64];

	ctr.spec.network_mode = NET_HOST;
	ck_ok(ctr_up());
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/net", ctr_pid());
	ssize_t n = readlink(path, inside, sizeof(inside)),
	        k = readlink("/proc/self/ns/net", outside, sizeof(outside));
	ck_assert_mem_eq(inside, outside, (size_t)n);
	ck_assert_int_eq(n, k);
	ck_ok(fs_read("/etc/resolv.conf", 1 << 16, &resolv, &err));
	ck_assert_int_eq(ctr_sh("cat /etc/resolv.conf"), 0);
	ck_assert_str_eq(str_text(&ctr.out), str_text(&resolv));
}
END_TEST

static void ip(const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};

	ck_ok(proc_check(argv, NULL, &err));
}

START_TEST(lab_network_reaches_the_bridge)
{
	if (system("command -v ip >/dev/null 2>&1") != 0) {
		printf("SKIP lab network: the tool ip is missing\n");
		return;
	}
	/* A host's network of this test's own. */
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	ip("ip link set lo up; ip link add br0 type bridge; ip link set br0 up; "
	   "ip address add 10.98.0.1/24 dev br0");
	ctr.spec.network_mode = NET_LAB;
	ctr.spec.nics = xcalloc(1, sizeof(*ctr.spec.nics));
	ctr.spec.n_nics = 1;
	ctr.spec.nics[0] = (struct nic){
	        .network = xstrdup("default"),
	        .mac = xstrdup("52:54:00:00:00:07"),
	        .address = xstrdup("10.98.0.7"),
	        .prefix = 24,
	        .gateway = xstrdup("10.98.0.1"),
	        .dns = xstrdup("10.98.0.1"),
	        .default_route = true,
	        .bridge = xstrdup("br0"),
	        .mtu = 1500,
	};
	ck_ok(ctr_up());
	ctr_says("ping -c 1 -W 5 10.98.0.1 >/dev/null; cat /etc/resolv.conf",
	        "search t.test\nnameserver 10.98.0.1\n");
	/* What it reports the moment it executes: the address was there before. */
	ctr_says("ip -o -4 address show eth0 | awk '{print $4}'; ip route | head -n 1 | cut -d' ' "
	         "-f1-3",
	        "10.98.0.7/24\ndefault via 10.98.0.1\n");
	ip("ip link del br0; ip link add br0 type bridge; ip link set br0 up; "
	   "ip address add 10.98.0.1/24 dev br0");
	pid_t before = ctr_pid();
	ck_ok(ctr_up());
	ck_assert(ctr.changed);
	ctr_says("ping -c 1 -W 5 10.98.0.1 >/dev/null", "");
	ck_assert_int_eq(ctr_pid(), before);
	ck_ok(ctr_up());
	ck_assert(!ctr.changed);
	ck_ok(ctr_halt());
	ck_assert_uint_eq(if_nametoindex(ctr.names.link), 0);
}
END_TEST

static void fill_nic(struct nic *nic, const char *network, int subnet, const char *bridge)
{
	*nic = (struct nic){
	        .network = xstrdup(network),
	        .mac = xasprintf("52:54:00:00:%02x:07", subnet),
	        .address = xasprintf("10.98.%d.7", subnet),
	        .prefix = 24,
	        .gateway = xasprintf("10.98.%d.1", subnet),
	        .dns = xasprintf("10.98.%d.1", subnet),
	        .default_route = subnet == 0,
	        .bridge = xstrdup(bridge),
	        .mtu = 1500,
	};
}

static bool has_link(size_t i)
{
	char link[16];

	link_of(&ctr.names, i, link);
	return if_nametoindex(link) != 0;
}

static void clear_nic(struct nic *nic)
{
	char **const texts[] = {&nic->network, &nic->mac, &nic->address, &nic->gateway, &nic->dns,
	        &nic->address6, &nic->bridge};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(*texts[i]);
	strv_clear(&nic->aliases);
}

/* Two networks of the spec, a third connected and taken away; what up makes tidy again. */
START_TEST(several_networks_and_hot_plug)
{
	__typeof__(container_provider.plug) plug = container_provider.plug;
	struct nic third;

	if (system("command -v ip >/dev/null 2>&1") != 0) {
		printf("SKIP several networks: the tool ip is missing\n");
		return;
	}
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	ip("ip link set lo up; for i in 0 1 2; do ip link add br$i type bridge; "
	   "ip link set br$i up; ip address add 10.98.$i.1/24 dev br$i; done; "
	   "ip address add fd98::1/64 dev br1 nodad");
	ctr.spec.network_mode = NET_LAB;
	ctr.spec.nics = xcalloc(2, sizeof(*ctr.spec.nics));
	ctr.spec.n_nics = 2;
	fill_nic(&ctr.spec.nics[0], "default", 0, "br0");
	fill_nic(&ctr.spec.nics[1], "back", 1, "br1");
	ctr.spec.nics[1].address6 = xstrdup("fd98::7");
	ctr.spec.nics[1].prefix6 = 64;
	strv_add(&ctr.spec.nics[1].aliases, "sql");
	fill_nic(&third, "third", 2, "br2");
	ck_fails(plug(ctr.runner.session, &third, true, &err), ERR_FAILED,
	        "'web@container' is not running");
	ck_ok(ctr_up());
	ctr_says("for a in 10.98.0.1 10.98.1.1 fd98::1; do ping -c 1 -W 5 $a >/dev/null || echo "
	         "$a; done; ip route | grep default; grep -v localhost /etc/hosts; "
	         "cat /etc/resolv.conf",
	        "default via 10.98.0.1 dev eth0 \n"
	        "10.98.0.7 web.t.test web\n10.98.1.7 web.t.test web sql\n"
	        "fd98::7 web.t.test web sql\nsearch t.test\nnameserver 10.98.0.1\n");
	pid_t before = ctr_pid();
	ck_assert_int_eq(plug(ctr.runner.session, &third, true, &err), 1);
	ck_assert_int_eq(plug(ctr.runner.session, &third, true, &err), 0);
	ctr_says("ping -c 1 -W 5 10.98.2.1 >/dev/null; ip -o -4 address show eth2 | awk '{print "
	         "$4}'; ip route | grep -c default",
	        "10.98.2.7/24\n1\n");
	ck_assert_int_eq(plug(ctr.runner.session, &ctr.spec.nics[1], false, &err), 1);
	ck_assert(has_link(0) && !has_link(1) && has_link(2) && !has_link(3));
	/* up goes by the file: the second is back, the third is not in there. */
	ck_ok(ctr_up());
	ck_assert(ctr.changed);
	ck_assert_int_eq(ctr_pid(), before);
	ck_assert(has_link(0) && has_link(1) && !has_link(2));
	ctr_says("ping -c 1 -W 5 10.98.1.1 >/dev/null; ls /sys/class/net | tr '\\n' ' '",
	        "eth0 eth1 lo ");
	ck_ok(ctr_up());
	ck_assert(!ctr.changed);
	ck_assert_int_eq(plug(ctr.runner.session, &third, true, &err), 1);
	ck_assert_int_eq(plug(ctr.runner.session, &third, false, &err), 1);
	ck_assert_int_eq(plug(ctr.runner.session, &third, false, &err), 0);
	ck_assert(has_link(1) && !has_link(2));
	ck_assert_int_eq(plug(ctr.runner.session, &third, true, &err), 1);
	clear_nic(&third);
	ck_ok(ctr_halt());
	ck_assert(!has_link(0) && !has_link(1) && !has_link(2));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {hosts_change_while_it_runs, host_network_is_the_hosts,
	        lab_network_reaches_the_bridge, several_networks_and_hot_plug};

	if (ctr_world_begin() < 0)
		return getenv("PROV_TEST_MUST_RUN") != NULL;
	int rc = suite_run("container_network", tests, ARRAY_SIZE(tests), ctr_begin, ctr_end);
	ctr_world_end();
	return rc;
}
