/* What limits write into the files of control groups, of both versions. */
#include "tests/unit/engine/cgroup_files.h"

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
	const TTest *const tests[] = {limits_in_v2, limits_in_v1, nothing_set_is_nothing_written,
	        unlimited, what_is_missing_is_named, memory_that_cannot_be, other_controllers,
	        explained_as_commands};

	return suite_run("cgroup_written", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
