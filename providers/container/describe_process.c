/* Sections that /proc/PID tells of: the process itself, its namespaces and what it may do. */
#include "providers/container/describe.h"

#include "base/fs.h"
#include "base/procfs.h"
#include "engine/caps.h"
#include "engine/cgroup/cgroup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static json_t *started_at(int64_t since_boot_ns)
{
	struct timespec boot;
	char text[32];
	struct tm tm;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	int64_t age = boot.tv_sec - since_boot_ns / 1000000000;
	time_t t = time(NULL) - age;
	localtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &tm);
	return json_string(text);
}

json_t *describe_process(const struct look *look)
{
	struct procfs_process p;
	AUTO_FREE pid_t *pids = NULL;
	AUTO_STR score = {0};
	size_t n = 0;

	if (procfs_process(look->pid, &p) < 0)
		return NULL;
	json_t *out = json_pack("{s:i, s:i, s:s%, s:o}", "pid", p.pid, "pid_inside", p.inside,
	        "command", p.command, strlen(p.command), "started", started_at(p.started_ns));
	if (!out) /* a guest's words need not be UTF-8 */
		out = json_pack("{s:i, s:i, s:o}", "pid", p.pid, "pid_inside", p.inside, "started",
		        started_at(p.started_ns));
	if (cgroup_pids(&look->session->tree, look->session->names->cgroup, &pids, &n, NULL) == 0)
		json_object_set_new(out, "processes", json_integer((json_int_t)n));
	pid_t mon = container_supervisor(look->pid);
	if (mon)
		json_object_set_new(out, "supervisor_pid", json_integer(mon));
	json_object_set_new(out, "no_new_privileges",
	        json_boolean(procfs_number(look->status, "NoNewPrivs", 10, 0)));
	if (procfs_read(look->proc, "oom_score_adj", 16, &score) == 0)
		json_object_set_new(out, "oom_score_adj", json_integer(atoi(str_text(&score))));
	procfs_process_clear(&p);
	return out;
}

/* A container of the same lab that runs beside this one: its namespaces may be shared. */
struct neighbour {
	char *name;
	int proc;
};

static size_t find_neighbours(const struct look *look, struct neighbour **out)
{
	const struct cgroup_tree *tree = &look->session->tree;
	AUTO_FREE char *prefix = xasprintf("prov-%s-", look->session->spec->lab_id);
	AUTO_STRV groups = {0};
	size_t n = 0;

	if (!tree->dirs.n || fs_list(tree->dirs.v[0], &groups, NULL) < 0)
		return 0;
	for (size_t i = 0; i < groups.n; i++) {
		if (!str_starts(groups.v[i], prefix) ||
		        str_eq(groups.v[i], look->session->names->cgroup))
			continue;
		pid_t pid = cgroup_init(tree, groups.v[i]);
		int proc = pid ? procfs_open(pid) : -1;
		if (proc < 0)
			continue;
		*out = xrealloc(*out, n + 1, sizeof(**out));
		(*out)[n++] = (struct neighbour){
		        xasprintf("%s@container", groups.v[i] + strlen(prefix)), proc};
	}
	return n;
}

static bool namespace_of(int proc, const char *link, struct stat *st)
{
	return fstatat(proc, link, st, 0) == 0;
}

static bool same(int proc, const char *link, const struct stat *st)
{
	struct stat other;

	return namespace_of(proc, link, &other) && other.st_ino == st->st_ino &&
	        other.st_dev == st->st_dev;
}

/* "Host" is where prov runs: what is shared with it is shared with everybody there. */
static json_t *shared_with(
        const char *link, const struct stat *st, int own, const struct neighbour *v, size_t n)
{
	json_t *list = json_array();
	bool host = same(own, link, st);

	if (host)
		json_array_append_new(list, json_string("host"));
	for (size_t i = 0; !host && i < n; i++)
		if (same(v[i].proc, link, st))
			json_array_append_new(list, json_string(v[i].name));
	return list;
}

json_t *describe_namespaces(const struct look *look)
{
	static const char *const kinds[] = {
	        "user", "mnt", "pid", "uts", "ipc", "net", "cgroup", "time"};
	AUTO_FD int own = procfs_open(getpid());
	struct neighbour *neighbours = NULL;
	size_t n = find_neighbours(look, &neighbours);
	json_t *out = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		char link[24];
		struct stat st;
		snprintf(link, sizeof(link), "ns/%s", kinds[i]);
		if (!namespace_of(look->proc, link, &st))
			continue;
		AUTO_FREE char *path = xasprintf("/proc/%d/%s", look->pid, link);
		json_array_append_new(out,
		        json_pack("{s:s, s:I, s:o, s:s}", "type", kinds[i], "inode",
		                (json_int_t)st.st_ino, "shared_with",
		                shared_with(link, &st, own, neighbours, n), "path", path));
	}
	for (size_t i = 0; i < n; i++) {
		free(neighbours[i].name);
		close(neighbours[i].proc);
	}
	free(neighbours);
	return out;
}

static json_t *map_rows(const struct look *look, const char *file)
{
	AUTO_STR text = {0};
	json_t *out = json_array();
	long long inside, outside, count;
	int used;

	procfs_read(look->proc, file, 65536, &text);
	for (const char *p = str_text(&text);
	        sscanf(p, "%lld %lld %lld%n", &inside, &outside, &count, &used) == 3; p += used)
		json_array_append_new(out,
		        json_pack("{s:I, s:I, s:I}", "inside", (json_int_t)inside, "outside",
		                (json_int_t)outside, "count", (json_int_t)count));
	return out;
}

json_t *describe_ids(const struct look *look)
{
	AUTO_STR groups = {0};

	procfs_field(look->status, "Groups", &groups);
	return json_pack("{s:I, s:I, s:s, s:o, s:o}", "uid_on_host",
	        (json_int_t)procfs_number(look->status, "Uid", 10, -1), "gid_on_host",
	        (json_int_t)procfs_number(look->status, "Gid", 10, -1), "supplementary_groups",
	        str_text(&groups), "uid_map", map_rows(look, "uid_map"), "gid_map",
	        map_rows(look, "gid_map"));
}

static json_t *capability_names(uint64_t mask)
{
	AUTO_STRV names = {0};
	json_t *out = json_array();

	caps_names(mask, &names);
	for (size_t i = 0; i < names.n; i++)
		json_array_append_new(out, json_string(names.v[i]));
	return out;
}

json_t *describe_capabilities(const struct look *look)
{
	static const char *const sets[][2] = {
	        {"effective", "CapEff"},
	        {"permitted", "CapPrm"},
	        {"inheritable", "CapInh"},
	        {"bounding", "CapBnd"},
	        {"ambient", "CapAmb"},
	};
	json_t *out = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		json_object_set_new(out, sets[i][0],
		        capability_names((uint64_t)procfs_number(look->status, sets[i][1], 16, 0)));
	return out;
}

json_t *describe_seccomp(const struct look *look)
{
	static const char *const modes[] = {"off", "strict", "filter"};
	int64_t mode = procfs_number(look->status, "Seccomp", 10, -1);

	if (mode < 0 || mode >= (int64_t)ARRAY_SIZE(modes))
		return NULL;
	return json_pack("{s:s, s:I}", "mode", modes[mode], "filters",
	        (json_int_t)procfs_number(look->status, "Seccomp_filters", 10, 0));
}

/* Columns of /proc/PID/limits have fixed widths, because names hold spaces. */
enum { LIMIT_NAME = 26, LIMIT_VALUE = 21 };

static char *column(const char *line, size_t from, size_t n)
{
	size_t len = strcspn(line, "\n");

	if (from >= len)
		return xstrdup("");
	if (from + n > len)
		n = len - from;
	while (n && line[from + n - 1] == ' ')
		n--;
	return xstrndup(line + from, n);
}

json_t *describe_rlimits(const struct look *look)
{
	AUTO_STR text = {0};
	json_t *out = json_array();

	procfs_read(look->proc, "limits", 65536, &text);
	const char *line = strchr(str_text(&text), '\n');
	for (; line && line[1]; line = strchr(line + 1, '\n')) {
		AUTO_FREE char *name = column(line + 1, 0, LIMIT_NAME);
		AUTO_FREE char *soft = column(line + 1, LIMIT_NAME, LIMIT_VALUE);
		AUTO_FREE char *hard = column(line + 1, LIMIT_NAME + LIMIT_VALUE, LIMIT_VALUE);
		AUTO_FREE char *unit = column(line + 1, LIMIT_NAME + 2 * LIMIT_VALUE, 16);
		json_array_append_new(out,
		        json_pack("{s:s, s:s, s:s, s:s}", "limit", name, "soft", soft, "hard", hard,
		                "unit", unit));
	}
	return out;
}
