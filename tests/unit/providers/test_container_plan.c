/* The plan of a container, what is refused, and the control group's files, on a tree of plain
 * files. Needs no rights. */
#include "engine/cgroup.h"
#include "providers/container/checks.h"
#include "providers/container/plan.h"
#include "engine/caps.h"
#include "tests/fake/check_util.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

static struct err err;
static struct machine_spec spec;
static struct names names;
static struct container_plan plan;
static char *tmp;

static void set_up(void)
{
	tmp = tmp_begin();
	spec_init(&spec);
	spec.name = xstrdup("web");
	spec.selector = xstrdup("web@container");
	spec.hostname = xstrdup("web");
	spec.box.name = xstrdup("debian/12");
	spec.box.digest = xstrdup("00");
	spec.box.rootfs = xstrdup("/store/a:b,c\\d");
	spec.cpus = 1.5;
	spec.memory_bytes = 256 << 20;
	names_derive(&names, "/home", "lab00001", "web", "container");
}

static void tear_down(void)
{
	container_plan_clear(&plan);
	spec_clear(&spec);
	names_clear(&names);
	tmp_end(tmp);
}

static char *joined(const struct strv *list)
{
	AUTO_STR text = {0};

	for (size_t i = 0; i < list->n; i++)
		str_addf(&text, "%s%s", i ? " " : "", list->v[i]);
	return str_steal(&text);
}

/* argv of the plan, and who executes and watches. */
static void check_argv(
        const char *init, const char *const *command, const char *argv, bool guest, bool log)
{
	free(spec.container.init);
	spec.container.init = xstrdup(init);
	strv_clear(&spec.container.command);
	for (size_t i = 0; command && command[i]; i++)
		strv_add(&spec.container.command, command[i]);
	container_plan_clear(&plan);
	container_plan_build(&spec, &names, &plan);
	AUTO_FREE char *text = joined(&plan.argv);
	ck_assert_str_eq(text, argv);
	ck_assert_int_eq(plan.guest_init, guest);
	ck_assert_int_eq(plan.log, log);
}

START_TEST(pid_1_by_init_and_command)
{
	const char *const command[] = {"nginx", "-g", NULL};

	check_argv("auto", NULL, "prov-init 15 -1", true, false);
	check_argv("auto", command, "prov-init 15 3 nginx -g", true, true);
	ck_assert(plan.reports_exec);
	check_argv("none", command, "nginx -g", false, true);
	ck_assert(!plan.reports_exec);
	check_argv("/sbin/init", NULL, "/sbin/init", false, true);
	check_argv("/bin/tini", command, "/bin/tini nginx -g", false, true);
	spec.container.stop_signal = 3;
	check_argv("auto", NULL, "prov-init 3 -1", true, false);
}
END_TEST

START_TEST(environment)
{
	strv_add(&spec.env, "TZ=UTC");
	container_plan_build(&spec, &names, &plan);
	AUTO_FREE char *bare = joined(&plan.env);
	ck_lacks(bare, "TZ=UTC"); /* prov-init has no use for it */
	container_plan_clear(&plan);
	strv_add(&spec.env, "PATH=/opt/bin");
	strv_add(&spec.container.command, "x");
	container_plan_build(&spec, &names, &plan);
	AUTO_FREE char *text = joined(&plan.env);
	ck_assert_str_eq(text, "container=prov HOME=/root PATH=/opt/bin LANG=C.UTF-8 TZ=UTC");
}
END_TEST

START_TEST(layers)
{
	container_plan_build(&spec, &names, &plan);
	ck_assert_str_eq(plan.lower, "/store/a:b,c\\d");
	ck_assert_str_eq(plan.upper, "/home/labs/lab00001/machines/web@container/upper");
	ck_assert_str_eq(plan.work, "/home/labs/lab00001/machines/web@container/work");
	ck_assert_str_eq(plan.root, "/home/labs/lab00001/machines/web@container/merged");
}
END_TEST

static const struct fs_row *row_of(const char *path)
{
	for (size_t i = 0; i < plan.n_rows; i++)
		if (str_eq(plan.rows[i].path, path))
			return &plan.rows[i];
	ck_abort_msg("no row for %s", path);
	return NULL;
}

START_TEST(namespaces_and_tree)
{
	static const char *const strict[] = {"/proc", "/sys", "/dev/shm", "/dev/mqueue"};
	static const char *const masked[] = {
	        "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"};
	static const char *const readonly[] = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq"};

	container_plan_build(&spec, &names, &plan);
	ck_assert_uint_eq(plan.namespaces,
	        (uint64_t)(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
	                CLONE_NEWCGROUP | CLONE_NEWNET));
	ck_assert(row_of("/sys")->attr_set & MOUNT_ATTR_RDONLY);
	for (size_t i = 0; i < ARRAY_SIZE(strict); i++)
		ck_assert_uint_eq(row_of(strict[i])->attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY,
		        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(masked); i++)
		ck_assert_int_eq(row_of(masked[i])->op, FS_MASK);
	for (size_t i = 0; i < ARRAY_SIZE(readonly); i++)
		ck_assert_int_eq(row_of(readonly[i])->op, FS_READONLY);
	/* What lies in a mount comes after it. */
	ck_assert(row_of("/proc") < row_of("/proc/sys"));
	ck_assert(row_of("/dev") < row_of("/dev/null"));
	ck_assert(row_of("/dev/null") < row_of("/proc/kcore"));
}
END_TEST

START_TEST(no_capability_over_the_host)
{
	static const int none[] = {CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_PTRACE,
	        CAP_SYS_BOOT, CAP_SYS_TIME, CAP_NET_ADMIN, CAP_MKNOD, CAP_DAC_READ_SEARCH, CAP_BPF,
	        CAP_PERFMON, CAP_SYSLOG, CAP_SYS_RESOURCE, CAP_LINUX_IMMUTABLE};

	container_plan_build(&spec, &names, &plan);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		ck_assert_uint_eq(plan.confine.caps.bounding >> none[i] & 1, 0);
	ck_assert_uint_eq(plan.confine.caps.bounding >> CAP_SETUID & 1, 1);
}
END_TEST

START_TEST(refused_by_the_keys_name)
{
	free(spec.container.init);
	spec.container.init = xstrdup("none");
	ck_fails(container_check_spec(&spec, &err), ERR_CONFIG,
	        "container.init: 'none' needs a 'command'");
	free(spec.container.init);
	spec.container.init = xstrdup("systemd");
	ck_fails(container_check_spec(&spec, &err), ERR_CONFIG,
	        "container.init: 'systemd' is not auto, none or a path in the box");
	free(spec.container.init);
	spec.container.init = xstrdup("auto");
	spec.disk_bytes = 1;
	ck_fails(container_check_spec(&spec, &err), ERR_CONFIG,
	        "disk: not supported yet for containers");
	ck_assert_str_eq(err.hint, "write it below 'kvm:' of that machine");
	spec.disk_bytes = 0;
	spec.memory_bytes = 1 << 20;
	ck_fails(container_check_spec(&spec, &err), ERR_CONFIG,
	        "memory: a container needs at least 4MiB");
	spec.memory_bytes = 64 << 20;
	free(spec.box.rootfs);
	spec.box.rootfs = NULL;
	ck_fails(container_check_spec(&spec, &err), ERR_CONFIG,
	        "box: 'debian/12' has no root file system for containers");
}
END_TEST

START_TEST(without_root_it_says_so)
{
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	/* Who asks is no part of the spec. */
	ck_ok(container_check_spec(&spec, &err));
	ck_fails(container_check_rights(&err), ERR_HOST,
	        "containers need root's rights in this version");
	ck_assert_str_eq(err.hint, "run prov as root (sudo prov …)");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

/* A hierarchy of plain files: what the kernel makes with a folder is made by hand. */
static void make_file(const char *path, const char *text)
{
	AUTO_FREE char *full = xasprintf("%s/%s", tmp, path);
	AUTO_FREE char *dir = xstrdup(full);

	*strrchr(dir, '/') = '\0';
	ck_ok(fs_mkdirs(dir, 0755, &err));
	ck_ok(fs_replace(full, text, strlen(text), 0644, &err));
}

static void check_file(const char *path, const char *text)
{
	AUTO_FREE char *full = xasprintf("%s/%s", tmp, path);
	AUTO_STR now = {0};

	ck_ok(fs_read(full, 4096, &now, &err));
	ck_assert_str_eq(str_text(&now), text);
}

static struct cgroup_limits limits = {.memory_bytes = 268435456, .cpus = 1.5, .pids = 100};

START_TEST(limits_in_v2)
{
	struct cgroup_tree tree;

	make_file("cgroup.controllers", "cpu memory pids\n");
	make_file("cgroup.subtree_control", "cpu memory pids\n");
	ck_ok(cgroup_tree_find(tmp, &tree, &err));
	ck_assert(tree.v2);
	ck_ok(cgroup_create(&tree, "g", &err));
	ck_fails(cgroup_limit(&tree, "g", &limits, &err), ERR_HOST,
	        "the cgroup 'g' has no 'memory.max'");
	make_file("g/memory.max", "");
	make_file("g/memory.swap.max", "");
	make_file("g/cpu.max", "");
	make_file("g/pids.max", "");
	ck_ok(cgroup_limit(&tree, "g", &limits, &err));
	check_file("g/memory.max", "268435456");
	check_file("g/memory.swap.max", "0");
	check_file("g/cpu.max", "150000 100000");
	check_file("g/pids.max", "100");
	cgroup_tree_clear(&tree);
}
END_TEST

START_TEST(limits_in_v1)
{
	static const char *const files[] = {"memory/tasks", "cpu/tasks", "cpuacct/tasks",
	        "pids/tasks", "memory/g/memory.limit_in_bytes",
	        "memory/g/memory.memsw.limit_in_bytes", "cpu/g/cpu.cfs_period_us",
	        "cpu/g/cpu.cfs_quota_us", "pids/g/pids.max"};
	struct cgroup_tree tree;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		make_file(files[i], "");
	ck_ok(cgroup_tree_find(tmp, &tree, &err));
	ck_assert(!tree.v2);
	ck_assert_uint_eq(tree.dirs.n, 4); /* no freezer here */
	ck_ok(cgroup_create(&tree, "g", &err));
	ck_ok(cgroup_limit(&tree, "g", &limits, &err));
	check_file("memory/g/memory.limit_in_bytes", "268435456");
	check_file("memory/g/memory.memsw.limit_in_bytes", "268435456");
	check_file("cpu/g/cpu.cfs_period_us", "100000");
	check_file("cpu/g/cpu.cfs_quota_us", "150000");
	check_file("pids/g/pids.max", "100");
	cgroup_tree_clear(&tree);
}
END_TEST

START_TEST(shared_hierarchy_is_taken_once)
{
	AUTO_FREE char *link = xasprintf("%s/cpu", tmp);
	AUTO_FREE char *other = xasprintf("%s/cpuacct", tmp);
	struct cgroup_tree tree;

	make_file("cpu,cpuacct/tasks", "");
	ck_assert_int_eq(symlink("cpu,cpuacct", link), 0);
	ck_assert_int_eq(symlink("cpu,cpuacct", other), 0);
	ck_ok(cgroup_tree_find(tmp, &tree, &err));
	ck_assert_uint_eq(tree.dirs.n, 1);
	cgroup_tree_clear(&tree);
}
END_TEST

START_TEST(usage_leaves_the_cache_out)
{
	struct cgroup_tree tree;
	struct cgroup_use use;

	make_file("cgroup.controllers", "");
	make_file("g/memory.current", "1000000\n");
	make_file("g/memory.stat", "anon 5\ninactive_file 300000\nactive_file 7\n");
	make_file("g/cpu.stat", "usage_usec 42\nuser_usec 1\n");
	ck_ok(cgroup_tree_find(tmp, &tree, &err));
	ck_ok(cgroup_usage(&tree, "g", &use, &err));
	ck_assert_int_eq(use.memory_bytes, 700000);
	ck_assert_int_eq(use.cpu_ns, 42000);
	ck_fails(cgroup_usage(&tree, "absent", &use, &err), ERR_MISSING,
	        "the cgroup 'absent' has no 'memory.current'");
	cgroup_tree_clear(&tree);
}
END_TEST

START_TEST(absent_cgroups)
{
	struct cgroup_tree tree;
	struct cgroup_join join;
	pid_t *pids;
	size_t n;
	AUTO_FREE char *none = xasprintf("no cgroups are mounted at '%s'", tmp);

	ck_fails(cgroup_tree_find(tmp, &tree, &err), ERR_HOST, none);
	make_file("pids/tasks", "");
	ck_ok(cgroup_tree_find(tmp, &tree, &err));
	AUTO_FREE char *open_text =
	        xasprintf("open '%s/pids/g/tasks': No such file or directory", tmp);
	ck_fails(cgroup_join_open(&tree, "g", &join, &err), ERR_MISSING, open_text);
	ck_ok(cgroup_pids(&tree, "g", &pids, &n, &err));
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(cgroup_init(&tree, "g"), 0);
	ck_ok(cgroup_kill(&tree, "g", &err));
	ck_ok(cgroup_remove(&tree, "g", &err));
	cgroup_tree_clear(&tree);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {pid_1_by_init_and_command, environment, layers,
	        namespaces_and_tree, no_capability_over_the_host, refused_by_the_keys_name,
	        without_root_it_says_so, limits_in_v2, limits_in_v1, shared_hierarchy_is_taken_once,
	        usage_leaves_the_cache_out, absent_cgroups};

	return suite_run("container_plan", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
