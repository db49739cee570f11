/* A host of plain files, and crowds of machines for it, for the suites of limits. */
#pragma once

#include "base/fs.h"
#include "lab/limits.h"
#include "tests/fake/check_util.h"

static const char boot[] = "11111111-2222-3333-4444-555555555555";
static char *root;

/* As a desktop's kernel comes. */
static const struct {
	const char *path, *text;
} files[] = {
        {"proc/sys/net/ipv4/neigh/default/gc_thresh3", "1024\n"},
        {"proc/sys/fs/inotify/max_user_instances", "128\n"},
        {"proc/sys/fs/file-max", "9223372036854775807\n"},
        {"proc/sys/fs/file-nr", "1345\t0\t9223372036854775807\n"},
        {"proc/sys/kernel/keys/maxkeys", "200\n"},
        {"proc/sys/kernel/keys/root_maxkeys", "1000000\n"},
        {"proc/sys/kernel/pty/max", "4096\n"},
        {"proc/sys/kernel/pty/nr", "7\n"},
        {"proc/sys/kernel/pid_max", "32768\n"},
        {"proc/sys/kernel/threads-max", "192729\n"},
        {"proc/sys/user/max_user_namespaces", "96364\n"},
        {"proc/sys/user/max_net_namespaces", "96364\n"},
        {"proc/loadavg", "2.32 3.51 2.95 5/157 25108\n"},
        {"proc/key-users", "    0:     9 8/8 3/1000000 40/25000000\n"},
        {"proc/cgroups",
                "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t3\t10\t1\n"
                "memory\t4\t112\t1\n"},
        {"proc/meminfo",
                "MemTotal:       16384000 kB\nMemFree:         1000000 kB\n"
                "MemAvailable:    8192000 kB\nSwapTotal:       1024000 kB\n"
                "SwapFree:        1024000 kB\n"},
};

static inline void put(const char *path, const char *text)
{
	AUTO_FREE char *file = xasprintf("%s/%s", root, path);
	AUTO_FREE char *folder = xstrndup(file, (size_t)(strrchr(file, '/') - file));
	struct err err;

	ck_ok(fs_mkdirs(folder, 0755, &err));
	ck_ok(fs_replace(file, text, strlen(text), 0644, &err));
}

static inline void begin(void)
{
	root = tmp_begin();
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		put(files[i].path, files[i].text);
}

static inline void end(void)
{
	tmp_end(root);
}

struct crowd {
	struct machine *machines;
	struct machine **list;
	size_t n;
};

static inline void crowd_init(
        struct crowd *c, size_t n, const char *provider, enum network_mode mode)
{
	c->n = n;
	c->machines = xcalloc(n, sizeof(*c->machines));
	c->list = xcalloc(n, sizeof(struct machine *));
	for (size_t i = 0; i < n; i++) {
		struct machine_spec *spec = &c->machines[i].spec;
		spec_init(spec);
		spec->provider = xstrdup(provider);
		spec->network_mode = mode;
		spec->memory_bytes = INT64_C(1) << 30;
		spec->cpus = 2;
		c->list[i] = &c->machines[i];
	}
}

static inline void crowd_clear(struct crowd *c)
{
	for (size_t i = 0; i < c->n; i++) {
		spec_clear(&c->machines[i].spec);
		journal_state_clear(&c->machines[i].state);
	}
	free(c->machines);
	free(c->list);
}
