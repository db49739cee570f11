/* The memory cgroup of a process, in either version (kernel: admin-guide/cgroup-v1/memory.rst,
 * cgroup-v2.rst). */
#include "compare/memory.h"

#include "base/fs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1024.0 * 1024.0)

/* The files of one version. */
struct accounting {
	const char *line; /* of /proc/PID/cgroup, before the path */
	const char *root;
	const char *used, *inactive, *kernel_file, *kernel_key;
	const char *method;
};
static const struct accounting versions[] = {
        {":memory:", "/sys/fs/cgroup/memory", "memory.usage_in_bytes", "total_inactive_file",
                "memory.kmem.usage_in_bytes", NULL, "cgroup v1: usage less inactive file pages"},
        {"0::", "/sys/fs/cgroup", "memory.current", "inactive_file", NULL, "kernel",
                "cgroup v2: current less inactive file pages"},
};

static double read_number(const char *dir, const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, name);
	AUTO_STR text = {0};

	return fs_read(path, 64, &text, NULL) < 0 ? NAN : strtod(str_text(&text), NULL) / MIB;
}

/* "key N" in memory.stat. */
static double stat_number(const char *dir, const char *key)
{
	AUTO_FREE char *path = xasprintf("%s/memory.stat", dir);
	AUTO_FREE char *start = xasprintf("\n%s ", key);
	AUTO_STR text = {0};
	AUTO_STR file = {0};

	if (fs_read(path, 65536, &file, NULL) < 0)
		return NAN;
	str_addf(&text, "\n%s", str_text(&file));
	const char *at = strstr(str_text(&text), start);
	return at ? strtod(at + strlen(start), NULL) / MIB : NAN;
}

/* The group's folder; NULL: the process is in the root group, which is everybody's. */
static char *folder_of(const char *text, const struct accounting *version)
{
	const char *at = strstr(text, version->line);

	if (!at)
		return NULL;
	at += strlen(version->line);
	int n = (int)strcspn(at, "\n");
	return n < 2 ? NULL : xasprintf("%s%.*s", version->root, n, at);
}

static bool account(const char *dir, const struct accounting *v, struct memory_group *out)
{
	double used = read_number(dir, v->used), inactive = stat_number(dir, v->inactive);

	if (isnan(used))
		return false;
	out->used = used - (isnan(inactive) ? 0 : inactive);
	out->kernel =
	        v->kernel_file ? read_number(dir, v->kernel_file) : stat_number(dir, v->kernel_key);
	snprintf(out->method, sizeof(out->method), "%s", v->method);
	return true;
}

void memory_group_of(pid_t pid, struct memory_group *out)
{
	AUTO_STR text = {0};
	char path[48];

	*out = (struct memory_group){.used = NAN, .kernel = NAN};
	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	if (fs_read(path, 65536, &text, NULL) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		AUTO_FREE char *dir = folder_of(str_text(&text), &versions[i]);
		if (dir && account(dir, &versions[i], out))
			return;
	}
}
