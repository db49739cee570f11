#include "transports/tar/untar.h"

#include "base/fs.h"
#include "base/str.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 65536, MODES = 0777 };

/* Folders get their mode and time in the end, when nothing is written into them any more. */
struct folder {
	char *path;
	mode_t mode;
	struct timespec mtime;
};

struct untar {
	struct archive *a;
	int root;
	struct folder *folders;
	size_t n;
};

/* The place of an entry: its folder, open, and its name in it. */
struct place {
	struct untar *u;
	struct archive_entry *entry;
	char *path; /* without "./" and doubled slashes; "" is the folder itself */
	const char *name;
	int dir;
};

static int refuse(const char *path, struct err *err, const char *why)
{
	AUTO_STR shown = {0};

	str_add_escaped(&shown, path, strnlen(path, 300));
	return err_set(err, ERR_FAILED, "refused: '%s' %s", str_text(&shown), why);
}

static int failed(const char *what, const char *path, struct err *err)
{
	AUTO_STR shown = {0};

	str_add_escaped(&shown, path, strnlen(path, 300));
	if (errno == ELOOP || errno == EXDEV)
		return refuse(path, err, "leads through a symbolic link");
	return err_sys(err, "%s '%s'", what, str_text(&shown));
}

/* The folder of a path, made where it is missing; *name points into path. -1 with errno. */
static int open_parent(int root, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *parent = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
	int flags = O_PATH | O_DIRECTORY;

	*name = slash ? slash + 1 : path;
	int fd = fs_open_beneath(root, parent, flags, 0);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	const char *child;
	AUTO_FD int above = open_parent(root, parent, &child);
	if (above < 0 || (mkdirat(above, child, 0755) < 0 && errno != EEXIST))
		return -1;
	return fs_open_beneath(root, parent, flags, 0);
}

static struct timespec mtime_of(struct archive_entry *entry)
{
	return (struct timespec){
	        .tv_sec = archive_entry_mtime(entry), .tv_nsec = archive_entry_mtime_nsec(entry)};
}

static int unreadable(struct untar *u, struct err *err)
{
	const char *text = archive_error_string(u->a);
	AUTO_STR said = {0};

	text = text ? text : "it is damaged";
	str_add_escaped(&said, text, strlen(text));
	return err_set(
	        err, ERR_FAILED, "what the machine sent cannot be read: %s", str_text(&said));
}

/* Blocks carry their place, so that a sparse file stays sparse. */
static int write_content(struct place *p, int fd, struct err *err)
{
	const void *block;
	la_int64_t offset;
	size_t n;
	int rc;

	while ((rc = archive_read_data_block(p->u->a, &block, &n, &offset)) == ARCHIVE_OK) {
		const char *at = block;
		while (n) {
			ssize_t k = pwrite(fd, at, n, offset);
			if (k < 0 && errno == EINTR)
				continue;
			if (k < 0)
				return failed("write", p->path, err);
			at += k;
			n -= (size_t)k;
			offset += k;
		}
	}
	if (rc != ARCHIVE_EOF)
		return unreadable(p->u, err);
	return ftruncate(fd, archive_entry_size(p->entry)) < 0 ? failed("write", p->path, err) : 0;
}

static int make_file(struct place *p, struct err *err)
{
	struct timespec times[2] = {mtime_of(p->entry), mtime_of(p->entry)};
	AUTO_FD int fd =
	        openat(p->dir, p->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return failed("create", p->path, err);
	if (write_content(p, fd, err) < 0)
		return -1;
	if (fchmod(fd, archive_entry_perm(p->entry) & MODES) < 0 || futimens(fd, times) < 0)
		return failed("set mode and time of", p->path, err);
	return 0;
}

static void remember(struct untar *u, const char *path, struct archive_entry *entry)
{
	u->folders = xrealloc(u->folders, u->n + 1, sizeof(*u->folders));
	u->folders[u->n++] =
	        (struct folder){xstrdup(path), archive_entry_perm(entry) & MODES, mtime_of(entry)};
}

/* One that is there keeps its mode, as with cp. */
static int make_folder(struct place *p, struct err *err)
{
	struct stat st;

	if (mkdirat(p->dir, p->name, 0700) == 0) {
		remember(p->u, p->path, p->entry);
		return 0;
	}
	if (errno != EEXIST || fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed("create folder", p->path, err);
	if (S_ISDIR(st.st_mode))
		return 0;
	return refuse(p->path, err,
	        S_ISLNK(st.st_mode) ? "leads through a symbolic link" : "is a file here");
}

static int make_symlink(struct place *p, struct err *err)
{
	struct timespec times[2] = {mtime_of(p->entry), mtime_of(p->entry)};
	const char *target = archive_entry_symlink(p->entry);

	if (!target || !*target)
		return refuse(p->path, err, "is a link without a target");
	if (symlinkat(target, p->dir, p->name) < 0 ||
	        utimensat(p->dir, p->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return failed("create the link", p->path, err);
	return 0;
}

static int make_hard_link(struct place *p, struct err *err)
{
	AUTO_FREE char *target = str_path_beneath(archive_entry_hardlink(p->entry));
	const char *name;
	struct stat st;

	if (!target || !*target)
		return refuse(p->path, err, "is a hard link to a path outside");
	AUTO_FD int dir = open_parent(p->u->root, target, &name);
	if (dir < 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	        linkat(dir, name, p->dir, p->name, 0) < 0)
		return failed("create the hard link", p->path, err);
	return 0;
}

static int make_entry(struct place *p, struct err *err)
{
	mode_t type = archive_entry_filetype(p->entry);

	if (archive_entry_hardlink(p->entry) == NULL && type == S_IFDIR)
		return make_folder(p, err);
	if (!archive_entry_hardlink(p->entry) && type != S_IFREG && type != S_IFLNK)
		return 0; /* devices, sockets and FIFOs mean nothing here */
	if (unlinkat(p->dir, p->name, 0) < 0 && errno != ENOENT) {
		if (errno == EISDIR)
			return refuse(p->path, err, "is a folder here");
		return failed("replace", p->path, err);
	}
	if (archive_entry_hardlink(p->entry))
		return make_hard_link(p, err);
	return type == S_IFREG ? make_file(p, err) : make_symlink(p, err);
}

static int take_entry(struct untar *u, struct archive_entry *entry, struct err *err)
{
	const char *raw = archive_entry_pathname(entry);
	AUTO_FREE char *path = str_path_beneath(raw);
	struct place place = {.u = u, .entry = entry, .path = path};

	if (!raw)
		return err_set(err, ERR_FAILED, "refused: an entry has a name that cannot be read");
	if (!path)
		return refuse(raw, err, "is a path to the outside");
	if (!*path)
		return 0; /* the folder itself stays as the caller has it */
	AUTO_FD int dir = open_parent(u->root, path, &place.name);
	if (dir < 0)
		return failed("open the folder of", path, err);
	place.dir = dir;
	return make_entry(&place, err);
}

static int finish(struct untar *u, struct err *err)
{
	for (size_t i = u->n; i-- > 0;) {
		const struct folder *f = &u->folders[i];
		const struct timespec times[2] = {f->mtime, f->mtime};
		AUTO_FD int fd = fs_open_beneath(u->root, f->path, O_RDONLY | O_DIRECTORY, 0);
		if (fd < 0 || fchmod(fd, f->mode) < 0 || futimens(fd, times) < 0)
			return failed("set mode and time of", f->path, err);
	}
	return 0;
}

static int unpack(struct untar *u, int fd, struct err *err)
{
	struct archive_entry *entry;
	int rc;

	if (archive_read_open_fd(u->a, fd, BLOCK) != ARCHIVE_OK)
		return unreadable(u, err);
	while ((rc = archive_read_next_header(u->a, &entry)) == ARCHIVE_OK || rc == ARCHIVE_WARN)
		if (take_entry(u, entry, err) < 0)
			return -1;
	return rc == ARCHIVE_EOF ? finish(u, err) : unreadable(u, err);
}

int prov_untar(int fd, int folder, struct err *err)
{
	struct untar u = {.a = archive_read_new(), .root = folder};
	/* Names beyond ASCII can be read only in a locale that knows them. */
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;

	if (!u.a)
		abort();
	archive_read_support_format_tar(u.a);
	archive_read_support_format_empty(u.a);
	int rc = unpack(&u, fd, err);
	archive_read_free(u.a);
	for (size_t i = 0; i < u.n; i++)
		free(u.folders[i].path);
	free(u.folders);
	if (utf8) {
		uselocale(before);
		freelocale(utf8);
	}
	return rc;
}
