/* Trees of plain files in the place of control groups, for the suites of cgroups: what the kernel
 * makes with a folder is made by hand. */
#pragma once

#include "engine/cgroup/cgroup.h"
#include "tests/fake/check_util.h"

static struct err err;
static struct cgroup_tree tree;
static struct cgroup_limits limits;
static char *tmp;

static inline void set_up(void)
{
	tmp = tmp_begin();
	limits = (struct cgroup_limits){0};
}

static inline void tear_down(void)
{
	cgroup_limits_clear(&limits);
	cgroup_tree_clear(&tree);
	tmp_end(tmp);
}

static inline void make_file(const char *path, const char *text)
{
	AUTO_FREE char *full = xasprintf("%s/%s", tmp, path);
	AUTO_FREE char *dir = xstrdup(full);

	*strrchr(dir, '/') = '\0';
	ck_ok(fs_mkdirs(dir, 0755, &err));
	ck_ok(fs_replace(full, text, strlen(text), 0644, &err));
}

static inline void make_files(const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		make_file(paths[i], "");
}
#define MAKE_FILES(...)                                \
	make_files((const char *const[]){__VA_ARGS__}, \
	        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static inline void check_file(const char *path, const char *text)
{
	AUTO_FREE char *full = xasprintf("%s/%s", tmp, path);
	AUTO_STR now = {0};

	ck_ok(fs_read(full, 4096, &now, &err));
	/* A write to a plain file leaves what was behind it. */
	ck_assert_msg(
	        str_starts(str_text(&now), text), "%s: '%s', not '%s'", path, str_text(&now), text);
}

/* Lines of mountinfo with the folder of this test for %. */
static inline int find(const char *mounts, const char *self)
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

static inline void make_v1(void)
{
	MAKE_FILES("cpu,cpuacct/cgroup.procs", "again/cgroup.procs", "cpuset/cgroup.procs",
	        "memory/cgroup.procs", "devices/cgroup.procs", "freezer/cgroup.procs",
	        "blkio/cgroup.procs", "pids/cgroup.procs", "systemd/cgroup.procs",
	        "other/cgroup.procs");
	make_file("cpuset/cpuset.cpus", "0-3\n");
	make_file("cpuset/cpuset.mems", "0\n");
}
