#include "oci/cgroup_mount.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#define CGROUP_FS_SIZE "mode=755,size=64k"

struct expansion {
	struct container_plan *plan; /* new rows are added here */
	const struct fs_row *row;    /* the one that is replaced */
	const struct cgroup_tree *tree;
	const char *group;
	bool own;              /* the container has a cgroup namespace */
	struct strv *readonly; /* file systems that become so when all else is mounted */
};

static bool is_cgroup(const struct fs_row *row)
{
	return row->op == FS_MOUNT && (str_eq(row->type, "cgroup") || str_eq(row->type, "cgroup2"));
}

/* "cpu,cpuacct", as mount(2) takes it; a named hierarchy has no controllers. */
static char *hierarchy_options(unsigned controllers)
{
	AUTO_STR text = {0};

	if (controllers & CG_CORE)
		return NULL;
	if (controllers & CG_SYSTEMD)
		return xstrdup("none,name=systemd");
	for (unsigned bit = 1; bit < CG_SYSTEMD; bit <<= 1)
		if (controllers & bit)
			str_addf(&text, "%s%s", text.len ? "," : "",
			        bit == CG_IO ? "blkio" : cgroup_controller_name(bit));
	return str_steal(&text);
}

static void add_hierarchy(const struct expansion *x, size_t i, const char *path)
{
	bool v2 = x->tree->controllers[i] & CG_CORE;
	struct fs_row *row = plan_add(x->plan, x->own ? FS_MOUNT : FS_BIND, path);

	row->attr_set = x->row->attr_set;
	row->attr_clear = x->row->attr_clear;
	row->propagation = x->row->propagation;
	if (x->own) {
		row->type = xstrdup(v2 ? "cgroup2" : "cgroup");
		row->source = xstrdup("cgroup");
		row->data = hierarchy_options(x->tree->controllers[i]);
		row->attr_set &= ~(uint64_t)MOUNT_ATTR__ATIME;
	} else {
		row->source = xasprintf("%s/%s", x->tree->dirs.v[i], x->group);
	}
}

/* "cpu,cpuacct" is reached by each of its names. */
static void add_links(const struct expansion *x, const char *name)
{
	AUTO_FREE char *copy = xstrdup(name);
	char *save = NULL;

	if (!strchr(name, ','))
		return;
	for (char *one = strtok_r(copy, ",", &save); one; one = strtok_r(NULL, ",", &save)) {
		AUTO_FREE char *path = xasprintf("%s/%s", x->row->path, one);
		plan_add(x->plan, FS_LINK, path)->source = xstrdup(name);
	}
}

static void add_tree(const struct expansion *x)
{
	struct fs_row *top = plan_add(x->plan, FS_MOUNT, x->row->path);

	top->type = xstrdup("tmpfs");
	top->source = xstrdup("cgroup");
	top->data = xstrdup(CGROUP_FS_SIZE);
	top->attr_set = x->row->attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY;
	top->propagation = x->row->propagation;
	for (size_t i = 0; i < x->tree->dirs.n; i++) {
		const char *name = strrchr(x->tree->dirs.v[i], '/') + 1;
		AUTO_FREE char *path = xasprintf("%s/%s", x->row->path, name);
		add_hierarchy(x, i, path);
		add_links(x, name);
	}
	if (x->row->attr_set & MOUNT_ATTR_RDONLY)
		strv_add(x->readonly, x->row->path);
}

void cgroup_mounts_expand(
        struct oci_config *config, const struct cgroup_tree *tree, const char *group)
{
	struct container_plan *plan = &config->plan;
	struct fs_row *rows = plan->rows;
	size_t n = plan->n_rows;
	bool own = config_namespaces(config) & CLONE_NEWCGROUP;
	AUTO_STRV readonly = {0};

	plan->rows = NULL;
	plan->n_rows = 0;
	for (size_t i = 0; i < n; i++) {
		struct expansion x = {plan, &rows[i], tree, group, own, &readonly};
		if (!is_cgroup(&rows[i])) {
			plan->rows = xrealloc(plan->rows, plan->n_rows + 1, sizeof(*plan->rows));
			plan->rows[plan->n_rows++] = rows[i];
			continue;
		}
		if (tree && tree->v2)
			add_hierarchy(&x, 0, rows[i].path);
		else if (tree)
			add_tree(&x);
		fs_row_clear(&rows[i]);
	}
	for (size_t i = 0; i < readonly.n; i++)
		plan_add(plan, FS_CHANGE, readonly.v[i])->attr_set = MOUNT_ATTR_RDONLY;
	free(rows);
}
