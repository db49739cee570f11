/* The limits of the host, and whether it has what a lab needs of each. */
#include "lab/limits.h"

#include "base/fs.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define MIB          (INT64_C(1) << 20)
#define BRIDGE_PORTS 1023 /* BR_MAX_PORTS of the kernel, less one */

/* A number of the host's; file NULL: none. */
struct source {
	const char *file, *key; /* the line that begins with key; NULL: the first */
	int field;              /* its word, from 0 */
	int64_t unit;           /* of the number; 0: 1 */
};

struct limit {
	const char *name;
	size_t need;   /* offset in lab_needs */
	int64_t floor; /* every host has so many: up does not read the files for less */
	int64_t fixed; /* a limit that the kernel's source sets */
	struct source have, more, used; /* left is have + more - used */
	bool advice;                    /* too little of it is said, not refused */
	const char *hint;               /* %s: the number to set */
};

/* clang-format off */
#define NEED(field)  .need = offsetof(struct lab_needs, field)
#define PROC(path)   {.file = "proc/" path}
#define MEMORY(name) {.file = "proc/meminfo", .key = name ":", .field = 1, .unit = 1024}
#define TASKS        {.file = "proc/loadavg", .field = 4}
#define SYSCTL(name) .hint = "sysctl -w " name "=%s"

static const struct limit limits[] = {
	{"ports of a bridge", NEED(ports), .floor = 256, .fixed = BRIDGE_PORTS,
	 .hint = "Linux allows no more: spread the machines over several networks"},
	{"IPv4 neighbours", NEED(neighbours), .floor = 128, .have = PROC("sys/net/ipv4/neigh/default/gc_thresh3"),
	 SYSCTL("net.ipv4.neigh.default.gc_thresh3")},
	{"inotify instances", NEED(inotify), .floor = 32, .have = PROC("sys/fs/inotify/max_user_instances"),
	 SYSCTL("fs.inotify.max_user_instances")},
	{"keys of a user", NEED(keys), .floor = 64, .have = PROC("sys/kernel/keys/maxkeys"),
	 SYSCTL("kernel.keys.maxkeys")},
	{"keys of root", NEED(root_keys), .floor = 64, .have = PROC("sys/kernel/keys/root_maxkeys"),
	 .used = {.file = "proc/key-users", .key = "    0:", .field = 4}, SYSCTL("kernel.keys.root_maxkeys")},
	{"pseudo-terminals", NEED(new_ptys), .floor = 64, .have = PROC("sys/kernel/pty/max"),
	 .used = PROC("sys/kernel/pty/nr"), SYSCTL("kernel.pty.max")},
	{"open files", NEED(new_files), .floor = 2048, .have = PROC("sys/fs/file-max"),
	 .used = PROC("sys/fs/file-nr"), SYSCTL("fs.file-max")},
	{"process ids", NEED(new_tasks), .floor = 256, .have = PROC("sys/kernel/pid_max"), .used = TASKS,
	 SYSCTL("kernel.pid_max")},
	{"threads", NEED(new_tasks), .floor = 256, .have = PROC("sys/kernel/threads-max"), .used = TASKS,
	 SYSCTL("kernel.threads-max")},
	{"memory cgroups", NEED(new_containers), .floor = 1024, .fixed = 65535,
	 .used = {.file = "proc/cgroups", .key = "memory", .field = 2},
	 .hint = "the kernel numbers no more of them: destroy what is not needed"},
	{"user namespaces", NEED(new_users), .floor = 64, .have = PROC("sys/user/max_user_namespaces"),
	 SYSCTL("user.max_user_namespaces")},
	{"network namespaces", NEED(new_networks), .floor = 64, .have = PROC("sys/user/max_net_namespaces"),
	 SYSCTL("user.max_net_namespaces")},
	{"memory", NEED(new_memory_bytes), .floor = 64 * MIB, .have = MEMORY("MemTotal"),
	 .more = MEMORY("SwapTotal"),
	 .hint = "lower 'memory' or 'count', or bring fewer machines up at once"},
	{"free memory", NEED(new_memory_bytes), .floor = 64 * MIB, .have = MEMORY("MemAvailable"),
	 .more = MEMORY("SwapFree"), .advice = true,
	 .hint = "it goes well until the machines use all that they are given"},
};
/* clang-format on */

/* -1: it is not there. */
static int64_t read_number(const char *root, const struct source *s)
{
	AUTO_FREE char *path = xasprintf("%s/%s", root, s->file);
	const char *key = s->key;
	int field = s->field;
	AUTO_STR text = {0};
	char *save = NULL;

	if (fs_read(path, 1 << 20, &text, NULL) < 0 || !text.len)
		return -1;
	const char *line = text.buf;
	while (line && key && !str_starts(line, key)) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!line)
		return -1;
	AUTO_FREE char *copy = xstrndup(line, strcspn(line, "\n"));
	char *word = strtok_r(copy, " \t/", &save);
	while (word && field-- > 0)
		word = strtok_r(NULL, " \t/", &save);
	return word ? strtoll(word, NULL, 10) : -1;
}

static int64_t look(const char *root, const struct source *s)
{
	int64_t n = s->file ? read_number(root, s) : -1;

	return n < 0 ? n : n * (s->unit ? s->unit : 1);
}

/* What is left; -1: cannot be told. */
static int64_t left_of(const char *root, const struct limit *limit)
{
	int64_t have = limit->fixed ? limit->fixed : look(root, &limit->have);
	int64_t more = look(root, &limit->more), used = look(root, &limit->used);

	if (have < 0)
		return -1;
	have += more > 0 ? more : 0;
	have -= used > 0 ? used : 0;
	return have > 0 ? have : 0;
}

static int64_t need_of(const struct limit *limit, const struct lab_needs *needs)
{
	return *(const int64_t *)((const char *)needs + limit->need);
}

static bool in_bytes(const struct limit *limit)
{
	return limit->need == offsetof(struct lab_needs, new_memory_bytes);
}

static char *quantity(const struct limit *limit, int64_t n)
{
	return in_bytes(limit) ? xasprintf("%.1f GiB", (double)n / (double)(1024 * MIB))
	                       : xasprintf("%" PRId64, n);
}

/* The number that would do: what is used already, what is needed, and room for the rest of the
 * host. */
static char *advice_of(const char *root, const struct limit *limit, int64_t need)
{
	int64_t used = look(root, &limit->used);
	AUTO_FREE char *number =
	        xasprintf("%" PRId64, ((used > 0 ? used : 0) + need) * 5 / 4 + 256);
	const char *hole = strstr(limit->hint, "%s");

	return hole
	        ? xasprintf("%.*s%s%s", (int)(hole - limit->hint), limit->hint, number, hole + 2)
	        : xstrdup(limit->hint);
}

/* Of one limit: what the lab needs of it, and whether the host has that. */
struct verdict {
	const struct limit *limit;
	int64_t need, left;
	bool low;
};

static struct verdict judge(
        const char *root, const struct limit *limit, const struct lab_needs *needs)
{
	struct verdict v = {.limit = limit, .need = need_of(limit, needs)};

	v.left = left_of(root, limit);
	v.low = v.left >= 0 && v.need > v.left;
	return v;
}

static char *reason_of(const struct verdict *v)
{
	AUTO_FREE char *need = quantity(v->limit, v->need), *left = quantity(v->limit, v->left);

	return xasprintf("%s needed, %s left", need, left);
}

void limits_check(const char *root, const struct lab_needs *needs, struct checklist *list)
{
	size_t before = list->n;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct verdict v = judge(root, &limits[i], needs);
		if (!v.low)
			continue;
		AUTO_FREE char *reason = reason_of(&v);
		AUTO_FREE char *hint = advice_of(root, &limits[i], v.need);
		checklist_add(list, limits[i].advice ? CHECK_WARN : CHECK_FAIL, limits[i].name,
		        hint, "%s", reason);
	}
	if (list->n == before)
		checklist_add(list, CHECK_OK, "limits", NULL,
		        "enough for this lab: containers %" PRId64 ", virtual machines %" PRId64,
		        needs->containers, needs->vms);
}

int limits_admit(const char *root, const struct lab_needs *needs, char **warning, struct err *err)
{
	AUTO_STR refused = {0}, tight = {0}, hints = {0};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		const struct limit *limit = &limits[i];
		if (need_of(limit, needs) < limit->floor)
			continue;
		struct verdict v = judge(root, limit, needs);
		struct str *out = limit->advice ? &tight : &refused;
		if (!v.low)
			continue;
		AUTO_FREE char *reason = reason_of(&v);
		AUTO_FREE char *hint = advice_of(root, limit, v.need);
		str_addf(out, "%s%s: %s", out->len ? "; " : "", limit->name, reason);
		if (!limit->advice)
			str_addf(&hints, "%s%s", hints.len ? "; " : "", hint);
	}
	if (refused.len) {
		err_set(err, ERR_HOST, "this host cannot carry the lab: %s", str_text(&refused));
		return err_hint(err, "%s", str_text(&hints));
	}
	*warning = tight.len ? str_steal(&tight) : NULL;
	return 0;
}

char *limits_beyond_host(const char *root, struct machine *const *machines, size_t n)
{
	const struct source total = MEMORY("MemTotal");
	int64_t have = look(root, &total);
	AUTO_STR who = {0}, size = {0};
	size_t found = 0;

	for (size_t i = 0; have > 0 && i < n; i++) {
		const struct machine_spec *spec = &machines[i]->spec;
		if (!str_eq(spec->provider, "container") || spec->memory_bytes <= have)
			continue;
		if (found++)
			continue;
		str_addf(&who, "'memory' of '%s' is ", spec->selector);
		str_add_size(&who, spec->memory_bytes);
	}
	if (!found)
		return NULL;
	if (found > 1)
		str_addf(&who, " (and so with %zu more)", found - 1);
	str_add_size(&size, have);
	return xasprintf("%s, more than this host has: %s", str_text(&who), str_text(&size));
}
