/* Control groups on trees of plain files: what is found where, what is written, what is read. Needs
 * no rights: what the kernel makes with a folder is made by hand. */
#include "engine/cgroup.h"
#include "tests/fake/check_util.h"

#include <sys/stat.h>
#include <unistd.h>

static struct err err;
static struct cgroup_tree tree;
static struct cgroup_limits limits;
static char *tmp;

static void set_up(void)
{
	tmp = tmp_begin();
	limits = (struct cgroup_limits){0};
}

static void tear_down(void)
{
	cgroup_limits_clear(&limits);
	cgroup_tree_clear(&tree);
	tmp_end(tmp);
}

static void make_file(const char *path, const char *text)
{
	AUTO_FREE char *full = xasprintf("%s/%s", tmp, path);
	AUTO_FREE char *dir = xstrdup(full);

	*strrchr(dir, '/') = '\0';
	ck_ok(fs_mkdirs(dir, 0755, &err));
	ck_ok(fs_replace(full, text, strlen(text), 0644, &err));
}

static void make_files(const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		make_file(paths[i], "");
}
#define MAKE_FILES(...)                                \
	make_files((const char *const[]){__VA_ARGS__}, \
	        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void check_file(const char *path, const char *text)
{
	AUTO_FREE char *full = xasprintf("%s/%s", tmp, path);
	AUTO_STR now = {0};

	ck_ok(fs_read(full, 4096, &now, &err));
	/* A write to a plain file leaves what was behind it. */
	ck_assert_msg(
	        str_starts(str_text(&now), text), "%s: '%s', not '%s'", path, str_text(&now), text);
}

/* Lines of mountinfo with the folder of this test for %. */
static int find(const char *mounts, const char *self)
{
	AUTO_STR text = {0};

	for (const char *p = mounts; *p; p++) {
		if (*p == '%')
			str_add(&text, tmp);
		else
			str_addn(&text, p, 1);
	}
	cgroup_tree_clear(&tree);
	return cgroup_tree_read(str_text(&text), self, tmp, &tree, &err);
}

static const char v1_mounts[] =
        "24 1 0:5 / /proc rw - proc proc rw\n"
        "32 31 0:29 / %/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
        "33 31 0:29 / %/again rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
        "34 31 0:31 / %/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
        "35 31 0:32 / %/memory rw,relatime - cgroup cgroup rw,memory\n"
        "36 31 0:33 / %/devices rw,relatime - cgroup cgroup rw,devices\n"
        "37 31 0:34 / %/freezer rw,relatime - cgroup cgroup rw,freezer\n"
        "38 31 0:35 / %/blkio rw,relatime - cgroup cgroup rw,blkio\n"
        "39 31 0:36 / %/pids rw,relatime - cgroup cgroup rw,pids\n"
        "40 31 0:37 / %/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd\n"
        "41 31 0:40 / %/other rw,relatime - cgroup cgroup rw,name=other\n"
        "42 31 0:32 / /elsewhere/memory rw,relatime - cgroup cgroup rw,memory\n";
static const char v2_mounts[] = "32 31 0:29 / % rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n";

static void make_v1(void)
{
	MAKE_FILES("cpu,cpuacct/cgroup.procs", "again/cgroup.procs", "cpuset/cgroup.procs",
	        "memory/cgroup.procs", "devices/cgroup.procs", "freezer/cgroup.procs",
	        "blkio/cgroup.procs", "pids/cgroup.procs", "systemd/cgroup.procs",
	        "other/cgroup.procs");
	make_file("cpuset/cpuset.cpus", "0-3\n");
	make_file("cpuset/cpuset.mems", "0\n");
}

START_TEST(finds_v1)
{
	make_v1();
	ck_ok(find(v1_mounts, ""));
	ck_assert(!tree.v2);
	ck_assert_uint_eq(tree.dirs.n, 8); /* the same once, a stranger's never */
	ck_assert_uint_eq(tree.controllers[0], CG_CPU | CG_CPUACCT);
	ck_assert_uint_eq(cgroup_tree_controllers(&tree), CG_USUAL | CG_CPUSET | CG_SYSTEMD);
	ck_assert_int_eq(cgroup_hierarchy(&tree, CG_CPUACCT), 0);
	ck_assert_int_eq(cgroup_hierarchy(&tree, CG_HUGETLB), -1);
}
END_TEST

START_TEST(finds_v2)
{
	make_file("cgroup.controllers", "cpuset cpu io memory pids\n");
	make_file("cgroup.procs", "");
	ck_ok(find(v2_mounts, "0::/user.slice\n"));
	ck_assert(tree.v2);
	ck_assert_str_eq(tree.dirs.v[0], tmp);
	ck_assert_uint_eq(
	        tree.controllers[0], CG_CORE | CG_CPUSET | CG_CPU | CG_IO | CG_MEMORY | CG_PIDS);
	ck_assert_int_eq(cgroup_hierarchy(&tree, CG_FREEZER), 0);
	ck_assert_int_eq(cgroup_hierarchy(&tree, CG_DEVICES), 0);
}
END_TEST

START_TEST(within_one_that_comes_and_goes)
{
	make_file("cgroup.controllers", "cpu memory\n");
	make_file("cgroup.procs", "");
	make_file("cgroup.subtree_control", "");
	ck_ok(find(v2_mounts, ""));
	cgroup_tree_within(&tree, "all");
	ck_ok(cgroup_create(&tree, "one", CG_CPU, &err));
	check_file("cgroup.subtree_control", "+cpu");
	ck_ok(cgroup_create(&tree, "two", CG_CPU, &err));
	ck_ok(cgroup_remove(&tree, "one", &err));
	make_file("all/two/cgroup.procs", "7\n");
	ck_assert(cgroup_exists(&tree, "two"));
	check_file("all/two/cgroup.procs", "7");
}
END_TEST

/* Freezer and devices are in v2's core where v1 has none. */
START_TEST(finds_a_hybrid)
{
	static const char mounts[] = "32 31 0:29 / %/memory rw - cgroup cgroup rw,memory\n"
	                             "33 31 0:30 / %/my\\040own rw - cgroup2 cgroup2 rw\n";

	make_file("memory/cgroup.procs", "");
	make_file("my own/cgroup.procs", "");
	make_file("my own/cgroup.controllers", "hugetlb\n");
	ck_ok(find(mounts, "4:memory:/\n0::/\n"));
	ck_assert(!tree.v2);
	ck_assert_uint_eq(tree.controllers[1], CG_CORE | CG_HUGETLB);
	ck_assert(str_ends(tree.dirs.v[1], "/my own"));
	ck_assert_int_eq(cgroup_hierarchy(&tree, CG_FREEZER), 1);
	ck_assert_int_eq(cgroup_hierarchy(&tree, CG_PIDS), -1);
	/* Without them a group has no folder there, and with them it has. */
	ck_ok(cgroup_create(&tree, "g", CG_MEMORY, &err));
	ck_assert(cgroup_has(&tree, "g", CG_MEMORY));
	AUTO_FREE char *dir = xasprintf("%s/my own/g", tmp);
	ck_assert(!fs_is_dir(dir));
	ck_ok(cgroup_create(&tree, "g", CG_MEMORY | CG_FREEZER, &err));
	ck_assert(fs_is_dir(dir));
}
END_TEST

/* A user's groups go below the highest folder that he may write, wherever his shell is in it. */
START_TEST(finds_what_was_delegated)
{
	static const char *const inside[] = {"user.slice", "user.slice/user-1.slice",
	        "user.slice/user-1.slice/user@1.service",
	        "user.slice/user-1.slice/user@1.service/app.slice"};

	make_file("cgroup.controllers", "cpu memory pids\n");
	make_file("cgroup.procs", "");
	for (size_t i = 0; i < ARRAY_SIZE(inside); i++) {
		AUTO_FREE char *procs = xasprintf("%s/cgroup.procs", inside[i]);
		AUTO_FREE char *dir = xasprintf("%s/%s", tmp, inside[i]);
		make_file(procs, "");
		if (geteuid() == 0)
			ck_assert_int_eq(chown(dir, i < 2 ? 0 : 65534, 0), 0);
		AUTO_FREE char *file = xasprintf("%s/%s", tmp, procs);
		if (geteuid() == 0)
			ck_assert_int_eq(chown(file, i < 2 ? 0 : 65534, 0), 0);
		if (i < 2)
			ck_assert_int_eq(chmod(file, 0444), 0);
	}
	make_file("user.slice/user-1.slice/user@1.service/cgroup.controllers", "memory pids\n");
	AUTO_FREE char *top = xasprintf("%s/cgroup.procs", tmp);
	ck_assert_int_eq(chmod(tmp, 0755), 0);
	ck_assert_int_eq(chmod(top, 0444), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	ck_ok(find(v2_mounts, "0::/user.slice/user-1.slice/user@1.service/app.slice\n"));
	AUTO_FREE char *wanted = xasprintf("%s/user.slice/user-1.slice/user@1.service", tmp);
	ck_assert_str_eq(tree.dirs.v[0], wanted);
	ck_assert_uint_eq(tree.controllers[0], CG_CORE | CG_MEMORY | CG_PIDS);
	/* Nothing on the way may be written: the refusal says what to do. */
	ck_ok(find(v2_mounts, "0::/user.slice\n"));
	ck_assert_str_eq(tree.dirs.v[0], tmp);
	if (getuid() == 0) {
		ck_assert_int_eq(cgroup_create(&tree, "g", CG_USUAL, &err), -1);
		ck_has(err.hint, "systemd-run --user --scope -p Delegate=yes");
		ck_assert_int_eq(seteuid(0), 0);
	}
}
END_TEST

/* Inside a container only a part of the hierarchy is mounted. */
START_TEST(finds_its_part_inside_a_container)
{
	static const char mounts[] = "32 31 0:29 /docker/abc % rw,relatime - cgroup2 cgroup2 rw\n";

	make_file("cgroup.controllers", "memory\n");
	make_file("cgroup.procs", "");
	ck_ok(find(mounts, "0::/docker/abc/init\n"));
	ck_assert_str_eq(tree.dirs.v[0], tmp);
}
END_TEST

START_TEST(no_cgroups)
{
	AUTO_FREE char *none = xasprintf("no cgroups are mounted at '%s'", tmp);

	ck_fails(find("24 1 0:5 / /proc rw - proc proc rw\n", ""), ERR_HOST, none);
	ck_has(err.hint, "mount -t cgroup2 cgroup2 ");
	ck_fails(find("garbage\n - cgroup\n1 2 - cgroup2 x\n", ""), ERR_HOST, none);
}
END_TEST

START_TEST(absent_group)
{
	struct cgroup_join join;
	pid_t *pids;
	size_t n;

	make_v1();
	ck_ok(find(v1_mounts, ""));
	ck_fails(cgroup_join_open(&tree, "g", &join, &err), ERR_MISSING, "there is no cgroup 'g'");
	ck_ok(cgroup_pids(&tree, "g", &pids, &n, &err));
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(cgroup_init(&tree, "g"), 0);
	ck_assert(!cgroup_exists(&tree, "g"));
	ck_ok(cgroup_kill(&tree, "g", &err));
	ck_ok(cgroup_remove(&tree, "g", &err));
	ck_fails(cgroup_freeze(&tree, "g", true, &err), ERR_MISSING,
	        "the cgroup 'g' cannot be frozen: there is none of that name");
	ck_assert_int_eq(cgroup_oom_kills(&tree, "g"), -1);
}
END_TEST

/* Each group on the way gets the controllers, the last one does not hand them on. */
START_TEST(v2_hands_down_what_is_needed)
{
	make_file("cgroup.controllers", "cpuset cpu memory\n");
	make_file("cgroup.subtree_control", "cpuset\n");
	make_file("cgroup.procs", "");
	make_file("a/cgroup.subtree_control", "");
	make_file("a/b/cgroup.subtree_control", "");
	ck_ok(find(v2_mounts, ""));
	ck_ok(cgroup_create(&tree, "a/b", CG_CPU | CG_MEMORY | CG_PIDS, &err));
	check_file("cgroup.subtree_control", "+memory"); /* the last of them, in a plain file */
	check_file("a/cgroup.subtree_control", "+memory");
	AUTO_FREE char *leaf = xasprintf("%s/a/b/cgroup.subtree_control", tmp);
	AUTO_STR text = {0};
	ck_ok(fs_read(leaf, 4096, &text, &err));
	ck_assert_str_eq(str_text(&text), "");
}
END_TEST

START_TEST(v1_makes_only_what_is_asked_for)
{
	make_v1();
	ck_ok(find(v1_mounts, ""));
	make_file("cpuset/a/cpuset.cpus", "\n");
	make_file("cpuset/a/cpuset.mems", "\n");
	make_file("cpuset/a/b/cpuset.cpus", "");
	make_file("cpuset/a/b/cpuset.mems", "1\n");
	ck_ok(cgroup_create(&tree, "/a/b", CG_MEMORY | CG_CPUSET, &err));
	ck_assert(cgroup_has(&tree, "a/b", CG_MEMORY));
	ck_assert(!cgroup_has(&tree, "a/b", CG_PIDS));
	ck_assert(cgroup_exists(&tree, "a/b"));
	/* What is empty gets what stands above. */
	check_file("cpuset/a/cpuset.cpus", "0-3");
	check_file("cpuset/a/b/cpuset.cpus", "0-3");
	check_file("cpuset/a/b/cpuset.mems", "1");
}
END_TEST

static void usual_limits(void)
{
	limits.memory.bytes = LIMIT(268435456);
	limits.memory.with_swap = LIMIT(268435456 + 1048576);
	limits.memory.reservation = LIMIT(1 << 20);
	limits.cpu.quota = LIMIT(150000);
	limits.cpu.period = LIMIT(100000);
	limits.cpu.weight = LIMIT(200);
	limits.pids = LIMIT(100);
}

START_TEST(limits_in_v2)
{
	usual_limits();
	make_file("cgroup.controllers", "cpu io memory pids\n");
	make_file("cgroup.subtree_control", "cpu io memory pids\n");
	make_file("cgroup.procs", "");
	MAKE_FILES("g/memory.max", "g/memory.swap.max", "g/memory.low", "g/cpu.max", "g/cpu.weight",
	        "g/pids.max", "g/io.max", "g/io.bfq.weight", "g/memory.high");
	ck_ok(find(v2_mounts, ""));
	limits.io.weight = LIMIT(1000);
	limits.io.devices = xcalloc(1, sizeof(*limits.io.devices));
	limits.io.n_devices = 1;
	limits.io.devices[0] =
	        (struct io_device){.major = 8, .read_bps = LIMIT(1048576), .write_iops = LIMIT(0)};
	strv_add(&limits.unified, "memory.high=12345");
	ck_ok(cgroup_limit(&tree, "g", &limits, NULL, &err));
	check_file("g/memory.max", "268435456");
	check_file("g/memory.swap.max", "1048576");
	check_file("g/memory.low", "1048576");
	check_file("g/cpu.max", "150000 100000");
	check_file("g/cpu.weight", "200");
	check_file("g/pids.max", "100");
	check_file("g/io.bfq.weight", "181");
	make_file("g/io.weight", "");
	ck_ok(cgroup_limit(&tree, "g", &limits, NULL, &err));
	check_file("g/io.weight", "default 1000");
	check_file("g/io.bfq.weight", "181"); /* whichever the disk goes by */
	check_file("g/io.max", "8:0 rbps=1048576 wiops=max");
	check_file("g/memory.high", "12345");
}
END_TEST

START_TEST(limits_in_v1)
{
	usual_limits();
	make_v1();
	MAKE_FILES("memory/g/memory.limit_in_bytes", "memory/g/memory.memsw.limit_in_bytes",
	        "memory/g/memory.soft_limit_in_bytes", "cpu,cpuacct/g/cpu.cfs_period_us",
	        "cpu,cpuacct/g/cpu.cfs_quota_us", "cpu,cpuacct/g/cpu.shares", "pids/g/pids.max",
	        "blkio/g/blkio.bfq.weight", "blkio/g/blkio.throttle.read_bps_device",
	        "devices/g/devices.allow", "devices/g/devices.deny");
	ck_ok(find(v1_mounts, ""));
	limits.io.blkio_weight = LIMIT(500);
	limits.io.devices = xcalloc(1, sizeof(*limits.io.devices));
	limits.io.n_devices = 1;
	limits.io.devices[0] = (struct io_device){.major = 8, .minor = 16, .read_bps = LIMIT(4096)};
	device_rule_add(
	        &limits, &(struct device_rule){true, 'c', 10, -1, DEVICE_READ | DEVICE_MKNOD});
	ck_ok(cgroup_limit(&tree, "g", &limits, NULL, &err));
	check_file("memory/g/memory.limit_in_bytes", "268435456");
	check_file("memory/g/memory.memsw.limit_in_bytes", "269484032");
	check_file("memory/g/memory.soft_limit_in_bytes", "1048576");
	check_file("cpu,cpuacct/g/cpu.cfs_period_us", "100000");
	check_file("cpu,cpuacct/g/cpu.cfs_quota_us", "150000");
	check_file("cpu,cpuacct/g/cpu.shares", "2048");
	check_file("pids/g/pids.max", "100");
	check_file("blkio/g/blkio.bfq.weight", "500");
	check_file("blkio/g/blkio.throttle.read_bps_device", "8:16 4096");
	check_file("devices/g/devices.deny", "a");
	check_file("devices/g/devices.allow", "c 10:* rm");
	ck_assert_uint_eq(cgroup_needs(&limits), CG_MEMORY | CG_CPU | CG_PIDS | CG_IO | CG_DEVICES);
}
END_TEST

START_TEST(nothing_set_is_nothing_written)
{
	make_v1();
	ck_ok(find(v1_mounts, ""));
	ck_ok(cgroup_limit(&tree, "g", &limits, NULL, &err));
	ck_assert_uint_eq(cgroup_needs(&limits), 0);
}
END_TEST

/* "No limit" in the words of each. */
START_TEST(unlimited)
{
	make_file("cgroup.controllers", "cpu memory pids\n");
	MAKE_FILES("cgroup.procs", "g/memory.max", "g/memory.swap.max", "g/memory.low", "g/cpu.max",
	        "g/pids.max");
	ck_ok(find(v2_mounts, ""));
	limits.memory.bytes = limits.memory.with_swap = limits.memory.reservation = LIMIT(-1);
	limits.cpu.quota = limits.pids = LIMIT(-1);
	ck_ok(cgroup_limit(&tree, "g", &limits, NULL, &err));
	check_file("g/memory.max", "max");
	check_file("g/memory.swap.max", "max");
	check_file("g/memory.low", "0");
	check_file("g/cpu.max", "max");
	check_file("g/pids.max", "max");
}
END_TEST

START_TEST(what_is_missing_is_named)
{
	struct cgroup_limits other = {.hugepages = NULL};
	AUTO_STRV left = {0};

	make_file("cgroup.controllers", "memory pids hugetlb\n");
	make_file("cgroup.subtree_control", "pids\n");
	make_file("cgroup.procs", "");
	ck_ok(find(v2_mounts, ""));
	ck_ok(cgroup_create(&tree, "g", CG_MEMORY, &err));
	/* A plain file forgets what stood there: as if the kernel had refused. */
	make_file("cgroup.subtree_control", "pids\n");
	limits.memory.bytes = LIMIT(4096);
	ck_fails(cgroup_limit(&tree, "g", &limits, NULL, &err), ERR_HOST,
	        "the cgroup 'g' has no 'memory.max' to write '4096' to");
	ck_has(err.hint, "'memory' is not handed down by '");
	limits = (struct cgroup_limits){.cpu.rt_runtime = LIMIT(1000)};
	ck_fails(cgroup_limit(&tree, "g", &limits, NULL, &err), ERR_CONFIG,
	        "'cpu.rt_runtime_us' exists in cgroups v1 alone, and this host has v2");
	/* What may be ignored is told. */
	limits = (struct cgroup_limits){
	        .memory.swappiness = LIMIT(10), .memory.kernel = LIMIT(1), .io.weight = LIMIT(50)};
	ck_ok(cgroup_limit(&tree, "g", &limits, &left, &err));
	ck_assert_uint_eq(left.n, 3);
	ck_assert(strv_has(&left, "memory.swappiness"));
	ck_assert(strv_has(&left, "memory.kmem.limit_in_bytes"));
	ck_assert(strv_has(&left, "io.bfq.weight"));
	strv_add(&other.unified, "../memory.max=1");
	ck_fails(cgroup_limit(&tree, "g", &other, NULL, &err), ERR_CONFIG,
	        "unified: '../memory.max=1' is no file of a cgroup with its value");
	cgroup_limits_clear(&other);
}
END_TEST

START_TEST(memory_that_cannot_be)
{
	make_v1();
	ck_ok(find(v1_mounts, ""));
	limits.memory.with_swap = LIMIT(4096);
	ck_fails(cgroup_limit(&tree, "g", &limits, NULL, &err), ERR_CONFIG,
	        "memory with swap (4096 bytes) needs a limit of memory too");
	limits.memory.bytes = LIMIT(8192);
	ck_fails(cgroup_limit(&tree, "g", &limits, NULL, &err), ERR_CONFIG,
	        "memory with swap (4096 bytes) is less than memory alone (8192)");
	limits.memory.with_swap = (struct limit){0};
	limits.memory.check_before_update = true;
	make_file("memory/g/memory.usage_in_bytes", "9000\n");
	make_file("memory/g/memory.limit_in_bytes", "10000\n");
	ck_fails(cgroup_limit(&tree, "g", &limits, NULL, &err), ERR_CONFIG,
	        "memory: a limit of 8192 bytes is less than the 9000 in use");
	check_file("memory/g/memory.limit_in_bytes", "10000");
	strv_add(&limits.unified, "memory.high=1");
	limits.memory.check_before_update = false;
	ck_fails(cgroup_limit(&tree, "g", &limits, NULL, &err), ERR_CONFIG,
	        "unified: 'memory.high=1' needs cgroups v2, and this host has v1");
}
END_TEST

START_TEST(other_controllers)
{
	static const char mounts[] = "32 31 0:29 / %/net rw - cgroup cgroup rw,net_cls,net_prio\n"
	                             "33 31 0:30 / %/hugetlb rw - cgroup cgroup rw,hugetlb\n"
	                             "34 31 0:31 / %/rdma rw - cgroup cgroup rw,rdma\n";

	MAKE_FILES("net/cgroup.procs", "hugetlb/cgroup.procs", "rdma/cgroup.procs",
	        "net/g/net_cls.classid", "net/g/net_prio.ifpriomap",
	        "hugetlb/g/hugetlb.2MB.limit_in_bytes", "rdma/g/rdma.max");
	ck_ok(find(mounts, ""));
	limits.network.class_id = LIMIT(1048577);
	strv_add(&limits.network.priorities, "eth0 5");
	limits.hugepages = xcalloc(1, sizeof(*limits.hugepages));
	limits.hugepages[limits.n_hugepages++] = (struct hugepage_limit){xstrdup("2MB"), 4194304};
	limits.rdma = xcalloc(1, sizeof(*limits.rdma));
	limits.rdma[limits.n_rdma++] = (struct rdma_limit){xstrdup("mlx5_1"), LIMIT(3), {false, 0}};
	ck_ok(cgroup_limit(&tree, "g", &limits, NULL, &err));
	check_file("net/g/net_cls.classid", "1048577");
	check_file("net/g/net_prio.ifpriomap", "eth0 5");
	check_file("hugetlb/g/hugetlb.2MB.limit_in_bytes", "4194304");
	check_file("rdma/g/rdma.max", "mlx5_1 hca_handle=3");
}
END_TEST

START_TEST(usage_of_v2)
{
	struct cgroup_use use;

	make_file("cgroup.controllers", "cpu io memory pids\n");
	make_file("cgroup.procs", "");
	make_file("g/memory.current", "1000000\n");
	make_file("g/memory.max", "max\n");
	make_file("g/memory.swap.current", "77\n");
	make_file("g/memory.stat",
	        "anon 5\nfile 6\nkernel 7\ninactive_file 300000\nactive_file 100000\n");
	make_file("g/memory.events", "low 0\nhigh 0\nmax 9\noom 3\noom_kill 2\n");
	make_file("g/cpu.stat", "usage_usec 42\nuser_usec 40\nsystem_usec 2\n");
	make_file("g/io.stat", "8:0 rbytes=10 wbytes=20 rios=1\n8:16 rbytes=1 wbytes=2 rios=1\n");
	make_file("g/pids.current", "3\n");
	make_file("g/pids.max", "100\n");
	make_file(
	        "g/cpu.pressure", "some avg10=1.50 avg60=0.00 avg300=0.00 total=1\nfull avg10=9\n");
	ck_ok(find(v2_mounts, ""));
	ck_ok(cgroup_usage(&tree, "g", &use, &err));
	ck_assert_int_eq(use.memory_bytes, 700000);
	ck_assert_int_eq(use.held_bytes, 600000);
	ck_assert_int_eq(use.memory_limit_bytes, -1);
	ck_assert_int_eq(use.swap_bytes, 77);
	ck_assert_int_eq(use.anon_bytes, 5);
	ck_assert_int_eq(use.file_bytes, 6);
	ck_assert_int_eq(use.kernel_bytes, 7);
	ck_assert_int_eq(use.oom_kills, 2);
	ck_assert_int_eq(use.cpu_ns, 42000);
	ck_assert_int_eq(use.cpu_user_ns, 40000);
	ck_assert_int_eq(use.cpu_system_ns, 2000);
	ck_assert_int_eq(use.io_read_bytes, 11);
	ck_assert_int_eq(use.io_written_bytes, 22);
	ck_assert_int_eq(use.pids, 3);
	ck_assert_int_eq(use.pids_limit, 100);
	ck_assert_double_eq(use.cpu_pressure, 1.5);
	ck_assert_double_eq(use.io_pressure, -1);
	ck_fails(cgroup_usage(&tree, "absent", &use, &err), ERR_MISSING,
	        "the cgroup 'absent' has no 'memory.current'");
}
END_TEST

START_TEST(usage_of_v1)
{
	struct cgroup_use use;

	make_v1();
	make_file("memory/g/memory.usage_in_bytes", "1000000\n");
	make_file("memory/g/memory.limit_in_bytes", "9223372036854771712\n");
	make_file("memory/g/memory.stat",
	        "inactive_file 1\ntotal_cache 500000\ntotal_rss 5\ntotal_swap 8\n"
	        "total_inactive_file 300000\ntotal_active_file 1\n");
	make_file("memory/g/memory.kmem.usage_in_bytes", "9\n");
	make_file("memory/g/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n");
	make_file("cpu,cpuacct/g/cpuacct.usage", "1000\n");
	make_file("cpu,cpuacct/g/cpuacct.usage_user", "600\n");
	make_file("cpu,cpuacct/g/cpuacct.usage_sys", "400\n");
	make_file("blkio/g/blkio.throttle.io_service_bytes_recursive",
	        "8:0 Read 4096\n8:0 Write 1\n8:0 Total 4097\n8:16 Write 2\nTotal 4099\n");
	make_file("pids/g/pids.current", "3\n");
	make_file("pids/g/pids.max", "max\n");
	ck_ok(find(v1_mounts, ""));
	ck_ok(cgroup_usage(&tree, "g", &use, &err));
	ck_assert_int_eq(use.memory_bytes, 700000);
	ck_assert_int_eq(use.memory_limit_bytes, -1);
	ck_assert_int_eq(use.swap_bytes, 8);
	ck_assert_int_eq(use.anon_bytes, 5);
	ck_assert_int_eq(use.file_bytes, 500000);
	ck_assert_int_eq(use.kernel_bytes, 9);
	ck_assert_int_eq(use.oom_kills, 4);
	ck_assert_int_eq(use.cpu_ns, 1000);
	ck_assert_int_eq(use.cpu_user_ns, 600);
	ck_assert_int_eq(use.cpu_system_ns, 400);
	ck_assert_int_eq(use.io_read_bytes, 4096);
	ck_assert_int_eq(use.io_written_bytes, 3);
	ck_assert_int_eq(use.pids_limit, -1);
	ck_assert_double_eq(use.cpu_pressure, -1);
}
END_TEST

/* What `plan --explain` shows. */
START_TEST(explained_as_commands)
{
	AUTO_STR out = {0};

	make_file("cgroup.controllers", "memory\n");
	make_file("cgroup.procs", "");
	ck_ok(find(v2_mounts, ""));
	limits.memory.bytes = LIMIT(4096);
	limits.io.weight = LIMIT(200);
	device_rules_default(&limits);
	cgroup_explain(&tree, "g", CG_USUAL, &limits, &out);
	AUTO_FREE char *wanted = xasprintf("mkdir %s/g\n"
	                                   "# devices: a program of bpf(2), type "
	                                   "BPF_PROG_TYPE_CGROUP_DEVICE\n"
	                                   "echo 4096 >%s/g/memory.max\n"
	                                   "echo 'default 200' 2>/dev/null >%s/g/io.weight || "
	                                   "echo 109 >%s/g/io.bfq.weight\n",
	        tmp, tmp, tmp, tmp);
	ck_assert_str_eq(str_text(&out), wanted);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {finds_v1, finds_v2, within_one_that_comes_and_goes,
	        finds_a_hybrid, finds_what_was_delegated, finds_its_part_inside_a_container,
	        no_cgroups, absent_group, v2_hands_down_what_is_needed,
	        v1_makes_only_what_is_asked_for, limits_in_v2, limits_in_v1,
	        nothing_set_is_nothing_written, unlimited, what_is_missing_is_named,
	        memory_that_cannot_be, other_controllers, usage_of_v2, usage_of_v1,
	        explained_as_commands};

	return suite_run("cgroup", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
