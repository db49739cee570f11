/* What a group uses, and what the kernel offers to limit. */
#include "engine/cgroup/cgroup_file.h"

#include "base/fs.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define V1_NO_LIMIT INT64_C(0x7ffffffffffff000) /* bytes, less a page: v1 says it as a number */

/* The number in a file; "max" and absence are -1. */
static int64_t read_number(const struct cgroup_tree *tree, const char *group, unsigned controller,
        const char *v1, const char *v2)
{
	AUTO_STR text = {0};

	if (!cgroup_read(tree, group, controller, v1, v2, &text) ||
	        !isdigit((unsigned char)*str_text(&text)))
		return -1;
	int64_t value = strtoll(str_text(&text), NULL, 10);
	return value >= V1_NO_LIMIT - 65536 ? -1 : value;
}

/* Value of the line "KEY NUMBER"; -1: there is none. */
static int64_t field(const char *text, const char *key)
{
	size_t n = key ? strlen(key) : 0;

	for (const char *p = text; key && *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (strncmp(p, key, n) == 0 && p[n] == ' ')
			return strtoll(p + n + 1, NULL, 10);
	return -1;
}

static bool is_v2(const struct cgroup_tree *tree, unsigned controller)
{
	int i = cgroup_hierarchy(tree, controller);

	return i >= 0 && cgroup_is_v2(tree, (size_t)i);
}

static int read_memory(
        const struct cgroup_tree *tree, const char *group, struct cgroup_use *use, struct err *err)
{
	bool v2 = is_v2(tree, CG_MEMORY);
	AUTO_STR stat = {0};
	int64_t all =
	        read_number(tree, group, CG_MEMORY, "memory.usage_in_bytes", "memory.current");

	if (all < 0)
		return err_set(err, ERR_MISSING, "the cgroup '%s' has no '%s'", group,
		        v2 || tree->v2 ? "memory.current" : "memory.usage_in_bytes");
	if (!cgroup_read(tree, group, CG_MEMORY, "memory.stat", "memory.stat", &stat))
		str_reset(&stat);
	const char *text = str_text(&stat);
	int64_t inactive = field(text, v2 ? "inactive_file" : "total_inactive_file");
	use->memory_bytes = all > inactive && inactive > 0 ? all - inactive : all;
	int64_t active = field(text, v2 ? "active_file" : "total_active_file");
	use->held_bytes = use->memory_bytes > active && active > 0 ? use->memory_bytes - active
	                                                           : use->memory_bytes;
	use->memory_limit_bytes =
	        read_number(tree, group, CG_MEMORY, "memory.limit_in_bytes", "memory.max");
	use->anon_bytes = field(text, v2 ? "anon" : "total_rss");
	use->file_bytes = field(text, v2 ? "file" : "total_cache");
	use->swap_bytes = v2 ? read_number(tree, group, CG_MEMORY, NULL, "memory.swap.current")
	                     : field(text, "total_swap");
	use->kernel_bytes = v2
	        ? field(text, "kernel")
	        : read_number(tree, group, CG_MEMORY, "memory.kmem.usage_in_bytes", NULL);
	use->oom_kills = cgroup_oom_kills(tree, group);
	return 0;
}

static void read_cpu(const struct cgroup_tree *tree, const char *group, struct cgroup_use *use)
{
	AUTO_STR stat = {0};

	if (!is_v2(tree, CG_CPUACCT)) {
		use->cpu_ns = read_number(tree, group, CG_CPUACCT, "cpuacct.usage", NULL);
		use->cpu_user_ns = read_number(tree, group, CG_CPUACCT, "cpuacct.usage_user", NULL);
		use->cpu_system_ns =
		        read_number(tree, group, CG_CPUACCT, "cpuacct.usage_sys", NULL);
		return;
	}
	const struct {
		const char *key;
		int64_t *value;
	} fields[] = {{"usage_usec", &use->cpu_ns}, {"user_usec", &use->cpu_user_ns},
	        {"system_usec", &use->cpu_system_ns}};
	if (!cgroup_read(tree, group, CG_CPUACCT, NULL, "cpu.stat", &stat))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		int64_t us = field(str_text(&stat), fields[i].key);
		*fields[i].value = us < 0 ? -1 : us * 1000;
	}
}

/* Sum of the numbers that follow key: "8:0 Read 4096" in v1, "8:0 rbytes=4096 …" in v2. */
static int64_t sum_of(const char *text, const char *key)
{
	int64_t sum = 0;

	for (const char *p = text; (p = strstr(p, key)); p += strlen(key))
		sum += strtoll(p + strlen(key), NULL, 10);
	return sum;
}

static void read_io(const struct cgroup_tree *tree, const char *group, struct cgroup_use *use)
{
	bool v2 = is_v2(tree, CG_IO);
	AUTO_STR stat = {0};

	if (!cgroup_read(tree, group, CG_IO, "blkio.throttle.io_service_bytes_recursive", "io.stat",
	            &stat))
		return;
	/* Of no disk anything is counted: so it is not known. */
	if (!v2 && !strchr(str_text(&stat), ':'))
		return;
	use->io_read_bytes = sum_of(str_text(&stat), v2 ? " rbytes=" : " Read ");
	use->io_written_bytes = sum_of(str_text(&stat), v2 ? " wbytes=" : " Write ");
}

/* "some avg10=1.23 …"; -1: v1, or a kernel that does not watch it. */
static double pressure(const struct cgroup_tree *tree, const char *group, const char *file)
{
	static const char key[] = "some avg10=";
	AUTO_STR text = {0};
	const char *at = cgroup_read(tree, group, CG_CORE, NULL, file, &text)
	        ? strstr(str_text(&text), key)
	        : NULL;

	return at ? strtod(at + strlen(key), NULL) : -1;
}

int cgroup_usage(
        const struct cgroup_tree *tree, const char *group, struct cgroup_use *out, struct err *err)
{
	struct cgroup_use use = {.cpu_ns = -1,
	        .cpu_user_ns = -1,
	        .cpu_system_ns = -1,
	        .io_read_bytes = -1,
	        .io_written_bytes = -1};

	if (read_memory(tree, group, &use, err) < 0)
		return -1;
	read_cpu(tree, group, &use);
	read_io(tree, group, &use);
	use.pids = read_number(tree, group, CG_PIDS, "pids.current", "pids.current");
	use.pids_limit = read_number(tree, group, CG_PIDS, "pids.max", "pids.max");
	use.cpu_pressure = pressure(tree, group, "cpu.pressure");
	use.memory_pressure = pressure(tree, group, "memory.pressure");
	use.io_pressure = pressure(tree, group, "io.pressure");
	*out = use;
	return 0;
}

bool cgroup_disk_of(const char *folder, unsigned *first, unsigned *second)
{
	struct stat st;
	AUTO_STR text = {0};

	if (stat(folder, &st) < 0)
		return false;
	AUTO_FREE char *base =
	        xasprintf("/sys/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
	AUTO_FREE char *partition = xasprintf("%s/partition", base);
	AUTO_FREE char *dev = xasprintf("%s/%sdev", base, fs_exists(partition) ? "../" : "");
	return fs_read(dev, 64, &text, NULL) == 0 &&
	        sscanf(str_text(&text), "%u:%u", first, second) == 2;
}

void cgroup_count_disk(const struct cgroup_tree *tree, const char *group, const char *folder)
{
	AUTO_FREE char *path =
	        cgroup_file(tree, group, CG_IO, "blkio.throttle.write_bps_device", NULL);
	unsigned first, second;

	if (!path || !cgroup_disk_of(folder, &first, &second))
		return;
	AUTO_FREE char *value = xasprintf("%u:%u 0", first, second);
	if (fs_write_attr(path, value, NULL) < 0)
		return; /* then it is not known how much it reads and writes */
}

int64_t cgroup_oom_kills(const struct cgroup_tree *tree, const char *group)
{
	AUTO_STR text = {0};

	return cgroup_read(tree, group, CG_MEMORY, "memory.oom_control", "memory.events", &text)
	        ? field(str_text(&text), "oom_kill")
	        : -1;
}

bool cgroup_offers_swap(const struct cgroup_tree *tree)
{
	AUTO_FREE char *v1 = cgroup_file(tree, ".", CG_MEMORY, "memory.memsw.limit_in_bytes", NULL);

	if (!is_v2(tree, CG_MEMORY))
		return v1 != NULL;
	/* The root of v2 has no limits: whether swap is counted shows by the kernel's own word. */
	AUTO_STR cmdline = {0};
	return fs_exists("/proc/swaps") && fs_read("/proc/cmdline", 65536, &cmdline, NULL) == 0 &&
	        !strstr(str_text(&cmdline), "swapaccount=0");
}

/* "none mq-deadline [bfq]" */
static bool a_disk_has_bfq(void)
{
	AUTO_STRV disks = {0};

	if (fs_list("/sys/block", &disks, NULL) < 0)
		return false;
	for (size_t i = 0; i < disks.n; i++) {
		AUTO_FREE char *path = xasprintf("/sys/block/%s/queue/scheduler", disks.v[i]);
		AUTO_STR text = {0};
		if (fs_read(path, 4096, &text, NULL) == 0 && strstr(str_text(&text), "[bfq]"))
			return true;
	}
	return false;
}

/* BFQ shares a disk by weights, and v2's cost model where it was switched on, which the root tells.
 */
bool cgroup_offers_io_weight(const struct cgroup_tree *tree)
{
	int i = cgroup_hierarchy(tree, CG_IO);
	AUTO_STR text = {0};

	if (i < 0)
		return false;
	AUTO_FREE char *root =
	        xstrndup(tree->dirs.v[i], tree->above ? tree->above : strlen(tree->dirs.v[i]));
	AUTO_FREE char *model = xasprintf("%s/io.cost.qos", root);
	if (fs_read(model, 65536, &text, NULL) == 0 && strstr(str_text(&text), "enable=1"))
		return true;
	return a_disk_has_bfq();
}
