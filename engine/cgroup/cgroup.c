#include "engine/cgroup/cgroup.h"

#include "base/fs.h"
#include "engine/cgroup/cgroup_devices.h"
#include "engine/cgroup/cgroup_file.h"
#include "engine/cgroup/cgroup_writes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

unsigned cgroup_needs(const struct cgroup_limits *limits)
{
	struct cgroup_writes writes = {0};
	unsigned needs = limits->n_rules ? CG_DEVICES : 0;

	/* As v1 has it all, but for what is v2's alone. */
	if (limits->unified.n)
		needs |= CG_CORE;
	if (cgroup_writes(limits, limits->unified.n ? CG_CORE : 0, &writes, NULL) < 0)
		return needs;
	for (size_t i = 0; i < writes.n; i++)
		needs |= writes.v[i].controller;
	cgroup_writes_clear(&writes);
	return needs;
}

/* The controllers that v2 has here. */
static unsigned in_v2(const struct cgroup_tree *tree)
{
	for (size_t i = 0; i < tree->dirs.n; i++)
		if (cgroup_is_v2(tree, i))
			return tree->v2 ? CG_ALL : tree->controllers[i];
	return 0;
}

/* One write: the file keeps its descriptor for the next one to the same file (v1 takes rules of
 * devices one by one). */
struct writer {
	const struct cgroup_tree *tree;
	const char *group;
	char *path;
	int fd;
};

static void writer_clear(struct writer *w)
{
	free(w->path);
	util_close_fd(&w->fd);
}

static int put(struct writer *w, const char *path, const char *value, struct err *err)
{
	if (!str_eq(w->path, path)) {
		writer_clear(w);
		w->path = xstrdup(path);
		w->fd = open(path, O_WRONLY | O_CLOEXEC);
	}
	if (w->fd < 0)
		return err_sys(err, "open '%s'", path);
	if (write(w->fd, value, strlen(value)) < 0)
		return err_sys(err, "write '%s' to '%s'", value, path);
	return 0;
}

/* Why a file is missing, and what to try. */
static int missing(const struct writer *w, const struct cgroup_write *write, struct err *err)
{
	const char *name = cgroup_controller_name(write->controller);
	int i = cgroup_hierarchy(w->tree, write->controller);

	err_set(err, ERR_HOST, "the cgroup '%s' has no '%s' to write '%s' to", w->group,
	        write->file, write->value);
	if (i >= 0 && cgroup_is_v2(w->tree, (size_t)i) && write->controller != CG_CORE) {
		AUTO_FREE char *control =
		        xasprintf("%s/cgroup.subtree_control", w->tree->dirs.v[i]);
		AUTO_STR now = {0};
		if (fs_read(control, 4096, &now, NULL) == 0 &&
		        !(cgroup_controller_bits(str_text(&now)) & write->controller))
			return err_hint(err,
			        "'%s' is not handed down by '%s': if that has processes of its "
			        "own, move them to a cgroup below it first",
			        name, control);
	}
	if (i < 0 && name)
		return err_hint(err, "this host has no controller '%s': see prov doctor", name);
	return err_hint(err, "the kernel was built without it: see prov doctor");
}

static void explain_refusal(const struct cgroup_write *write, struct err *err)
{
	if (!err || err->hint[0])
		return;
	if (err->sys_errno == EBUSY && write->controller == CG_MEMORY)
		err_hint(err,
		        "more than that is in use and cannot be reclaimed: end processes, "
		        "or choose a higher limit");
	else if (err->sys_errno == EINVAL || err->sys_errno == ERANGE)
		err_hint(err,
		        "the kernel does not take this value: a group above it may allow "
		        "less");
	else if (err->sys_errno == EOPNOTSUPP)
		err_hint(err, "this kernel no longer has this limit: leave it out");
	else if (err->sys_errno == ENODEV || err->sys_errno == ENXIO)
		err_hint(err, "there is no such device on this host (see lsblk)");
	else if (err->sys_errno == EACCES || err->sys_errno == EPERM)
		err_hint(err, "the group belongs to somebody else: run prov as root");
}

enum written { WRITTEN, LEFT_OUT, NOT_HERE, REFUSED };

/* Root of a user namespace other than the host's may not limit devices, and may not make any. */
static bool devices_are_not_ours(const struct err *why)
{
	AUTO_STR map = {0};
	unsigned inside = 0, outside = 0, count = 0;

	return why->sys_errno == EPERM && fs_read("/proc/self/uid_map", 65536, &map, NULL) == 0 &&
	        sscanf(str_text(&map), "%u %u %u", &inside, &outside, &count) == 3 &&
	        count != UINT32_MAX;
}

static bool may_be_ignored(const struct cgroup_write *write, const struct err *why)
{
	if (write->controller == CG_DEVICES)
		return devices_are_not_ours(why);
	return write->flags & WRITE_OPTIONAL &&
	        (why->sys_errno == EOPNOTSUPP || why->sys_errno == ENODEV);
}

static enum written write_one(struct writer *w, const struct cgroup_write *write, struct err *err)
{
	AUTO_FREE char *path =
	        cgroup_path(w->tree, w->group, write->controller, write->file, write->file);
	bool there = path && (str_eq(path, w->path) || fs_exists(path));
	struct err why = {0};

	if (!there && write->flags & WRITE_ELSE)
		return NOT_HERE;
	if (!there && write->flags & WRITE_OPTIONAL)
		return LEFT_OUT;
	if (!there) {
		missing(w, write, err);
		return REFUSED;
	}
	if (put(w, path, write->value, &why) == 0)
		return WRITTEN;
	if (may_be_ignored(write, &why))
		return LEFT_OUT;
	explain_refusal(write, &why);
	if (err)
		*err = why;
	return REFUSED;
}

/*
 * Memory must never exceed memory with swap, a quota never what the period allows: so one order
 * fits growing and another shrinking. What was refused is tried once more, after the rest.
 */
static int write_all(struct writer *w, const struct cgroup_writes *writes, struct strv *left_out,
        struct err *err)
{
	AUTO_FREE bool *again = xcalloc(writes->n + 1, sizeof(*again));
	bool said = false; /* by the write before, in other words */
	size_t refused = 0;
	struct err why;

	for (size_t i = 0; i < writes->n; i++) {
		const struct cgroup_write *write = &writes->v[i];
		enum written how = write_one(w, write, &why);
		again[i] = how == REFUSED;
		refused += how == REFUSED;
		if (how == LEFT_OUT && left_out && !said)
			strv_add(left_out, write->file);
		said = how == WRITTEN && write->flags & WRITE_ELSE;
	}
	for (size_t i = 0; refused && i < writes->n; i++)
		if (again[i] && write_one(w, &writes->v[i], err) == REFUSED)
			return -1;
	return 0;
}

static int check_in_use(const struct cgroup_tree *tree, const char *group,
        const struct cgroup_limits *limits, struct err *err)
{
	AUTO_STR text = {0};
	int64_t limit = limits->memory.bytes.value;

	if (!limits->memory.check_before_update || !limits->memory.bytes.set || limit < 0 ||
	        !cgroup_read(
	                tree, group, CG_MEMORY, "memory.usage_in_bytes", "memory.current", &text))
		return 0;
	int64_t used = strtoll(str_text(&text), NULL, 10);
	if (used <= limit)
		return 0;
	err_set(err, ERR_CONFIG,
	        "memory: a limit of %" PRId64 " bytes is less than the %" PRId64 " in use", limit,
	        used);
	return err_hint(err, "end processes, or choose a higher limit");
}

static int limit_devices(const struct cgroup_tree *tree, const char *group,
        const struct cgroup_limits *limits, struct cgroup_writes *writes, struct strv *left_out,
        struct err *err)
{
	int i = cgroup_hierarchy(tree, CG_DEVICES);

	if (!limits->n_rules)
		return 0;
	if (i < 0) {
		err_set(err, ERR_HOST, "devices of the cgroup '%s' cannot be limited", group);
		return err_hint(err, "mount the controller 'devices', or cgroup2");
	}
	if (!cgroup_is_v2(tree, (size_t)i)) {
		cgroup_writes_devices(limits, writes);
		return 0;
	}
	AUTO_FREE char *dir = cgroup_dir(tree, (size_t)i, group);
	AUTO_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct device_program program;
	struct err why;
	if (fd < 0)
		return err_sys(err, "open the cgroup '%s'", dir);
	device_program_make(limits->rules, limits->n_rules, &program);
	int rc = device_program_attach(&program, fd, &why);
	device_program_clear(&program);
	if (rc == 0 || !devices_are_not_ours(&why)) {
		if (rc < 0 && err)
			*err = why;
		return rc;
	}
	if (left_out)
		strv_add(left_out, "devices");
	return 0;
}

int cgroup_limit(const struct cgroup_tree *tree, const char *group,
        const struct cgroup_limits *limits, struct strv *left_out, struct err *err)
{
	struct cgroup_writes writes = {0};
	struct writer writer = {tree, group, NULL, -1};

	if (check_in_use(tree, group, limits, err) < 0 ||
	        cgroup_writes(limits, in_v2(tree), &writes, err) < 0)
		return -1;
	int rc = limit_devices(tree, group, limits, &writes, left_out, err);
	if (rc == 0)
		rc = write_all(&writer, &writes, left_out, err);
	writer_clear(&writer);
	cgroup_writes_clear(&writes);
	return rc;
}

/* By the file's name, as the group may not be there yet to look into: of those that say the same in
 * other words, the first that there is. */
static void explain_write(const struct cgroup_tree *tree, const char *group,
        const struct cgroup_write *write, struct str *out)
{
	int i = cgroup_hierarchy(tree, write->controller);
	bool other = write->flags & WRITE_ELSE;

	if (i < 0)
		return;
	AUTO_FREE char *dir = cgroup_dir(tree, (size_t)i, group);
	AUTO_FREE char *path = xasprintf("%s/%s", dir, write->file);
	str_add(out, "echo ");
	str_add_shell(out, write->value);
	str_add(out, other ? " 2>/dev/null >" : " >");
	str_add_shell(out, path);
	str_add(out, other ? " || " : "\n");
}

void cgroup_explain(const struct cgroup_tree *tree, const char *group, unsigned controllers,
        const struct cgroup_limits *limits, struct str *out)
{
	struct cgroup_writes writes = {0};
	int devices = cgroup_hierarchy(tree, CG_DEVICES);

	for (size_t i = 0; i < tree->dirs.n; i++) {
		AUTO_FREE char *dir = cgroup_dir(tree, i, group);
		if (!cgroup_takes(tree, i, controllers))
			continue;
		str_add(out, "mkdir ");
		str_add_shell(out, dir);
		str_add(out, "\n");
	}
	if (cgroup_writes(limits, in_v2(tree), &writes, NULL) < 0)
		return;
	if (devices >= 0 && !cgroup_is_v2(tree, (size_t)devices))
		cgroup_writes_devices(limits, &writes);
	else if (limits->n_rules)
		str_add(out, "# devices: a program of bpf(2), type BPF_PROG_TYPE_CGROUP_DEVICE\n");
	for (size_t i = 0; i < writes.n; i++)
		explain_write(tree, group, &writes.v[i], out);
	cgroup_writes_clear(&writes);
}
