/* Control groups on trees of plain files: what is found where, what is made. Needs no rights. */
#include "tests/unit/engine/cgroup_files.h"

#include <sys/stat.h>
#include <unistd.h>

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

int main(void)
{
	const TTest *const tests[] = {finds_v1, finds_v2, within_one_that_comes_and_goes,
	        finds_a_hybrid, finds_what_was_delegated, finds_its_part_inside_a_container,
	        no_cgroups, absent_group, v2_hands_down_what_is_needed,
	        v1_makes_only_what_is_asked_for};

	return suite_run("cgroup", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
