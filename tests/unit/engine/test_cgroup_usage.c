/* What control groups say of their use, in the words of both versions. */
#include "tests/unit/engine/cgroup_files.h"

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

int main(void)
{
	const TTest *const tests[] = {usage_of_v2, usage_of_v1};

	return suite_run("cgroup_usage", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
