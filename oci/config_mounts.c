/* root and mounts of config.json as rows of the plan. */
#include "oci/config.h"

#include "oci/mount_options.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

/* An element of mounts, with its texts as the plan takes them. */
struct mount {
	const struct node *n;
	const char *path, *type, *source; /* absolute; "": not given; NULL: not given */
	struct mount_options o;
};

static int read_options(const struct node *n, struct mount_options *out, struct err *err)
{
	struct node list = node_get(n, "options");
	AUTO_STRV words = {0};

	if (node_texts(&list, &words, err) < 0)
		return -1;
	for (size_t i = 0; i < words.n; i++)
		mount_option(out, words.v[i]);
	return 0;
}

static char *from_bundle(const struct oci_config *c, const char *path)
{
	return path[0] == '/' ? xstrdup(path) : xasprintf("%s/%s", c->bundle, path);
}

/* Attributes for the mounts below as well, or for what is mounted already. */
static void add_change(
        struct container_plan *plan, const char *path, uint64_t set, uint64_t clear, unsigned flags)
{
	if (!set && !clear)
		return;
	struct fs_row *row = plan_add(plan, FS_CHANGE, path);
	row->attr_set = set;
	row->attr_clear = clear;
	row->flags = flags;
}

static int add_id_maps(
        const struct node *n, const struct mount_options *o, struct fs_row *row, struct err *err)
{
	struct node uids = node_get(n, "uidMappings"), gids = node_get(n, "gidMappings");

	if (config_id_maps(&uids, &row->uids, err) < 0 ||
	        config_id_maps(&gids, &row->gids, err) < 0)
		return -1;
	if (row->uids.n && !row->gids.n)
		return node_fail(&gids, err, "is missing beside uidMappings");
	if (row->gids.n && !row->uids.n)
		return node_fail(&uids, err, "is missing beside gidMappings");
	if (o->id_map_recursive)
		row->flags |= FS_RECURSIVE;
	return 0;
}

/* Without maps of its own, an id-mapped mount has those of the container. */
static int use_container_maps(const struct oci_config *c, const struct node *n,
        const struct mount_options *o, struct fs_row *row, struct err *err)
{
	if (row->uids.n || !(o->id_map || o->id_map_recursive))
		return 0;
	if (!c->plan.uids.n)
		return node_fail(n, err, "an id-mapped mount needs uidMappings and gidMappings");
	id_maps_copy(&row->uids, &c->plan.uids);
	id_maps_copy(&row->gids, &c->plan.gids);
	return 0;
}

/* Of a new row; where it says nothing else. */
static void set_attributes(struct fs_row *row, const struct mount_options *o)
{
	row->attr_set = o->set;
	row->attr_clear = o->clear;
	row->propagation = o->propagation;
}

static int add_bind(struct oci_config *c, const struct mount *m, struct err *err)
{
	struct node source_n = node_get(m->n, "source");

	if (node_need(&source_n, err) < 0)
		return -1;
	struct fs_row *row = plan_add(&c->plan, FS_BIND, m->path);
	row->source = from_bundle(c, m->source);
	set_attributes(row, &m->o);
	row->flags = m->o.recursive ? FS_RECURSIVE | FS_TOP : 0;
	if (add_id_maps(m->n, &m->o, row, err) < 0)
		return -1;
	return use_container_maps(c, m->n, &m->o, row, err);
}

/* In a user namespace the kernel makes these only for who has the namespace that they show; for who
 * shares it with the host, they are the host's own. NULL: it can be made. */
static const char *host_mount(const struct oci_config *c, const char *type)
{
	static const struct {
		const char *type;
		int kind;
		const char *path;
	} rows[] = {
	        {"sysfs", CLONE_NEWNET, "/sys"},
	        {"mqueue", CLONE_NEWIPC, "/dev/mqueue"},
	        {"proc", CLONE_NEWPID, "/proc"},
	};
	uint64_t own = config_namespaces(c);

	for (size_t i = 0; own & CLONE_NEWUSER && i < ARRAY_SIZE(rows); i++)
		if (str_eq(rows[i].type, type) && !(own & (uint64_t)rows[i].kind))
			return rows[i].path;
	return NULL;
}

static void add_host_mount(struct oci_config *c, const struct mount *m, const char *source)
{
	struct fs_row *row = plan_add(&c->plan, FS_BIND, m->path);

	row->source = xstrdup(source);
	set_attributes(row, &m->o);
	row->propagation = MS_SLAVE | MS_REC;
	row->flags = FS_RECURSIVE | FS_TOP;
}

static int add_new(struct oci_config *c, const struct mount *m, struct err *err)
{
	struct node type_n = node_get(m->n, "type");
	const struct mount_options *o = &m->o;

	if (!m->type[0])
		return node_fail(&type_n, err, "is missing");
	if (o->id_map || o->id_map_recursive)
		return node_fail(
		        m->n, err, "a new %s cannot be id-mapped, only a bind mount", m->type);
	if (host_mount(c, m->type)) {
		add_host_mount(c, m, host_mount(c, m->type));
		return 0;
	}
	struct fs_row *row = plan_add(&c->plan, FS_MOUNT, m->path);
	row->type = xstrdup(m->type);
	row->source = xstrdup(m->source && m->source[0] ? m->source : m->type);
	row->data = o->data.len || o->copy_up
	        ? xasprintf("%s%s", o->copy_up ? "mode=1777," : "", str_text(&o->data))
	        : NULL;
	set_attributes(row, o);
	row->flags = o->copy_up ? FS_COPY_UP : 0;
	return 0;
}

static int add_mount(struct oci_config *c, const struct mount *m, struct err *err)
{
	const struct mount_options *o = &m->o;
	bool bind = o->bind || o->recursive || str_eq(m->type, "bind") || str_eq(m->type, "rbind");
	int rc = 0;

	if (o->remount)
		add_change(&c->plan, m->path, o->set, o->clear, 0);
	else
		rc = bind ? add_bind(c, m, err) : add_new(c, m, err);
	if (rc == 0)
		add_change(&c->plan, m->path, o->below_set, o->below_clear, FS_RECURSIVE);
	return rc;
}

static int read_mount(struct oci_config *c, const struct node *n, struct err *err)
{
	struct node to = node_get(n, "destination"), type_n = node_get(n, "type");
	struct node from = node_get(n, "source");
	struct mount m = {.n = n, .type = ""};
	const char *path = NULL;

	if (node_need(n, err) < 0 || node_object(n, err) < 0 || node_need(&to, err) < 0 ||
	        node_text(&to, &path, err) < 0 || node_text(&type_n, &m.type, err) < 0 ||
	        node_text(&from, &m.source, err) < 0)
		return -1;
	if (!path[0])
		return node_fail(&to, err, "is empty");
	/* Older than runtime-spec 1.0, and still written: relative to the root. */
	AUTO_FREE char *absolute = xasprintf("%s%s", path[0] == '/' ? "" : "/", path);
	m.path = absolute;
	int rc = read_options(n, &m.o, err);
	if (rc == 0)
		rc = add_mount(c, &m, err);
	mount_options_clear(&m.o);
	return rc;
}

static int read_root(const struct node *top, struct oci_config *c, struct err *err)
{
	struct node root = node_get(top, "root"), path_n = node_get(&root, "path");
	struct node readonly = node_get(&root, "readonly");
	const char *path = NULL;

	if (node_object(&root, err) < 0 || node_need(&root, err) < 0 ||
	        node_need(&path_n, err) < 0 || node_text(&path_n, &path, err) < 0)
		return -1;
	if (!path[0])
		return node_fail(&path_n, err, "is empty");
	c->plan.root = from_bundle(c, path);
	return node_bool(&readonly, &c->plan.root_readonly, err);
}

static bool is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	while (n > 1 && top[n - 1] == '/')
		n--;
	return !strncmp(path, top, n) && path[n] == '/' && path[n + 1];
}

/* Where nothing can be made anyway, or what it stands for is decided later (oci/cgroup_mount). */
static bool is_kernels(const char *type)
{
	static const char *const types[] = {"sysfs", "proc", "cgroup", "cgroup2"};
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		found = found || str_eq(type, types[i]);
	return found;
}

/* What is mounted or made in a new file system later would find it read-only. */
void config_defer_readonly(struct container_plan *plan)
{
	size_t n = plan->n_rows;

	for (size_t i = 0; i < n; i++) {
		bool filled = false;
		for (size_t k = i + 1; k < n; k++)
			filled = filled || is_below(plan->rows[k].path, plan->rows[i].path);
		if (plan->rows[i].op != FS_MOUNT || !filled ||
		        !(plan->rows[i].attr_set & MOUNT_ATTR_RDONLY) ||
		        is_kernels(plan->rows[i].type))
			continue;
		plan->rows[i].attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
		AUTO_FREE char *path = xstrdup(plan->rows[i].path);
		plan_add(plan, FS_CHANGE, path)->attr_set = MOUNT_ATTR_RDONLY;
	}
}

int config_mounts(const struct node *top, struct oci_config *c, struct err *err)
{
	struct node list = node_get(top, "mounts");

	c->plan.list_in_order = true;
	if (read_root(top, c, err) < 0 || node_array(&list, err) < 0)
		return -1;
	for (size_t i = 0; i < node_size(&list); i++) {
		struct node item = node_at(&list, i);
		if (read_mount(c, &item, err) < 0)
			return -1;
	}
	return 0;
}
