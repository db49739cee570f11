/* Namespaces, their ids, offsets and settings, and the paths that are hidden in the container. */
#include "oci/config.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define NS_A_SECOND 1000000000

static const struct {
	const char *name;
	int kind;
} kinds[] = {
        {"pid", CLONE_NEWPID},
        {"network", CLONE_NEWNET},
        {"mount", CLONE_NEWNS},
        {"ipc", CLONE_NEWIPC},
        {"uts", CLONE_NEWUTS},
        {"user", CLONE_NEWUSER},
        {"cgroup", CLONE_NEWCGROUP},
        {"time", CLONE_NEWTIME},
};

int config_id_maps(const struct node *list, struct id_maps *out, struct err *err)
{
	if (node_array(list, err) < 0)
		return -1;
	for (size_t i = 0; i < node_size(list); i++) {
		struct node item = node_at(list, i);
		struct node inside = node_get(&item, "containerID");
		struct node outside = node_get(&item, "hostID"), size = node_get(&item, "size");
		uint32_t in = 0, to = 0, n = 0;
		if (node_need(&item, err) < 0 || node_object(&item, err) < 0 ||
		        node_need(&inside, err) < 0 || node_u32(&inside, &in, err) < 0 ||
		        node_need(&outside, err) < 0 || node_u32(&outside, &to, err) < 0 ||
		        node_need(&size, err) < 0 || node_u32(&size, &n, err) < 0)
			return -1;
		if (!n)
			return node_fail(&size, err, "is 0");
		id_maps_add(out, in, to, n);
	}
	return 0;
}

uint64_t config_namespaces(const struct oci_config *c)
{
	uint64_t all = c->plan.namespaces;

	for (size_t i = 0; i < c->plan.n_joins; i++)
		all |= (uint64_t)c->plan.joins[i].kind;
	return all;
}

static void add_join(struct container_plan *plan, int kind, const char *path)
{
	plan->joins = xrealloc(plan->joins, plan->n_joins + 1, sizeof(*plan->joins));
	plan->joins[plan->n_joins++] = (struct ns_join){kind, xstrdup(path)};
}

static int read_namespace(const struct node *n, struct oci_config *c, struct err *err)
{
	struct node type = node_get(n, "type"), path_n = node_get(n, "path");
	const char *name = NULL, *path = "";
	int kind = 0;

	if (node_need(n, err) < 0 || node_object(n, err) < 0 || node_need(&type, err) < 0 ||
	        node_text(&type, &name, err) < 0 || node_text(&path_n, &path, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (str_eq(kinds[i].name, name))
			kind = kinds[i].kind;
	if (!kind)
		return node_fail(&type, err, "there is no namespace '%s'", name);
	if (config_namespaces(c) & (uint64_t)kind)
		return node_fail(n, err, "the %s namespace is there twice", name);
	if (path[0] && path[0] != '/')
		return node_fail(&path_n, err, "'%s' is no absolute path", path);
	if (path[0])
		add_join(&c->plan, kind, path);
	else
		c->plan.namespaces |= (uint64_t)kind;
	return 0;
}

static int read_offsets(const struct node *linux_n, struct oci_config *c, struct err *err)
{
	static const struct {
		const char *name;
		int clock;
	} clocks[] = {{"monotonic", CLOCK_MONOTONIC}, {"boottime", CLOCK_BOOTTIME}};
	struct node offsets = node_get(linux_n, "timeOffsets");

	if (node_object(&offsets, err) < 0)
		return -1;
	if (offsets.v && !(c->plan.namespaces & CLONE_NEWTIME))
		return node_fail(&offsets, err, "needs a time namespace of its own");
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		struct node clock = node_get(&offsets, clocks[i].name);
		struct node secs = node_get(&clock, "secs"), nanos = node_get(&clock, "nanosecs");
		int64_t s = 0, ns = 0;
		if (node_object(&clock, err) < 0 ||
		        node_int(&secs, INT64_MIN / NS_A_SECOND + 1, INT64_MAX / NS_A_SECOND - 1,
		                &s, err) < 0 ||
		        node_int(&nanos, 0, NS_A_SECOND - 1, &ns, err) < 0)
			return -1;
		if (!clock.v)
			continue;
		c->plan.offsets =
		        xrealloc(c->plan.offsets, c->plan.n_offsets + 1, sizeof(*c->plan.offsets));
		c->plan.offsets[c->plan.n_offsets++] =
		        (struct time_offset){clocks[i].clock, s * NS_A_SECOND + ns};
	}
	return 0;
}

static int read_ids(const struct node *linux_n, struct oci_config *c, struct err *err)
{
	struct node uids = node_get(linux_n, "uidMappings");
	struct node gids = node_get(linux_n, "gidMappings");
	bool own = c->plan.namespaces & CLONE_NEWUSER;

	if (config_id_maps(&uids, &c->plan.uids, err) < 0 ||
	        config_id_maps(&gids, &c->plan.gids, err) < 0)
		return -1;
	if (own && !c->plan.uids.n)
		return node_fail(&uids, err, "a user namespace needs at least one");
	if (own && !c->plan.gids.n)
		return node_fail(&gids, err, "a user namespace needs at least one");
	if (!(config_namespaces(c) & CLONE_NEWUSER) && (c->plan.uids.n || c->plan.gids.n))
		return node_fail(c->plan.uids.n ? &uids : &gids, err,
		        "there is no user namespace to have it");
	return 0;
}

int config_namespaces_read(const struct node *linux_n, struct oci_config *c, struct err *err)
{
	struct node list = node_get(linux_n, "namespaces");

	if (node_array(&list, err) < 0)
		return -1;
	for (size_t i = 0; i < node_size(&list); i++) {
		struct node item = node_at(&list, i);
		if (read_namespace(&item, c, err) < 0)
			return -1;
	}
	return read_ids(linux_n, c, err) < 0 ? -1 : read_offsets(linux_n, c, err);
}

/* Which namespace a setting belongs to; 0: none, it is the host's. */
static int sysctl_namespace(const char *key)
{
	static const struct {
		const char *prefix;
		bool whole;
		int kind;
	} rows[] = {
	        {"net.", false, CLONE_NEWNET},
	        {"fs.mqueue.", false, CLONE_NEWIPC},
	        {"kernel.msgmax", true, CLONE_NEWIPC},
	        {"kernel.msgmnb", true, CLONE_NEWIPC},
	        {"kernel.msgmni", true, CLONE_NEWIPC},
	        {"kernel.sem", true, CLONE_NEWIPC},
	        {"kernel.shmall", true, CLONE_NEWIPC},
	        {"kernel.shmmax", true, CLONE_NEWIPC},
	        {"kernel.shmmni", true, CLONE_NEWIPC},
	        {"kernel.shm_rmid_forced", true, CLONE_NEWIPC},
	        {"kernel.msg_next_id", true, CLONE_NEWIPC},
	        {"kernel.sem_next_id", true, CLONE_NEWIPC},
	        {"kernel.shm_next_id", true, CLONE_NEWIPC},
	        {"kernel.domainname", true, CLONE_NEWUTS},
	        {"kernel.hostname", true, CLONE_NEWUTS},
	        {"user.max_", false, CLONE_NEWUSER},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].whole ? str_eq(rows[i].prefix, key) : str_starts(key, rows[i].prefix))
			return rows[i].kind;
	return 0;
}

/* The name decides whose it is: no way up or round in it, "net.ipv4.//.//.kernel". */
static bool is_setting(const char *key)
{
	AUTO_FREE char *framed = xasprintf(".%s.", key);

	return !strstr(framed, "..") && !strstr(framed, "./.") && !strstr(framed, ".//.");
}

static int add_sysctl(void *ctx, const struct node *pair, const char *value, struct err *err)
{
	struct oci_config *c = ctx;
	AUTO_FREE char *key = xstrdup(pair->key);

	/* "net/ipv4/ip_forward" is the other way to write it; then a dot belongs to a name. */
	const char *slash = strchr(key, '/'), *dot = strchr(key, '.');
	bool by_slash = slash && (!dot || slash < dot);
	for (char *p = key; by_slash && *p; p++)
		*p = *p == '/' ? '.' : *p == '.' ? '/' : *p;
	if (!is_setting(key))
		return node_fail(pair, err, "this is no name of a setting");
	int kind = sysctl_namespace(key);
	if (!kind)
		return node_fail(
		        pair, err, "this setting is the whole host's, no namespace has it");
	if (!(config_namespaces(c) & (uint64_t)kind))
		return node_fail(pair, err, "its namespace is not the container's own");
	c->plan.sysctl = xrealloc(c->plan.sysctl, c->plan.n_sysctl + 1, sizeof(*c->plan.sysctl));
	c->plan.sysctl[c->plan.n_sysctl++] = (struct setting){STEAL(key), xstrdup(value)};
	return 0;
}

int config_sysctl(const struct node *linux_n, struct oci_config *c, struct err *err)
{
	struct node sysctl = node_get(linux_n, "sysctl");

	return node_pairs(&sysctl, add_sysctl, c, err);
}

static int add_paths(const struct node *linux_n, const char *key, enum fs_op op,
        struct container_plan *plan, struct err *err)
{
	struct node list = node_get(linux_n, key);
	AUTO_STRV paths = {0};

	if (node_texts(&list, &paths, err) < 0)
		return -1;
	for (size_t i = 0; i < paths.n; i++) {
		struct node item = node_at(&list, i);
		if (paths.v[i][0] != '/')
			return node_fail(&item, err, "'%s' is no absolute path", paths.v[i]);
		plan_add(plan, op, paths.v[i]);
	}
	return 0;
}

int config_masks(const struct node *linux_n, struct oci_config *c, struct err *err)
{
	if (add_paths(linux_n, "readonlyPaths", FS_READONLY, &c->plan, err) < 0)
		return -1;
	return add_paths(linux_n, "maskedPaths", FS_MASK, &c->plan, err);
}
