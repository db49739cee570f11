#include "engine/cgroup.h"

#include "base/fs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CPU_PERIOD_US 100000

/* Path of a file of the group: in the hierarchy that has it. The caller frees; NULL: none has. */
static char *file_of(const struct cgroup_tree *tree, const char *group, const char *file)
{
	for (size_t i = 0; i < tree->dirs.n; i++) {
		char *path = xasprintf("%s/%s/%s", tree->dirs.v[i], group, file);
		if (fs_exists(path))
			return path;
		free(path);
	}
	return NULL;
}

/* The root of v2 hands controllers down only when asked to; one that is missing shows when its
 * limit is set. */
static void hand_down(const struct cgroup_tree *tree)
{
	static const char *const wanted[] = {"+memory", "+cpu", "+pids"};
	AUTO_FREE char *path = xasprintf("%s/cgroup.subtree_control", tree->dirs.v[0]);
	AUTO_STR now = {0};

	if (fs_read(path, 4096, &now, NULL) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (!strstr(str_text(&now), wanted[i] + 1) &&
		        fs_write_attr(path, wanted[i], NULL) < 0)
			continue;
}

int cgroup_create(const struct cgroup_tree *tree, const char *group, struct err *err)
{
	if (tree->v2)
		hand_down(tree);
	for (size_t i = 0; i < tree->dirs.n; i++) {
		AUTO_FREE char *dir = xasprintf("%s/%s", tree->dirs.v[i], group);
		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return err_sys(err, "create the cgroup '%s'", dir);
	}
	return 0;
}

struct attribute {
	const char *file;
	bool optional; /* swap accounting may be off */
	void (*value)(const struct cgroup_limits *limits, char *out, size_t size);
};

static void number(char *out, size_t size, int64_t value, const char *none)
{
	if (value)
		snprintf(out, size, "%" PRId64, value);
	else
		snprintf(out, size, "%s", none);
}

static int64_t quota_us(const struct cgroup_limits *limits)
{
	int64_t us = (int64_t)(limits->cpus * CPU_PERIOD_US + 0.5);

	return us > 0 && us < 1000 ? 1000 : us; /* the kernel's least */
}

static void memory_v1(const struct cgroup_limits *limits, char *out, size_t size)
{
	number(out, size, limits->memory_bytes, "-1");
}

static void memory_v2(const struct cgroup_limits *limits, char *out, size_t size)
{
	number(out, size, limits->memory_bytes, "max");
}

static void swap_v2(const struct cgroup_limits *limits, char *out, size_t size)
{
	snprintf(out, size, "%s", limits->memory_bytes ? "0" : "max");
}

static void period_v1(const struct cgroup_limits *limits, char *out, size_t size)
{
	(void)limits;
	number(out, size, CPU_PERIOD_US, "");
}

static void quota_v1(const struct cgroup_limits *limits, char *out, size_t size)
{
	number(out, size, quota_us(limits), "-1");
}

static void cpu_v2(const struct cgroup_limits *limits, char *out, size_t size)
{
	char quota[24];

	number(quota, sizeof(quota), quota_us(limits), "max");
	snprintf(out, size, "%s %d", quota, CPU_PERIOD_US);
}

static void pids_any(const struct cgroup_limits *limits, char *out, size_t size)
{
	number(out, size, limits->pids, "max");
}

static const struct attribute attributes_v1[] = {
        {"memory.limit_in_bytes", false, memory_v1},
        {"memory.memsw.limit_in_bytes", true, memory_v1},
        {"cpu.cfs_period_us", false, period_v1},
        {"cpu.cfs_quota_us", false, quota_v1},
        {"pids.max", false, pids_any},
};
static const struct attribute attributes_v2[] = {
        {"memory.max", false, memory_v2},
        {"memory.swap.max", true, swap_v2},
        {"cpu.max", false, cpu_v2},
        {"pids.max", false, pids_any},
};

static int set_one(const struct cgroup_tree *tree, const char *group, const struct attribute *a,
        const struct cgroup_limits *limits, struct err *err)
{
	char value[64];
	AUTO_FREE char *path = file_of(tree, group, a->file);

	a->value(limits, value, sizeof(value));
	if (!path && a->optional)
		return 0;
	if (!path) {
		err_set(err, ERR_HOST, "the cgroup '%s' has no '%s'", group, a->file);
		return err_hint(
		        err, "the kernel's controller of that name is off: see prov doctor");
	}
	return fs_write_attr(path, value, err);
}

/* Memory without swap must never exceed memory with swap, so that one order fits growing and the
 * other shrinking: the second round meets what the first made possible. */
int cgroup_limit(const struct cgroup_tree *tree, const char *group,
        const struct cgroup_limits *limits, struct err *err)
{
	const struct attribute *rows = tree->v2 ? attributes_v2 : attributes_v1;
	size_t n = tree->v2 ? ARRAY_SIZE(attributes_v2) : ARRAY_SIZE(attributes_v1);
	int rc = -1;

	for (int round = 0; rc < 0 && round < 2; round++) {
		rc = 0;
		for (size_t i = 0; i < n; i++) {
			struct err why;
			if (set_one(tree, group, &rows[i], limits, &why) == 0)
				continue;
			if (rc == 0 && err)
				*err = why;
			rc = -1;
		}
	}
	return rc;
}

static int read_number(const struct cgroup_tree *tree, const char *group, const char *file,
        int64_t *out, struct err *err)
{
	AUTO_FREE char *path = file_of(tree, group, file);
	AUTO_STR text = {0};

	if (!path)
		return err_set(err, ERR_MISSING, "the cgroup '%s' has no '%s'", group, file);
	if (fs_read(path, 64, &text, err) < 0)
		return -1;
	*out = strtoll(str_text(&text), NULL, 10);
	return 0;
}

/* Value of a line "KEY NUMBER"; 0 where there is none. */
static int64_t read_field(
        const struct cgroup_tree *tree, const char *group, const char *file, const char *key)
{
	AUTO_FREE char *path = file_of(tree, group, file);
	AUTO_STR text = {0};
	size_t n = strlen(key);

	if (!path || fs_read(path, 1 << 16, &text, NULL) < 0)
		return 0;
	for (const char *p = str_text(&text); *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (strncmp(p, key, n) == 0 && p[n] == ' ')
			return strtoll(p + n + 1, NULL, 10);
	return 0;
}

int cgroup_usage(
        const struct cgroup_tree *tree, const char *group, struct cgroup_use *out, struct err *err)
{
	int64_t all, inactive;
	struct cgroup_use use = {.cpu_ns = -1};

	if (read_number(tree, group, tree->v2 ? "memory.current" : "memory.usage_in_bytes", &all,
	            err) < 0)
		return -1;
	inactive = read_field(
	        tree, group, "memory.stat", tree->v2 ? "inactive_file" : "total_inactive_file");
	use.memory_bytes = all > inactive ? all - inactive : 0;
	if (tree->v2)
		use.cpu_ns = read_field(tree, group, "cpu.stat", "usage_usec") * 1000;
	else if (read_number(tree, group, "cpuacct.usage", &use.cpu_ns, NULL) < 0)
		use.cpu_ns = -1;
	*out = use;
	return 0;
}
