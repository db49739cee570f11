/* The limits of the host, and what a lab needs of each. */
#include "lab/limits.h"

#include "base/clock.h"
#include "base/fs.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Measured: a container is one process with prov-init, two with prov-mon, a handful with an init
 * system; QEMU has its vCPUs, an I/O thread and a few workers. */
enum {
	TASKS_OF_CONTAINER = 4,
	TASKS_OF_VM = 8,
	FILES_OF_CONTAINER = 16,
	FILES_OF_VM = 128,
	INOTIFY_OF_SYSTEMD = 4,
	BRIDGE_PORTS = 1023, /* BR_MAX_PORTS of the kernel, less one */
};
#define MIB                       (INT64_C(1) << 20)
#define KERNEL_BYTES_OF_CONTAINER MIB        /* namespaces, mounts and control groups */
#define HOST_BYTES_OF_VM          (64 * MIB) /* QEMU itself */

static bool runs_already(const struct machine *m, const char *boot_id)
{
	for (size_t i = 0; i < m->state.n_steps; i++) {
		const struct step_record *r = &m->state.steps[i];
		if (r->is_volatile && r->state == STEP_DONE && str_eq(r->boot_id, boot_id))
			return true;
	}
	return false;
}

static bool is_init_system(const char *init)
{
	const char *slash = init ? strrchr(init, '/') : NULL;

	return init &&
	        (str_eq(init, "systemd") || (slash && str_eq(slash + 1, "systemd")) ||
	                str_eq(init, "/sbin/init"));
}

static void count_container(const struct machine_spec *spec, bool runs, struct lab_needs *out)
{
	bool system = is_init_system(spec->container.init);

	out->containers++;
	out->inotify += system ? INOTIFY_OF_SYSTEMD : 0;
	out->root_keys += !spec->container.id_base;
	if (runs)
		return;
	out->new_containers++;
	out->new_ptys += system;
	out->new_files += FILES_OF_CONTAINER;
	out->new_tasks += TASKS_OF_CONTAINER;
	out->new_memory_bytes += KERNEL_BYTES_OF_CONTAINER;
	out->new_users += !spec->container.privileged;
	out->new_networks += spec->network_mode != NET_HOST;
}

static void count_vm(const struct machine_spec *spec, bool runs, struct lab_needs *out)
{
	out->vms++;
	if (runs)
		return;
	out->new_vms++;
	out->new_ptys++;
	out->new_files += FILES_OF_VM;
	out->new_tasks += TASKS_OF_VM + (int64_t)spec->cpus;
	out->new_memory_bytes += spec->memory_bytes + HOST_BYTES_OF_VM;
}

static int compare_numbers(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Containers of one id range share its users' quota of keys. */
static int64_t largest_range(struct machine *const *machines, size_t n)
{
	AUTO_FREE int64_t *bases = xcalloc(n + 1, sizeof(*bases));
	int64_t most = 0, same = 0;

	for (size_t i = 0; i < n; i++)
		bases[i] = machines[i]->spec.container.id_base;
	qsort(bases, n, sizeof(*bases), compare_numbers);
	for (size_t i = 0; i < n; i++) {
		same = i && bases[i] == bases[i - 1] ? same + 1 : 1;
		if (bases[i] && same > most)
			most = same;
	}
	return most;
}

/* How many machines each network has: its bridge needs as many ports. */
struct crowd {
	struct strv networks;
	size_t counts[64];
};

static size_t join(struct crowd *crowd, const char *network)
{
	size_t i = 0;

	while (i < crowd->networks.n && !str_eq(crowd->networks.v[i], network))
		i++;
	if (i == ARRAY_SIZE(crowd->counts))
		return 0; /* who has so many networks has few machines in each */
	if (i == crowd->networks.n)
		strv_add(&crowd->networks, network);
	return ++crowd->counts[i];
}

static void count_networks(
        const struct machine_spec *spec, bool kvm, struct crowd *crowd, struct lab_needs *out)
{
	/* A spec of an earlier version may say nothing of the one that it joins. */
	for (size_t i = 0; i < spec->n_nics || i == 0; i++) {
		size_t ports = join(crowd, spec->n_nics ? spec->nics[i].network : "default");
		if (ports > (size_t)out->ports)
			out->ports = (int64_t)ports;
		/* The host's own, and the gateway as the container knows it: the namespaces share
		 * one table, a virtual machine has a kernel of its own. */
		out->neighbours += kvm ? 1 : 2;
	}
}

void lab_needs_count(
        struct machine *const *machines, size_t n, const char *boot_id, struct lab_needs *out)
{
	struct crowd crowd = {0};

	*out = (struct lab_needs){0};
	for (size_t i = 0; i < n; i++) {
		const struct machine_spec *spec = &machines[i]->spec;
		bool runs = runs_already(machines[i], boot_id);
		bool kvm = str_eq(spec->provider, "kvm");
		if (kvm)
			count_vm(spec, runs, out);
		else
			count_container(spec, runs, out);
		if (spec->network_mode == NET_LAB)
			count_networks(spec, kvm, &crowd, out);
	}
	strv_clear(&crowd.networks);
	out->keys = largest_range(machines, n);
}

int lab_needs_of(const struct lab *lab, struct machine *const *chosen, size_t n,
        struct lab_needs *out, struct err *err)
{
	AUTO_FREE struct machine **all = xcalloc(n + lab->n + 1, sizeof(*all));
	char boot_id[BOOT_ID_LEN + 1];
	size_t n_all = n, next = 0;

	if (clock_boot_id(boot_id, err) < 0)
		return -1;
	if (n)
		memcpy(all, chosen, n * sizeof(*all));
	/* The chosen ones are in the lab's order. */
	for (size_t i = 0; i < lab->n; i++) {
		struct machine *m = &lab->machines[i];
		if (next < n && chosen[next] == m)
			next++;
		else if (runs_already(m, boot_id))
			all[n_all++] = m;
	}
	lab_needs_count(all, n_all, boot_id, out);
	return 0;
}

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
