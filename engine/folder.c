#include "engine/folder.h"

#include "base/fs.h"
#include "engine/engine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int detached(int folder, const struct fs_row *row, struct err *err)
{
	AUTO_FD int mount =
	        open_tree(folder, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct mount_attr attr = {.attr_set = row->attr_set, .propagation = MS_PRIVATE};
	AUTO_FD int userns = -1;

	if (mount < 0)
		return err_sys(err, "bind '%s'", row->source);
	if (row->uids.n) {
		if (userns_with_maps(&row->uids, &row->gids, &userns, err) < 0)
			return -1;
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = (uint64_t)userns;
	}
	if (mount_setattr(mount, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return err_sys(err, "map the ids of '%s'", row->source);
	return util_steal_fd(&mount);
}

static int hide(int mount, const char *path, struct err *err)
{
	static const struct fs_row empty = {.op = FS_MOUNT,
	        .path = (char *)(uintptr_t) "a hidden folder",
	        .source = (char *)(uintptr_t) "mask",
	        .type = (char *)(uintptr_t) "tmpfs",
	        .data = (char *)(uintptr_t) "size=4k,nr_inodes=2,mode=555",
	        .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
	                MOUNT_ATTR_NOEXEC};
	AUTO_FD int target = fs_open_beneath(mount, path, O_PATH | O_DIRECTORY, 0);

	if (target < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
		        ? 0
		        : err_sys(err, "hide '%s'", path);
	AUTO_FD int mask = new_file_system(&empty, err);
	if (mask < 0)
		return -1;
	return attach(mask, target) < 0 ? err_sys(err, "hide '%s'", path) : 0;
}

int engine_folder_mount(
        int folder, const struct fs_row *row, const char *hidden, const char *at, struct err *err)
{
	AUTO_FD int target = open(at, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_FD int mount = target < 0 ? -1 : detached(folder, row, err);

	if (target < 0)
		return err_sys(err, "open '%s'", at);
	if (mount < 0)
		return -1;
	if (attach(mount, target) < 0)
		return err_sys(err, "mount '%s' on '%s'", row->source, at);
	/* In a mount that is not attached nothing can be mounted. */
	if (!hidden || hide(mount, hidden, err) == 0)
		return 0;
	(void)!engine_folder_unmount(at, NULL);
	return -1;
}

int engine_folder_unmount(const char *at, struct err *err)
{
	while (umount2(at, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	return errno == EINVAL || errno == ENOENT ? 0 : err_sys(err, "unmount '%s'", at);
}
