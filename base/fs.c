#include "base/fs.h"

#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

int fs_read(const char *path, size_t max, struct str *out, struct err *err)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	AUTO_STR text = {0};
	char buf[4096]; /* most files are smaller, and each page of it is touched */
	ssize_t n;

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if (text.len + (size_t)n > max)
			return err_set(err, ERR_FAILED, "'%s' is larger than %zu bytes", path, max);
		str_addn(&text, buf, (size_t)n);
	}
	if (n < 0)
		return err_sys(err, "read '%s'", path);
	str_clear(out);
	out->len = text.len;
	out->buf = str_steal(&text);
	out->cap = out->len + 1;
	return 0;
}

static int fill_and_sync(int fd, const void *bytes, size_t n, mode_t mode, struct err *err)
{
	if (fchmod(fd, mode) < 0)
		return err_sys(err, "set the mode");
	if (io_write_all(fd, bytes, n, err) < 0)
		return -1;
	if (fsync(fd) < 0)
		return err_sys(err, "sync");
	return 0;
}

int fs_replace(const char *path, const void *bytes, size_t n, mode_t mode, struct err *err)
{
	AUTO_FREE char *tmp = xasprintf("%s.XXXXXX", path);
	AUTO_FD int fd = mkostemp(tmp, O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "create a file beside '%s'", path);
	if (fill_and_sync(fd, bytes, n, mode, err) < 0) {
		unlink(tmp);
		return err_wrap(err, "write '%s'", path);
	}
	if (rename(tmp, path) < 0) {
		err_sys(err, "rename '%s' to '%s'", tmp, path);
		unlink(tmp);
		return -1;
	}
	return 0;
}

int fs_write_attr(const char *path, const char *value, struct err *err)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	ssize_t n = write(fd, value, strlen(value));
	if (n < 0)
		return err_sys(err, "write '%s' to '%s'", value, path);
	if (n != (ssize_t)strlen(value))
		return err_set(err, ERR_FAILED, "'%s' took only %zd bytes of '%s'", path, n, value);
	return 0;
}

/* The mode holds whatever the umask is: QEMU's user must pass through folders that root makes. */
static int make_folder(const char *path, mode_t mode, struct err *err)
{
	if (mkdir(path, mode) == 0)
		return chmod(path, mode) < 0 ? err_sys(err, "set the mode of '%s'", path) : 0;
	if (errno != EEXIST)
		return err_sys(err, "create folder '%s'", path);
	if (!fs_is_dir(path))
		return err_set(err, ERR_FAILED, "'%s' exists and is no folder", path);
	return 0;
}

size_t fs_part(const char *path, size_t n)
{
	return path[n] ? n + 1 + strcspn(path + n + 1, "/") : 0;
}

int fs_mkdirs(const char *path, mode_t mode, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(path);

	if (fs_is_dir(path))
		return 0;
	for (char *p = copy; *p; p++) {
		if (*p != '/' || p == copy)
			continue;
		*p = '\0';
		if (make_folder(copy, mode, err) < 0)
			return -1;
		*p = '/';
	}
	return make_folder(copy, mode, err);
}

/* A removal under way. Folders deeper than MAX_DEPTH (a guest can make thousands, and each holds a
 * descriptor here) are moved up beside the first ones and removed in another round. */
struct removal {
	int top; /* the folder that was asked for */
	size_t moved;
};
enum { MAX_DEPTH = 64 };

static int remove_at(struct removal *r, int parent, const char *name, int depth, struct err *err);

static int remove_entries(struct removal *r, int fd, int depth, struct err *err)
{
	DIR *dir = fdopendir(fd);
	int rc = 0;

	if (!dir) {
		close(fd);
		return err_sys(err, "open a folder to remove it");
	}
	for (struct dirent *e; rc == 0 && (e = readdir(dir));)
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			rc = remove_at(r, dirfd(dir), e->d_name, depth, err);
	closedir(dir);
	return rc;
}

/* A folder that is no mount point, not even of the same file system (openat2(2)). */
static int open_folder(int parent, const char *name, struct err *err)
{
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
	        .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS};
	int fd = (int)syscall(SYS_openat2, parent, name, &how, sizeof(how));

	if (fd < 0 && errno == EXDEV)
		return err_set(err, ERR_FAILED, "'%s' is a mount point, not removed", name);
	return fd < 0 ? err_sys(err, "open '%s' to remove it", name) : fd;
}

static int move_up(struct removal *r, int parent, const char *name, struct err *err)
{
	int rc;

	do { /* a removal that was killed may have left such names */
		AUTO_FREE char *to = xasprintf(".prov-removed-%zu", r->moved++);
		rc = renameat(parent, name, r->top, to);
	} while (rc < 0 && (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR));
	return rc < 0 ? err_sys(err, "move '%s' up to remove it", name) : 0;
}

static int remove_at(struct removal *r, int parent, const char *name, int depth, struct err *err)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return err_sys(err, "remove '%s'", name);
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
		return 0;
	int fd = open_folder(parent, name, err);
	if (fd < 0)
		return -1;
	if (depth == MAX_DEPTH) {
		close(fd);
		return move_up(r, parent, name, err);
	}
	if (remove_entries(r, fd, depth + 1, err) < 0)
		return -1;
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(err, "remove folder '%s'", name);
	return 0;
}

/* All that is in the folder, until a round has moved nothing up. */
static int empty_folder(const char *path, struct err *err)
{
	struct removal r = {0};
	size_t before;

	do {
		AUTO_FD int top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int fd = fcntl(top, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			return err_sys(err, "open '%s' to remove it", path);
		before = r.moved;
		r.top = top;
		if (remove_entries(&r, fd, 1, err) < 0)
			return -1;
	} while (r.moved != before);
	return 0;
}

int fs_remove_tree(const char *path, struct err *err)
{
	if (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR)
		return 0;
	if (errno != EISDIR)
		return err_sys(err, "remove '%s'", path);
	if (empty_folder(path, err) < 0)
		return err_wrap(err, "remove '%s'", path);
	if (rmdir(path) < 0 && errno != ENOENT)
		return err_sys(err, "remove folder '%s'", path);
	return 0;
}

int fs_unlink(const char *path, struct err *err)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(err, "remove '%s'", path);
	return 0;
}

bool fs_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

bool fs_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int fs_list_fd(int fd, struct strv *out)
{
	DIR *dir = fdopendir(fd);

	if (!dir) {
		util_close_fd(&fd);
		return -1;
	}
	for (struct dirent *e; (e = readdir(dir));)
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			strv_add(out, e->d_name);
	closedir(dir);
	strv_sort(out);
	return 0;
}

int fs_list(const char *path, struct strv *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fs_list_fd(fd, out) < 0)
		return err_sys(err, "open folder '%s'", path);
	return 0;
}

int fs_free_bytes(const char *path, uint64_t *out, struct err *err)
{
	struct statvfs fs;

	if (statvfs(path, &fs) < 0)
		return err_sys(err, "ask for the free space of '%s'", path);
	*out = (uint64_t)fs.f_bavail * fs.f_frsize;
	return 0;
}

int fs_open_beneath(int root_fd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
	        .flags = (unsigned)(flags | O_CLOEXEC),
	        .mode = flags & O_CREAT ? mode : 0,
	        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	while (*path == '/')
		path++;
	return (int)syscall(SYS_openat2, root_fd, *path ? path : ".", &how, sizeof(how));
}
