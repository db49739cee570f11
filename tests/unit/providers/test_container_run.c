/* A container's life: up, its limits, changes, its network, halt, destroy. */
#include "tests/unit/providers/container_fixture.h"

#include "base/proc.h"

#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define err ctr_err

static void up(void)
{
	ck_ok(ctr_up());
}

/* Runs it and expects this output. */
static void check_sh(const char *script, const char *output)
{
	int rc = ctr_sh(script);

	ck_assert_msg(rc == 0, "'%s': %d: %s", script, rc, str_text(&ctr.out));
	ck_assert_str_eq(str_text(&ctr.out), output);
}

START_TEST(up_exec_halt_up)
{
	ck_assert_int_eq(ctr_status().state, MACHINE_ABSENT);
	up();
	ck_assert(ctr.changed);
	ck_assert_int_eq(ctr_status().state, MACHINE_RUNNING);
	ck_assert_int_eq(ctr_sh("exit 7"), 7);
	ck_assert_int_eq(ctr_sh("echo out; echo err >&2"), 0);
	ck_has(str_text(&ctr.out), "out\n");
	ck_has(str_text(&ctr.out), "err\n");
	up();
	ck_assert(!ctr.changed);
	check_sh("echo kept >/root/file", "");
	ck_ok(ctr_halt());
	ck_assert(ctr.changed);
	ck_assert_int_eq(ctr_status().state, MACHINE_HALTED);
	ck_ok(ctr_halt());
	ck_assert(!ctr.changed);
	up();
	check_sh("cat /root/file", "kept\n");
	ck_assert_str_eq(str_text(&ctr.notes), "");
}
END_TEST

START_TEST(box_stays_as_it_is)
{
	AUTO_FREE char *below = xasprintf("%s/root/file", ctr_box());
	AUTO_FREE char *hostname = xasprintf("%s/etc/hostname", ctr_box());
	AUTO_FREE char *above = xasprintf("%s/root/file", ctr.names.upper);
	struct stat st;

	up();
	check_sh("echo x >/root/file; rm /etc/group", "");
	ck_assert(!fs_exists(below));
	ck_assert(!fs_exists(hostname));
	ck_assert(fs_exists(above));
	/* Set-user-id programs of the machine are out of reach for the host's users. */
	ck_assert_int_eq(stat(ctr.names.dir, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	check_sh("stat -c '%a %u:%g' /", "755 0:0\n");
}
END_TEST

static void up_elsewhere(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(ctr_up() < 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ctr_reopen();
}

START_TEST(survives_its_starter)
{
	up_elsewhere();
	ck_assert_int_eq(ctr_status().state, MACHINE_RUNNING);
	check_sh("hostname", "web\n");
	ck_assert_int_eq(getpgid(ctr_pid()), ctr_pid());
	ck_assert_int_eq(getsid(ctr_pid()), ctr_pid());
	up();
	ck_assert(!ctr.changed);
}
END_TEST

static bool no_zombies(void)
{
	return ctr_sh("grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null") != 0;
}

START_TEST(init_reaps_orphans)
{
	up();
	check_sh(
	        "for i in 1 2 3 4 5 6 7 8 9 10; do (sh -c 'exit 3' & ) ; done; (sleep 0.05 &)", "");
	ck_assert(ctr_until(no_zombies));
}
END_TEST

START_TEST(halt_lets_daemons_end)
{
	up();
	check_sh("cat >/root/daemon <<'X'\ntrap 'sleep 0.1; echo bye >/root/said; exit' TERM\n"
	         "echo >/root/ready; while :; do sleep 0.02; done\nX\n"
	         "(sh /root/daemon >/dev/null 2>&1 &); until test -e /root/ready; do sleep 0.01; "
	         "done",
	        "");
	ck_ok(ctr_halt());
	up();
	check_sh("cat /root/said", "bye\n");
	ck_assert_str_eq(str_text(&ctr.notes), "");
}
END_TEST

START_TEST(memory_hog_dies_alone)
{
	ctr.spec.memory_bytes = 32 << 20;
	up();
	ck_assert_int_eq(ctr_sh("dd if=/dev/zero of=/dev/null bs=96M count=1 2>/dev/null"), 137);
	check_sh("echo alive", "alive\n");
}
END_TEST

START_TEST(fork_bomb_stops_at_its_limit)
{
	ctr.spec.container.pids = 16;
	up();
	ck_assert_int_ne(ctr_sh("for i in $(seq 1 40); do sleep 30 & done; true"), 0);
	ck_has(str_text(&ctr.out), "can't fork");
	ck_ok(ctr_halt());
}
END_TEST

/* Value of the first of these files that this host has. */
static void read_limit(const char *const files[2], struct str *out)
{
	const struct session *s = ctr.runner.session;

	for (size_t i = 0; i < 2 * s->tree.dirs.n; i++) {
		AUTO_FREE char *path = xasprintf(
		        "%s/%s/%s", s->tree.dirs.v[i / 2], ctr.names.cgroup, files[i % 2]);
		if (fs_exists(path)) {
			ck_ok(fs_read(path, 64, out, &err));
			return;
		}
	}
	ck_abort_msg("no %s", files[0]);
}

START_TEST(limits_change_while_it_runs)
{
	static const char *const memory[] = {"memory.max", "memory.limit_in_bytes"};
	static const char *const cpu[] = {"cpu.max", "cpu.cfs_quota_us"};
	AUTO_STR text = {0};

	up();
	pid_t before = ctr_pid();
	static const int64_t sizes[] = {128 << 20, 48 << 20};
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ctr.spec.memory_bytes = sizes[i];
		ctr.spec.cpus = 0.5;
		up();
		ck_assert(ctr.changed);
		read_limit(memory, &text);
		ck_assert_int_eq(strtoll(str_text(&text), NULL, 10), sizes[i]);
		read_limit(cpu, &text);
		ck_assert_int_eq(strtoll(str_text(&text), NULL, 10), 50000);
	}
	ck_assert_int_eq(ctr_pid(), before);
}
END_TEST

START_TEST(hosts_change_while_it_runs)
{
	up();
	pid_t before = ctr_pid();
	strv_add(&ctr.spec.hosts, "10.1.2.3 db db.t.test");
	up();
	ck_assert(ctr.changed);
	check_sh("grep -c 10.1.2.3 /etc/hosts", "1\n");
	ck_assert_int_eq(ctr_pid(), before);
}
END_TEST

START_TEST(new_hostname_restarts)
{
	up();
	check_sh("echo kept >/root/file", "");
	pid_t before = ctr_pid();
	free(ctr.spec.hostname);
	ctr.spec.hostname = xstrdup("web-container");
	up();
	ck_assert_int_ne(ctr_pid(), before);
	check_sh("hostname; cat /etc/hostname /root/file", "web-container\nweb-container\nkept\n");
}
END_TEST

START_TEST(another_box_needs_recreate)
{
	up();
	free(ctr.spec.box.digest);
	ctr.spec.box.digest = xstrdup("1111");
	ck_fails(ctr_up(), ERR_FAILED,
	        "what 'container.dirs' was made from has changed: needs --recreate");
}
END_TEST

START_TEST(host_network_is_the_hosts)
{
	AUTO_STR resolv = {0}, own = {0};
	char inside[64], outside[64];

	ctr.spec.network_mode = NET_HOST;
	up();
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
	up();
	check_sh("ping -c 1 -W 5 10.98.0.1 >/dev/null; cat /etc/resolv.conf",
	        "search t.test\nnameserver 10.98.0.1\n");
	/* What it reports the moment it executes: the address was there before. */
	check_sh("ip -o -4 address show eth0 | awk '{print $4}'; ip route | head -n 1 | cut -d' ' "
	         "-f1-3",
	        "10.98.0.7/24\ndefault via 10.98.0.1\n");
	ip("ip link del br0; ip link add br0 type bridge; ip link set br0 up; "
	   "ip address add 10.98.0.1/24 dev br0");
	pid_t before = ctr_pid();
	up();
	ck_assert(ctr.changed);
	check_sh("ping -c 1 -W 5 10.98.0.1 >/dev/null", "");
	ck_assert_int_eq(ctr_pid(), before);
	up();
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
	up();
	check_sh("for a in 10.98.0.1 10.98.1.1 fd98::1; do ping -c 1 -W 5 $a >/dev/null || echo "
	         "$a; done; ip route | grep default; grep -v localhost /etc/hosts; "
	         "cat /etc/resolv.conf",
	        "default via 10.98.0.1 dev eth0 \n"
	        "10.98.0.7 web.t.test web\n10.98.1.7 web.t.test web sql\n"
	        "fd98::7 web.t.test web sql\nsearch t.test\nnameserver 10.98.0.1\n");
	pid_t before = ctr_pid();
	ck_assert_int_eq(plug(ctr.runner.session, &third, true, &err), 1);
	ck_assert_int_eq(plug(ctr.runner.session, &third, true, &err), 0);
	check_sh("ping -c 1 -W 5 10.98.2.1 >/dev/null; ip -o -4 address show eth2 | awk '{print "
	         "$4}'; ip route | grep -c default",
	        "10.98.2.7/24\n1\n");
	ck_assert_int_eq(plug(ctr.runner.session, &ctr.spec.nics[1], false, &err), 1);
	ck_assert(has_link(0) && !has_link(1) && has_link(2) && !has_link(3));
	/* up goes by the file: the second is back, the third is not in there. */
	up();
	ck_assert(ctr.changed);
	ck_assert_int_eq(ctr_pid(), before);
	ck_assert(has_link(0) && has_link(1) && !has_link(2));
	check_sh("ping -c 1 -W 5 10.98.1.1 >/dev/null; ls /sys/class/net | tr '\\n' ' '",
	        "eth0 eth1 lo ");
	up();
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

START_TEST(usage_counts_the_cgroup)
{
	struct usage usage;

	ck_fails(container_provider.usage(ctr.runner.session, &usage, &err), ERR_FAILED,
	        "'web@container' is not running");
	up();
	check_sh("head -c 8000000 /dev/zero >/dev/shm/x", "");
	ck_ok(container_provider.usage(ctr.runner.session, &usage, &err));
	ck_assert_int_gt(usage.memory_bytes, 8000000);
	ck_assert_int_lt(usage.memory_bytes, 64 << 20);
	ck_assert_int_gt(usage.cpu_ns, 0);
	ck_has(usage.method, "memory in use less inactive file pages");
}
END_TEST

static struct run run_of(const struct step *step)
{
	return (struct run){.spec = &ctr.spec,
	        .names = &ctr.names,
	        .session = ctr.runner.session,
	        .step = step,
	        .runner = &ctr.runner};
}

START_TEST(steps_explain_themselves)
{
	for (size_t i = 0; i < container_provider.n_steps; i++) {
		AUTO_STR text = {0};
		struct run run = run_of(&container_provider.steps[i]);
		run.step->explain(&run, &text);
		ck_assert_msg(text.len > 20, "%s", run.step->name);
		ck_assert_int_eq(str_text(&text)[text.len - 1], '\n');
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {up_exec_halt_up, box_stays_as_it_is, survives_its_starter,
	        init_reaps_orphans, halt_lets_daemons_end, memory_hog_dies_alone,
	        fork_bomb_stops_at_its_limit, limits_change_while_it_runs,
	        hosts_change_while_it_runs, new_hostname_restarts, another_box_needs_recreate,
	        host_network_is_the_hosts, lab_network_reaches_the_bridge,
	        several_networks_and_hot_plug, usage_counts_the_cgroup, steps_explain_themselves};

	if (ctr_world_begin() < 0)
		return getenv("PROV_TEST_MUST_RUN") != NULL;
	int rc = suite_run("container_run", tests, ARRAY_SIZE(tests), ctr_begin, ctr_end);
	ctr_world_end();
	return rc;
}
