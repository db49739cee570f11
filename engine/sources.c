/* Mounts of the host's folders and devices for the child, which could not reach them: cloned, their
 * attributes set, their ids mapped, and nowhere attached. */
#include "engine/engine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Pipes may be made by everybody. */
bool row_has_source(const struct container_plan *plan, const struct fs_row *row)
{
	return row->op == FS_BIND ||
	        (row->op == FS_NODE && !S_ISFIFO(row->mode) &&
	                (row->source || container_plan_has_users(plan)));
}

static int set_attributes(
        int fd, const struct fs_row *row, int userns, const char *source, struct err *err)
{
	unsigned deep = row->flags & FS_RECURSIVE && !(row->flags & FS_TOP) ? AT_RECURSIVE : 0;
	unsigned spread = row->propagation & MS_REC ? AT_RECURSIVE : 0;
	struct mount_attr ways = {.propagation = row->propagation
	                ? row->propagation & ~(uint64_t)MS_REC
	                : MS_PRIVATE};
	struct mount_attr attr = {.attr_set = row->attr_set, .attr_clr = row->attr_clear};

	if (!row->propagation)
		spread = AT_RECURSIVE;
	if (mount_setattr(fd, "", AT_EMPTY_PATH | spread, &ways, sizeof(ways)) < 0)
		return err_sys(err, "set the propagation of '%s'", source);
	if (userns >= 0) {
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = (uint64_t)userns;
	}
	if (attr.attr_set | attr.attr_clr &&
	        mount_setattr(fd, "", AT_EMPTY_PATH | deep, &attr, sizeof(attr)) < 0)
		return err_sys(err, "%s '%s'",
		        userns >= 0 ? "map the ids of" : "set the attributes of", source);
	return 0;
}

/* A user namespace with these maps: the container's own, or that of a process made for it. */
static int maps_of(const struct engine *e, const struct fs_row *row, int *out, struct err *err)
{
	const struct container_plan *plan = e->options.plan;

	*out = -1;
	if (!row->uids.n && !row->gids.n)
		return 0;
	if (e->userns >= 0 && id_maps_equal(&row->uids, &plan->uids) &&
	        id_maps_equal(&row->gids, &plan->gids)) {
		*out = fcntl(e->userns, F_DUPFD_CLOEXEC, HIGH_FD);
		return *out < 0 ? err_sys(err, "open the container's ids") : 0;
	}
	return userns_with_maps(&row->uids, &row->gids, out, err);
}

static int bind_source(const struct engine *e, const struct fs_row *row, int *out, struct err *err)
{
	unsigned deep = row->flags & FS_RECURSIVE ? AT_RECURSIVE : 0;
	AUTO_FD int fd = row->mount_fd
	        ? fcntl(row->mount_fd, F_DUPFD_CLOEXEC, HIGH_FD)
	        : open_tree(AT_FDCWD, row->source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | deep);
	AUTO_FD int userns = -1;
	struct fs_row now = *row;

	if (fd < 0 && row->flags & FS_OPTIONAL && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, "bind '%s'", row->source);
	/* The child clones it once more, and then sets this. */
	if (e->options.plan->list_in_order && row->propagation & MS_UNBINDABLE)
		now.propagation = 0;
	if (maps_of(e, row, &userns, err) < 0 ||
	        set_attributes(fd, &now, userns, row->source, err) < 0)
		return -1;
	*out = util_steal_fd(&fd);
	return 0;
}

/* The host's own node, as nobody may make one in a user namespace. */
static int node_source(const struct fs_row *row, int *out, struct err *err)
{
	const char *source = row->source ? row->source : row->path;
	AUTO_FD int fd = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct stat st;

	if (fd < 0 && row->flags & FS_OPTIONAL && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open the device '%s' of the host", source);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(err, ERR_HOST, "'%s' of the host is no device", source);
	if (row->mode &&
	        ((st.st_mode & S_IFMT) != (row->mode & S_IFMT) || st.st_rdev != row->device))
		return err_set(err, ERR_HOST, "'%s' of the host is not the device %u:%u", source,
		        major(row->device), minor(row->device));
	struct fs_row strict = *row;
	/* What is written goes to the device; mode and owner are the host's to change. */
	strict.attr_set |= MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
	if (set_attributes(fd, &strict, -1, source, err) < 0)
		return -1;
	*out = util_steal_fd(&fd);
	return 0;
}

/* A folder that is the root as it is. What is mounted in it later must not show on the host, so
 * that a shared root is shared with its own children alone. */
static int root_source(const struct container_plan *plan, int *out, struct err *err)
{
	AUTO_FD int fd =
	        open_tree(AT_FDCWD, plan->root, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	bool follows = plan->root_propagation & (MS_SLAVE | MS_SHARED);
	struct mount_attr ways = {.propagation = follows ? MS_SLAVE : MS_PRIVATE};

	if (fd < 0)
		return err_sys(err, "open the root file system '%s'", plan->root);
	if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &ways, sizeof(ways)) < 0)
		return err_sys(err, "set the propagation of '%s'", plan->root);
	*out = util_steal_fd(&fd);
	return 0;
}

int sources_open(const struct engine *e, int *sources, struct layers *layers, struct err *err)
{
	const struct container_plan *plan = e->options.plan;

	if (plan->lower && (sources[0] = overlay_mount(plan, e->userns, layers, err)) < 0)
		return -1;
	if (!plan->lower && root_source(plan, &sources[0], err) < 0)
		return -1;
	for (size_t i = 0; i < plan->n_rows; i++) {
		const struct fs_row *row = &plan->rows[i];
		if (!row_has_source(plan, row))
			continue;
		if ((row->op == FS_BIND ? bind_source(e, row, &sources[i + 1], err)
		                        : node_source(row, &sources[i + 1], err)) < 0)
			return -1;
	}
	return 0;
}
