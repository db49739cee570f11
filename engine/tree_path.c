/* Paths in the new root: each is resolved by the kernel beneath the root's descriptor. */
#include "engine/engine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#define RETRIES 64 /* the kernel gives up (EAGAIN) where something was renamed meanwhile */

static bool is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* Where the kernel's own file systems come to lie. */
static bool is_strict(const char *path)
{
	return is_below(path, "/dev") || is_below(path, "/proc") || is_below(path, "/sys");
}

int tree_open(int root, const char *path, int flags)
{
	struct open_how how = {
	        .flags = (unsigned)(flags | O_CLOEXEC),
	        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd = -1;

	if (is_strict(path))
		how.resolve |= RESOLVE_NO_SYMLINKS;
	for (int i = 0; i < RETRIES; i++) {
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd;
}

/* The folder `name` of `parent`, which is path beneath root. */
static int make_folder(int root, int parent, const char *name, const char *path, struct err *err)
{
	int fd;

	if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
		return err_sys(err, "create the folder '%s' of the box", path);
	fd = tree_open(root, path, O_PATH | O_DIRECTORY);
	return fd < 0 ? err_sys(err, "'%s' of the box is no folder to mount on", path) : fd;
}

int tree_folder(int root, const char *path, struct err *err)
{
	int fd = tree_open(root, path, O_PATH | O_DIRECTORY);
	const char *last;

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return err_sys(err, "'%s' of the box is no folder to mount on", path);
	AUTO_FD int parent = tree_parent(root, path, &last, err);
	return parent < 0 ? -1 : make_folder(root, parent, last, path, err);
}

int tree_parent(int root, const char *path, const char **last, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char above[4096];
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (!slash || n >= sizeof(above) || !slash[1])
		return err_set(err, ERR_FAILED, "'%s' is no path in the container", path);
	*last = slash + 1;
	if (n == 0)
		return tree_folder(root, "/", err);
	memcpy(above, path, n);
	above[n] = '\0';
	return tree_folder(root, above, err);
}

int tree_file(int root, const char *path, struct err *err)
{
	const char *last;
	int fd = tree_open(root, path, O_PATH);

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return err_sys(err, "'%s' of the box is no file to mount on", path);
	AUTO_FD int parent = tree_parent(root, path, &last, err);
	if (parent < 0)
		return -1;
	AUTO_FD int made = openat(
	        parent, last, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	if (made < 0)
		return err_sys(err, "create the file '%s' of the box", path);
	fd = tree_open(root, path, O_PATH);
	return fd < 0 ? err_sys(err, "'%s' of the box is no file to mount on", path) : fd;
}

bool tree_leads_astray(int target, const char *path)
{
	struct statfs fs;

	return !is_strict(path) && fstatfs(target, &fs) == 0 &&
	        (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC);
}

bool is_char_device(int fd, unsigned major_number, unsigned minor_number)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
	        st.st_rdev == makedev(major_number, minor_number);
}

int attach(int mount, int target)
{
	return move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}
