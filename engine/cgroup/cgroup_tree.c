#include "engine/cgroup/cgroup_tree.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As the options of a v1 mount and cgroup.controllers call them, in the order of the bits. */
static const char *const names[] = {"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer",
        "blkio", "pids", "hugetlb", "net_cls", "net_prio", "perf_event", "rdma", "misc",
        "name=systemd"};

const char *cgroup_controller_name(unsigned bit)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (bit == 1u << i)
			return names[i];
	return NULL;
}

unsigned cgroup_controller_bits(const char *text)
{
	unsigned bits = 0;

	for (size_t n; *text; text += n + (text[n] != '\0')) {
		n = strcspn(text, " ,\n");
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (strlen(names[i]) == n && strncmp(text, names[i], n) == 0)
				bits |= 1u << i;
		if (n == 2 && strncmp(text, "io", 2) == 0)
			bits |= CG_IO;
	}
	return bits;
}

struct mounted {
	char *root, *point; /* of the hierarchy, of the host */
	bool v2;
	unsigned controllers;
};

/* Blanks and backslashes are written as \040. */
static char *unescape(const char *text)
{
	AUTO_STR out = {0};
	unsigned code;

	for (; *text; text++) {
		char c = *text;
		if (c == '\\' && sscanf(text + 1, "%3o", &code) == 1) {
			c = (char)code;
			text += 3;
		}
		str_addn(&out, &c, 1);
	}
	return str_steal(&out);
}

/* "31 23 0:28 ROOT POINT options … - TYPE source superoptions" (proc_pid_mountinfo(5)). */
static bool parse_mount(char *line, struct mounted *out)
{
	char *words[5], *save = NULL, *at = strstr(line, " - "), *type, *super;

	if (!at)
		return false;
	*at = '\0';
	type = strtok_r(at + 3, " ", &save);
	super = strtok_r(NULL, " ", &save) ? strtok_r(NULL, " ", &save) : NULL;
	if (!type || !super || (!str_eq(type, "cgroup") && !str_eq(type, "cgroup2")))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!(words[i] = strtok_r(i ? NULL : line, " ", &save)))
			return false;
	*out = (struct mounted){.v2 = str_eq(type, "cgroup2")};
	out->controllers = out->v2 ? CG_CORE : cgroup_controller_bits(super);
	if (!out->controllers)
		return false; /* a named hierarchy of somebody else's */
	out->root = unescape(words[3]);
	out->point = unescape(words[4]);
	return true;
}

static bool is_below(const char *path, const char *root)
{
	size_t n = strlen(root);

	return strncmp(path, root, n) == 0 && (path[n] == '/' || !path[n]);
}

static bool may_write(const char *dir)
{
	AUTO_FREE char *procs = xasprintf("%s/cgroup.procs", dir);

	return faccessat(AT_FDCWD, dir, W_OK, AT_EACCESS) == 0 &&
	        faccessat(AT_FDCWD, procs, W_OK, AT_EACCESS) == 0;
}

/* The path behind "0::" in /proc/self/cgroup. The caller frees. */
static char *own_group(const char *self)
{
	const char *at = strncmp(self, "0::", 3) == 0 ? self : strstr(self, "\n0::");

	if (!at)
		return xstrdup("/");
	at = strchr(at, ':') + 2;
	return xstrndup(at, strcspn(at, "\n"));
}

/* From the mount's root towards the own group, the first folder that may be written: the same from
 * every shell, so that a group is found again. */
static char *writable_part(const struct mounted *m, const char *self)
{
	AUTO_FREE char *own = own_group(self);
	const char *rest = own;
	char *dir = xstrdup(m->point);

	if (!str_eq(m->root, "/") && is_below(own, m->root))
		rest = own + strlen(m->root);
	while (!may_write(dir) && *rest == '/' && rest[1]) {
		size_t n = strcspn(rest + 1, "/");
		char *next = xasprintf("%s/%.*s", dir, (int)n, rest + 1);
		rest += n + 1;
		free(dir);
		dir = next;
	}
	if (may_write(dir))
		return dir;
	free(dir);
	return xstrdup(m->point);
}

static void add_v2(struct cgroup_tree *tree, const struct mounted *m, const char *self)
{
	AUTO_FREE char *dir = writable_part(m, self);
	AUTO_FREE char *path = xasprintf("%s/cgroup.controllers", dir);
	AUTO_STR text = {0};

	tree->controllers[tree->dirs.n] = CG_CORE;
	if (fs_read(path, 4096, &text, NULL) == 0)
		tree->controllers[tree->dirs.n] |= cgroup_controller_bits(str_text(&text));
	strv_add(&tree->dirs, dir);
}

/* A hierarchy that is mounted twice is taken once. */
static void add(struct cgroup_tree *tree, const struct mounted *m, const char *self)
{
	if (tree->dirs.n == CGROUP_HIERARCHIES || cgroup_tree_controllers(tree) & m->controllers)
		return;
	if (m->v2) {
		add_v2(tree, m, self);
		return;
	}
	tree->controllers[tree->dirs.n] = m->controllers;
	strv_add(&tree->dirs, m->point);
}

unsigned cgroup_tree_controllers(const struct cgroup_tree *tree)
{
	unsigned all = 0;

	for (size_t i = 0; i < tree->dirs.n; i++)
		all |= tree->controllers[i];
	return all;
}

static void scan(const char *mountinfo, const char *self, const char *root, struct cgroup_tree *out)
{
	for (const char *p = mountinfo; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		AUTO_FREE char *line = xstrndup(p, strcspn(p, "\n"));
		struct mounted m = {0};
		if (parse_mount(line, &m) && (!root || is_below(m.point, root)) &&
		        fs_is_dir(m.point))
			add(out, &m, self);
		free(m.root);
		free(m.point);
	}
}

int cgroup_tree_read(const char *mountinfo, const char *self, const char *root,
        struct cgroup_tree *out, struct err *err)
{
	struct cgroup_tree tree = {0};

	scan(mountinfo, self, root, &tree);
	if (!tree.dirs.n)
		scan(mountinfo, self, NULL, &tree);
	if (!tree.dirs.n) {
		err_set(err, ERR_HOST, "no cgroups are mounted at '%s'", root);
		return err_hint(err, "mount -t cgroup2 cgroup2 %s", root);
	}
	tree.v2 = tree.dirs.n == 1 && tree.controllers[0] & CG_CORE;
	*out = tree;
	return 0;
}

int cgroup_tree_find(const char *root, struct cgroup_tree *out, struct err *err)
{
	AUTO_STR mountinfo = {0}, self = {0};

	if (fs_read("/proc/self/mountinfo", 64 << 20, &mountinfo, err) < 0 ||
	        fs_read("/proc/self/cgroup", 1 << 20, &self, err) < 0)
		return -1;
	return cgroup_tree_read(str_text(&mountinfo), str_text(&self), root, out, err);
}

void cgroup_tree_within(struct cgroup_tree *tree, const char *group)
{
	if (!tree->v2)
		return;
	char *dir = xasprintf("%s/%s", tree->dirs.v[0], group);
	tree->above = strlen(tree->dirs.v[0]);
	free(tree->dirs.v[0]);
	tree->dirs.v[0] = dir;
}

void cgroup_tree_clear(struct cgroup_tree *tree)
{
	strv_clear(&tree->dirs);
	*tree = (struct cgroup_tree){0};
}
