/* A group's folders: made, handed down, found, walked. */
#include "engine/cgroup/cgroup_file.h"

#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool cgroup_is_v2(const struct cgroup_tree *tree, size_t i)
{
	return tree->controllers[i] & CG_CORE;
}

int cgroup_hierarchy(const struct cgroup_tree *tree, unsigned controller)
{
	int core = -1;

	for (size_t i = 0; i < tree->dirs.n; i++) {
		if (tree->controllers[i] & controller)
			return (int)i;
		if (cgroup_is_v2(tree, i))
			core = (int)i;
	}
	if (core >= 0 && (tree->v2 || controller & (CG_FREEZER | CG_DEVICES)))
		return core;
	return -1;
}

char *cgroup_dir(const struct cgroup_tree *tree, size_t i, const char *group)
{
	while (*group == '/')
		group++;
	return xasprintf("%s/%s", tree->dirs.v[i], group);
}

char *cgroup_path(const struct cgroup_tree *tree, const char *group, unsigned controller,
        const char *v1, const char *v2)
{
	int i = cgroup_hierarchy(tree, controller);
	const char *file = i < 0 ? NULL : cgroup_is_v2(tree, (size_t)i) ? v2 : v1;

	if (!file)
		return NULL;
	AUTO_FREE char *dir = cgroup_dir(tree, (size_t)i, group);
	return xasprintf("%s/%s", dir, file);
}

char *cgroup_file(const struct cgroup_tree *tree, const char *group, unsigned controller,
        const char *v1, const char *v2)
{
	char *path = cgroup_path(tree, group, controller, v1, v2);

	if (path && fs_exists(path))
		return path;
	free(path);
	return NULL;
}

bool cgroup_read(const struct cgroup_tree *tree, const char *group, unsigned controller,
        const char *v1, const char *v2, struct str *out)
{
	AUTO_FREE char *path = cgroup_file(tree, group, controller, v1, v2);

	return path && fs_read(path, 1 << 20, out, NULL) == 0;
}

bool cgroup_exists(const struct cgroup_tree *tree, const char *group)
{
	for (size_t i = 0; i < tree->dirs.n; i++) {
		AUTO_FREE char *dir = cgroup_dir(tree, i, group);
		if (fs_is_dir(dir))
			return true;
	}
	return false;
}

bool cgroup_has(const struct cgroup_tree *tree, const char *group, unsigned controller)
{
	int i = cgroup_hierarchy(tree, controller);
	AUTO_FREE char *dir = i < 0 ? NULL : cgroup_dir(tree, (size_t)i, group);
	AUTO_FREE char *path = dir ? xasprintf("%s/cgroup.controllers", dir) : NULL;
	AUTO_STR text = {0};

	if (!dir || !cgroup_is_v2(tree, (size_t)i))
		return dir && fs_is_dir(dir);
	return fs_read(path, 4096, &text, NULL) == 0 &&
	        cgroup_controller_bits(str_text(&text)) & controller;
}

int cgroup_walk(const char *dir, int (*fn)(void *ctx, const char *dir, struct err *err), void *ctx,
        struct err *err)
{
	struct stat st = {.st_nlink = 2};
	int rc = 0;

	if (stat(dir, &st) < 0 && errno == ENOENT)
		return 0;
	/* Links are "." and one for each group below; a file system that counts otherwise says 1.
	 */
	bool look = st.st_nlink != 2;
	DIR *d = look ? opendir(dir) : NULL;

	if (look && !d && errno != ENOENT)
		return err_sys(err, "look into the cgroup '%s'", dir);
	for (struct dirent *e; rc == 0 && d && (e = readdir(d));) {
		/* So deep that no path names it, who made it would have it for ever. */
		AUTO_FREE char *below = xasprintf("/proc/self/fd/%d/%s", dirfd(d), e->d_name);
		if (e->d_type == DT_DIR && !str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			rc = cgroup_walk(below, fn, ctx, err);
	}
	if (d)
		closedir(d);
	return rc == 0 ? fn(ctx, dir, err) : -1;
}

/* v1's cpuset takes no process before it has CPUs and memory: those of the group above. */
static int inherit_cpuset(const char *dir, struct err *err)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		AUTO_FREE char *own = xasprintf("%s/%s", dir, files[i]);
		AUTO_FREE char *above = xasprintf("%s/../%s", dir, files[i]);
		AUTO_STR now = {0}, text = {0};
		if (fs_read(own, 4096, &now, NULL) < 0 || strcspn(str_text(&now), "\n") > 0)
			continue;
		if (fs_read(above, 4096, &text, err) < 0 ||
		        fs_write_attr(own, str_text(&text), err) < 0)
			return -1;
	}
	return 0;
}

/* One by one: those that are not to be had must not keep the others. What is missing then shows
 * where a limit is set. */
static void hand_down(const struct cgroup_tree *tree, size_t i, const char *dir, unsigned wanted)
{
	AUTO_FREE char *path = xasprintf("%s/cgroup.subtree_control", dir);
	AUTO_STR now = {0};

	wanted &= tree->controllers[i] & ~(unsigned)(CG_CORE | CG_SYSTEMD);
	if (!wanted || fs_read(path, 4096, &now, NULL) < 0)
		return;
	wanted &= ~cgroup_controller_bits(str_text(&now));
	for (unsigned bit = 1; bit < CG_CORE; bit <<= 1) {
		const char *name = bit == CG_IO ? "io" : cgroup_controller_name(bit);
		AUTO_FREE char *value = wanted & bit ? xasprintf("+%s", name) : NULL;
		if (value && fs_write_attr(path, value, NULL) < 0)
			continue;
	}
}

/* What a systemd inside handed down to its services stays written when it has ended, and the kernel
 * takes no process into such a group. With groups below, the group is in use. */
static void take_back(const char *dir)
{
	AUTO_FREE char *path = xasprintf("%s/cgroup.subtree_control", dir);
	AUTO_STR now = {0};
	struct stat st;

	if (stat(dir, &st) < 0 || st.st_nlink > 2 || fs_read(path, 4096, &now, NULL) < 0)
		return;
	for (const char *at = str_text(&now); *at && *at != '\n'; at += strspn(at, " ")) {
		AUTO_FREE char *value = xasprintf("-%.*s", (int)strcspn(at, " \n"), at);
		at += strlen(value) - 1;
		if (fs_write_attr(path, value, NULL) < 0)
			continue; /* then who joins says so */
	}
}

static int remove_below(void *top, const char *dir, struct err *err)
{
	(void)err;
	if (str_eq(dir, top))
		take_back(dir);
	else if (rmdir(dir) < 0)
		return 0; /* what is in use stays: then the group itself is in use */
	return 0;
}

static int make_dir(const char *dir, bool *is_new, struct err *err)
{
	*is_new = mkdir(dir, 0755) == 0;
	if (*is_new || errno == EEXIST)
		return 0;
	bool refused = errno == EACCES || errno == EPERM || errno == EROFS;
	err_sys(err, "create the cgroup '%s'", dir);
	return refused ? err_hint(err,
	                         "prov needs root's rights there, or a cgroup that was delegated "
	                         "to it: systemd-run --user --scope -p Delegate=yes prov …")
	               : -1;
}

/* A path is made part by part, each handing down to the next; *is_new: the last one was missing. */
static int make_parts(const struct cgroup_tree *tree, size_t i, const char *dir, unsigned wanted,
        bool *is_new, struct err *err)
{
	size_t base = tree->above ? tree->above : strlen(tree->dirs.v[i]);

	for (size_t at = base; dir[at]; at += 1 + strcspn(dir + at + 1, "/")) {
		AUTO_FREE char *above = xstrndup(dir, at);
		AUTO_FREE char *part = xstrndup(dir, at + 1 + strcspn(dir + at + 1, "/"));
		if (cgroup_is_v2(tree, i))
			hand_down(tree, i, above, wanted);
		if (make_dir(part, is_new, err) < 0)
			return -1;
		if (tree->controllers[i] & CG_CPUSET && !cgroup_is_v2(tree, i) &&
		        inherit_cpuset(part, err) < 0)
			return -1;
	}
	return 0;
}

#define MAKE_ROUNDS 100 /* the group above may go with its last container, but not for ever */

static int make_in(const struct cgroup_tree *tree, size_t i, const char *group, unsigned wanted,
        struct err *err)
{
	AUTO_FREE char *dir = cgroup_dir(tree, i, group);
	struct err why = {.sys_errno = ENOENT};
	bool is_new = false;
	int rc = -1;

	for (int round = 0; rc < 0 && why.sys_errno == ENOENT && round < MAKE_ROUNDS; round++)
		rc = make_parts(tree, i, dir, wanted, &is_new, &why);
	if (rc < 0) {
		if (err)
			*err = why;
		return -1;
	}
	return is_new ? 0 : cgroup_walk(dir, remove_below, dir, err);
}

bool cgroup_takes(const struct cgroup_tree *tree, size_t i, unsigned wanted)
{
	if (tree->v2 || tree->controllers[i] & wanted)
		return true;
	/* What v1 lacks for these, v2's core has. */
	for (unsigned bit = CG_DEVICES; bit <= CG_FREEZER; bit <<= 1)
		if (wanted & bit && cgroup_hierarchy(tree, bit) == (int)i)
			return true;
	return false;
}

int cgroup_create(
        const struct cgroup_tree *tree, const char *group, unsigned controllers, struct err *err)
{
	for (size_t i = 0; i < tree->dirs.n; i++)
		if (cgroup_takes(tree, i, controllers) &&
		        make_in(tree, i, group, controllers, err) < 0)
			return -1;
	return 0;
}

/* Who makes groups below may make them so deep that their paths have no end, which nobody could
 * walk and remove: twelve names of the longest kind fit into a path. */
static int bound_below(const char *dir, struct err *err)
{
	static const char *const bounds[][2] = {
	        {"cgroup.max.depth", "12"}, {"cgroup.max.descendants", "4096"}};

	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", dir, bounds[i][0]);
		if (fs_exists(path) && fs_write_attr(path, bounds[i][1], err) < 0)
			return -1;
	}
	return 0;
}

int cgroup_delegate(
        const struct cgroup_tree *tree, const char *group, uid_t uid, gid_t gid, struct err *err)
{
	static const char *const files[] = {
	        "", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"};

	for (size_t i = 0; i < tree->dirs.n; i++) {
		AUTO_FREE char *dir = cgroup_dir(tree, i, group);
		if (cgroup_is_v2(tree, i) && bound_below(dir, err) < 0)
			return -1;
		for (size_t k = 0; cgroup_is_v2(tree, i) && k < ARRAY_SIZE(files); k++) {
			AUTO_FREE char *path = xasprintf("%s%s", dir, files[k]);
			if (chown(path, uid, gid) < 0)
				return err_sys(err, "give '%s' to user %u", path, uid);
		}
	}
	return 0;
}

static bool is_among(pid_t pid, const pid_t *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* How many were moved into dir; -1. One that has ended meanwhile is none. */
static int move_missing(const struct cgroup_tree *from, const struct cgroup_tree *to,
        const char *group, const char *procs, struct err *err)
{
	AUTO_FREE pid_t *pids = NULL, *here = NULL;
	size_t n, n_here;
	int moved = 0;

	if (cgroup_pids(from, group, &pids, &n, err) < 0 ||
	        cgroup_pids(to, group, &here, &n_here, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		char number[16];
		struct err why;
		if (is_among(pids[i], here, n_here))
			continue;
		snprintf(number, sizeof(number), "%d", pids[i]);
		if (fs_write_attr(procs, number, &why) == 0) {
			moved++;
		} else if (why.sys_errno != ESRCH) {
			if (err)
				*err = why;
			return -1;
		}
	}
	return moved;
}

#define GATHER_ROUNDS 100 /* what is not moved yet may fork, but not for ever */

int cgroup_gather(const struct cgroup_tree *tree, const char *group, struct err *err)
{
	for (size_t i = 0; i < tree->dirs.n; i++) {
		AUTO_FREE char *dir = cgroup_dir(tree, i, group);
		AUTO_FREE char *procs = xasprintf("%s/cgroup.procs", dir);
		struct cgroup_tree only = {.v2 = cgroup_is_v2(tree, i)};
		int moved = fs_is_dir(dir);
		strv_add(&only.dirs, tree->dirs.v[i]);
		only.controllers[0] = tree->controllers[i];
		for (int round = 0; moved > 0 && round < GATHER_ROUNDS; round++)
			moved = move_missing(tree, &only, group, procs, err);
		cgroup_tree_clear(&only);
		if (moved < 0)
			return -1;
	}
	return 0;
}
