/* The new root's file tree, made row by row in the child, before the host's is out of reach. */
#include "engine/engine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

struct tree {
	const struct container_plan *plan;
	int root;
	int null;            /* of the host, and that very device */
	int mask, null_mask; /* an empty folder's mount and file's; -1: none is attached yet */
	int source;          /* mount for the row that is being made; -1: none */
	bool sysctl_done;
};

/* "net.ipv4.ip_forward" in a procfs; what is written elsewhere by mistake must not count. */
static int write_setting(int proc, const struct setting *setting, struct err *err)
{
	struct open_how how = {.flags = O_WRONLY | O_CLOEXEC,
	        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	AUTO_FREE char *path = xasprintf("sys/%s", setting->key);
	struct statfs fs;
	size_t n = strlen(setting->value);

	/* A slash in it is a dot of a name, such as that of an interface (sysctl.d(5)). */
	for (char *p = path + strlen("sys/"); *p; p++)
		*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	AUTO_FD int fd = (int)syscall(SYS_openat2, proc, path, &how, sizeof(how));
	if (fd < 0)
		return err_sys(err, "open the setting '%s'", setting->key);
	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return err_set(err, ERR_FAILED, "'%s' is no setting of the kernel", setting->key);
	if (write(fd, setting->value, n) != (ssize_t)n)
		return err_sys(err, "set '%s' to '%s'", setting->key, setting->value);
	return 0;
}

static int write_settings(struct tree *t, int proc, struct err *err)
{
	for (size_t i = 0; i < t->plan->n_sysctl; i++)
		if (write_setting(proc, &t->plan->sysctl[i], err) < 0)
			return -1;
	t->sysctl_done = true;
	return 0;
}

static int spread(int mount, uint64_t propagation)
{
	struct mount_attr attr = {.propagation = propagation & ~(uint64_t)MS_REC};
	unsigned deep = propagation & MS_REC ? AT_RECURSIVE : 0;

	return propagation ? mount_setattr(mount, "", AT_EMPTY_PATH | deep, &attr, sizeof(attr))
	                   : 0;
}

static bool names_mode(const struct fs_row *row)
{
	return row->data && (str_starts(row->data, "mode=") || strstr(row->data, ",mode="));
}

/* What a new tmpfs takes over from the folder below it; a mode among its options stays. */
static int take_over(int folder, int mount, const struct fs_row *row, struct err *err)
{
	struct stat covered, fresh;

	if (fstat(folder, &covered) < 0 || fstat(mount, &fresh) < 0)
		return err_sys(err, "look at '%s'", row->path);
	if (tree_copy(folder, mount, err) < 0)
		return err_wrap(err, "copy '%s'", row->path);
	mode_t mode = names_mode(row) ? fresh.st_mode : covered.st_mode;
	if (fchmodat(mount, ".", mode & 07777, 0) < 0)
		return err_sys(err, "set the permissions of '%s'", row->path);
	return 0;
}

/* Filled before it becomes read-only. */
static int new_copy(int folder, const struct fs_row *row, struct err *err)
{
	struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};
	struct fs_row open_row = *row;

	open_row.attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	AUTO_FD int mount = new_file_system(&open_row, err);
	if (mount < 0 || take_over(folder, mount, row, err) < 0)
		return -1;
	if (row->attr_set & MOUNT_ATTR_RDONLY &&
	        mount_setattr(mount, "", AT_EMPTY_PATH, &readonly, sizeof(readonly)) < 0)
		return err_sys(err, "make '%s' read-only", row->path);
	return util_steal_fd(&mount);
}

static int make_mount(struct tree *t, const struct fs_row *row, struct err *err)
{
	struct err why = {0};
	AUTO_FD int target = tree_folder(t->root, row->path, err);

	if (target < 0)
		return -1;
	AUTO_FD int mount =
	        row->flags & FS_COPY_UP ? new_copy(target, row, &why) : new_file_system(row, &why);
	if (mount < 0 && row->flags & FS_OPTIONAL && why.sys_errno == ENODEV)
		return 0;
	if (mount < 0) {
		*err = why;
		return -1;
	}
	if (attach(mount, target) < 0 || spread(mount, row->propagation) < 0)
		return err_sys(err, "mount %s on '%s'", row->type, row->path);
	return str_eq(row->type, "proc") && !t->sysctl_done ? write_settings(t, mount, err) : 0;
}

/* A young clone in the place of the source that is attached; where there can be none, that stays.
 * Only what is attached here may be cloned here. -1 with errno: nothing is mounted there now. */
static int renew(const struct tree *t, const struct fs_row *row, int target)
{
	struct err none;
	const char *name;
	AUTO_FD int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int parent = tree_parent(t->root, row->path, &name, &none);
	AUTO_FD int young = open_tree(
	        t->source, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (before < 0 || parent < 0 || young < 0 || fchdir(parent) < 0)
		return spread(t->source, row->propagation);
	bool gone = umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW) == 0;
	int rc = gone ? attach(young, target) : 0;
	if (fchdir(before) < 0 || rc < 0)
		return -1;
	return spread(gone ? young : t->source, row->propagation);
}

static int attach_source(struct tree *t, const struct fs_row *row, struct err *err)
{
	struct stat st;

	if (fstat(t->source, &st) < 0)
		return err_sys(err, "look at '%s'", row->source ? row->source : row->path);
	AUTO_FD int target = S_ISDIR(st.st_mode) ? tree_folder(t->root, row->path, err)
	                                         : tree_file(t->root, row->path, err);
	if (target < 0)
		return -1;
	if (tree_leads_astray(target, row->path))
		return err_set(err, ERR_FAILED,
		        "'%s' of the box is a link into /proc or /sys: nothing is mounted there",
		        row->path);
	if (attach(t->source, target) < 0 || (t->plan->list_in_order && renew(t, row, target) < 0))
		return err_sys(
		        err, "bind '%s' on '%s'", row->source ? row->source : row->path, row->path);
	return 0;
}

static int make_bind(struct tree *t, const struct fs_row *row, struct err *err)
{
	return t->source < 0 ? 0 : attach_source(t, row, err);
}

/* What the box already has there may be left only if it is the same. */
static bool is_there(int parent, const char *name, const struct fs_row *row)
{
	struct stat st;

	return fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	        (st.st_mode & S_IFMT) == (row->mode & S_IFMT) && st.st_rdev == row->device;
}

static int make_node(struct tree *t, const struct fs_row *row, struct err *err)
{
	const char *name;

	if (row_has_source(t->plan, row))
		return make_bind(t, row, err);
	AUTO_FD int parent = tree_parent(t->root, row->path, &name, err);
	if (parent < 0)
		return -1;
	if (mknodat(parent, name, row->mode, row->device) < 0 &&
	        (errno != EEXIST || !is_there(parent, name, row)))
		return err_sys(err, "create the device '%s'", row->path);
	if ((row->uid || row->gid) &&
	        fchownat(parent, name, row->uid, row->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "set the owner of '%s'", row->path);
	return 0;
}

static int make_link(struct tree *t, const struct fs_row *row, struct err *err)
{
	const char *name;
	AUTO_FD int parent = tree_parent(t->root, row->path, &name, err);

	if (parent < 0)
		return -1;
	if (symlinkat(row->source, parent, name) < 0 && errno != EEXIST)
		return err_sys(err, "create the link '%s'", row->path);
	return 0;
}

static int make_readonly(struct tree *t, const struct fs_row *row, struct err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | row->attr_set};
	AUTO_FD int target = tree_open(t->root, row->path, O_PATH);

	if (target < 0)
		return errno == ENOENT || errno == ENOTDIR
		        ? 0
		        : err_sys(err, "make '%s' read-only", row->path);
	AUTO_FD int mount = open_tree(
	        target, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (mount < 0 ||
	        mount_setattr(mount, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0 ||
	        attach(mount, target) < 0)
		return err_sys(err, "make '%s' read-only", row->path);
	return 0;
}

/* One empty file system for all: what was attached once is cloned for the next. */
static int empty_folder(struct tree *t, struct err *err)
{
	static const struct fs_row empty = {.op = FS_MOUNT,
	        .path = (char *)(uintptr_t) "a masked folder",
	        .source = (char *)(uintptr_t) "mask",
	        .type = (char *)(uintptr_t) "tmpfs",
	        .data = (char *)(uintptr_t) "size=4k,nr_inodes=2,mode=555",
	        .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
	                MOUNT_ATTR_NOEXEC};

	if (t->mask < 0)
		return new_file_system(&empty, err);
	int fd = open_tree(t->mask, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return fd < 0 ? err_sys(err, "clone an empty folder") : fd;
}

/* Read-only, or root of the host could change the mode of the host's own node through it; once one
 * is attached, the next are clones of that. */
static int empty_file(struct tree *t, struct err *err)
{
	struct mount_attr attr = {
	        .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC};
	bool first = t->null_mask < 0;
	int fd = open_tree(first ? t->null : t->null_mask, "",
	        AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0 || (first && mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)) {
		util_close_fd(&fd);
		return err_sys(err, "clone /dev/null");
	}
	return fd;
}

static int make_mask(struct tree *t, const struct fs_row *row, struct err *err)
{
	AUTO_FD int target = tree_open(t->root, row->path, O_PATH);
	struct stat st;

	if (target < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0
		                                           : err_sys(err, "mask '%s'", row->path);
	if (fstat(target, &st) < 0)
		return err_sys(err, "mask '%s'", row->path);
	AUTO_FD int mount = S_ISDIR(st.st_mode) ? empty_folder(t, err) : empty_file(t, err);
	if (mount < 0)
		return -1;
	if (attach(mount, target) < 0)
		return err_sys(err, "mask '%s'", row->path);
	int *kept = S_ISDIR(st.st_mode) ? &t->mask : &t->null_mask;
	if (*kept < 0)
		*kept = util_steal_fd(&mount);
	return 0;
}

static int make_change(struct tree *t, const struct fs_row *row, struct err *err)
{
	struct mount_attr attr = {.attr_set = row->attr_set, .attr_clr = row->attr_clear};
	unsigned deep = row->flags & FS_RECURSIVE ? AT_RECURSIVE : 0;
	AUTO_FD int target = tree_open(t->root, row->path, O_PATH);

	if (target < 0 || mount_setattr(target, "", AT_EMPTY_PATH | deep, &attr, sizeof(attr)) < 0)
		return err_sys(err, "change the mount at '%s'", row->path);
	return 0;
}

static int make_rows(struct tree *t, const int *sources, struct err *err)
{
	static int (*const make[])(struct tree *, const struct fs_row *, struct err *) = {
	        [FS_MOUNT] = make_mount,
	        [FS_BIND] = make_bind,
	        [FS_NODE] = make_node,
	        [FS_LINK] = make_link,
	        [FS_READONLY] = make_readonly,
	        [FS_MASK] = make_mask,
	        [FS_CHANGE] = make_change,
	};

	for (size_t i = 0; i < t->plan->n_rows; i++) {
		t->source = sources[i + 1];
		if (make[t->plan->rows[i].op](t, &t->plan->rows[i], err) < 0)
			return -1;
	}
	if (t->plan->n_sysctl && !t->sysctl_done)
		return err_set(err, ERR_FAILED, "settings of the kernel need a proc file system");
	return 0;
}

int tree_make(
        const struct container_plan *plan, int root, const int *sources, int null, struct err *err)
{
	struct tree t = {.plan = plan, .root = root, .null = null, .mask = -1, .null_mask = -1};
	struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};

	umask(0);
	int rc = make_rows(&t, sources, err);
	umask(022);
	util_close_fd(&t.mask);
	util_close_fd(&t.null_mask);
	if (rc == 0 && plan->root_readonly &&
	        mount_setattr(root, "", AT_EMPTY_PATH, &readonly, sizeof(readonly)) < 0)
		return err_sys(err, "make the root read-only");
	return rc;
}
