#include "boxes/transfer/unpack.h"

#include "boxes/transfer/beneath.h"
#include "boxes/transfer/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RATIO_FROM ((int64_t)64 * 1048576)

const struct unpack_limits unpack_defaults = {
        .entries = 1000000, .bytes = (int64_t)256 * 1073741824, .ratio = 250};

struct unpack_dir {
	char *path;
	mode_t mode;
	struct timespec mtime;
};

void unpack_end(struct unpack *u)
{
	util_close_fd(&u->root);
	for (size_t i = 0; i < u->n_dirs; i++)
		free(u->dirs[i].path);
	free(u->dirs);
	u->dirs = NULL;
	u->n_dirs = 0;
}

/* Folders that no entry describes are root's, 0755, of the epoch: the same whoever unpacks,
 * whenever. */
static void remember_dir(struct unpack *u, const char *path, mode_t mode, struct timespec mtime)
{
	if (u->n_dirs == u->cap_dirs) {
		u->cap_dirs = u->cap_dirs ? u->cap_dirs * 2 : 64;
		u->dirs = xrealloc(u->dirs, u->cap_dirs, sizeof(*u->dirs));
	}
	u->dirs[u->n_dirs++] = (struct unpack_dir){xstrdup(path), mode, mtime};
}

static void on_made(void *ctx, const char *path)
{
	remember_dir(ctx, path, 0755, (struct timespec){0});
}

int unpack_begin(struct unpack *u, const struct box_job *job, const char *dir, struct err *err)
{
	*u = (struct unpack){.job = job, .limits = &unpack_defaults, .root = -1};
	u->root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (u->root < 0)
		return err_sys(err, "open '%s'", dir);
	on_made(u, "."); /* until an entry describes the root */
	return 0;
}

static int check_limits(struct unpack *u, struct archive *a, const char *path, struct err *err)
{
	int64_t packed = archive_filter_bytes(a, -1);

	if (u->bytes > u->limits->bytes)
		return err_set(err, ERR_FAILED, "refused: it unpacks to more than %lld MiB",
		        (long long)(u->limits->bytes / 1048576));
	if (u->bytes > RATIO_FROM && packed > 0 && u->bytes / packed > u->limits->ratio)
		return entry_refuse(path, err,
		        "unpacks to so much more than the archive holds that it looks like a bomb");
	if (u->meter)
		job_advance(u->job, u->meter, packed - u->meter->done);
	return job_go_on(u->job, err);
}

static int write_at(
        int fd, const char *block, size_t n, off_t at, const char *path, struct err *err)
{
	while (n) {
		ssize_t done = pwrite(fd, block, n, at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(err, "write '%s'", path);
		block += done;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Blocks carry their place: a sparse file stays sparse, and its whole size counts. */
int unpack_content(struct unpack *u, struct archive *a, int fd, const char *path, int64_t size,
        struct err *err)
{
	const void *block;
	size_t n;
	la_int64_t offset, end = 0;
	int rc;

	if (size < 0 || size > u->limits->bytes - u->bytes)
		return err_set(err, ERR_FAILED, "refused: it unpacks to more than %lld MiB",
		        (long long)(u->limits->bytes / 1048576));
	while ((rc = archive_read_data_block(a, &block, &n, &offset)) == ARCHIVE_OK) {
		if (offset < end || offset + (la_int64_t)n > size)
			return entry_refuse(path, err, "has content outside of its size");
		if (write_at(fd, block, n, offset, path, err) < 0)
			return -1;
		u->bytes += offset + (la_int64_t)n - end;
		end = offset + (la_int64_t)n;
		if (check_limits(u, a, path, err) < 0)
			return -1;
	}
	if (rc != ARCHIVE_EOF)
		return unpack_failed(a, err);
	u->bytes += size - end;
	return ftruncate(fd, size) < 0 ? err_sys(err, "write '%s'", path)
	                               : check_limits(u, a, path, err);
}

/* The place of an entry: its folder, open, and its name in it. */
struct place {
	struct unpack *u;
	struct archive *a;
	struct archive_entry *entry;
	const char *path; /* normalised */
	const char *name;
	int dir;
};

static int make_file(struct place *p, struct err *err)
{
	AUTO_FD int fd =
	        openat(p->dir, p->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, "create '%s'", p->path);
	if (unpack_content(p->u, p->a, fd, p->path, archive_entry_size(p->entry), err) < 0)
		return -1;
	return entry_metadata(fd, p->entry, p->path, err);
}

static int make_folder(struct place *p, struct err *err)
{
	struct stat st;

	if (mkdirat(p->dir, p->name, 0700) < 0 &&
	        (errno != EEXIST || fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	                !S_ISDIR(st.st_mode)))
		return err_sys(err, "create folder '%s'", p->path);
	AUTO_FD int fd = openat(p->dir, p->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open folder '%s'", p->path);
	if (entry_metadata(fd, p->entry, p->path, err) < 0)
		return -1;
	remember_dir(p->u, p->path, archive_entry_perm(p->entry), entry_mtime(p->entry));
	/* Entries below it must be possible, whatever its mode; the end sets it. */
	return fchmod(fd, 0700) < 0 ? err_sys(err, "set the mode of '%s'", p->path) : 0;
}

static int set_owner_and_time(struct place *p, struct err *err)
{
	struct timespec times[2] = {entry_mtime(p->entry), entry_mtime(p->entry)};

	if (fchownat(p->dir, p->name, (uid_t)archive_entry_uid(p->entry),
	            (gid_t)archive_entry_gid(p->entry), AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "set the owner of '%s'", p->path);
	if (utimensat(p->dir, p->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "set the time of '%s'", p->path);
	return 0;
}

static int make_symlink(struct place *p, struct err *err)
{
	const char *target = archive_entry_symlink(p->entry);

	if (!target || !*target)
		return entry_refuse(p->path, err, "is a link without a target");
	if (symlinkat(target, p->dir, p->name) < 0)
		return err_sys(err, "create the link '%s'", p->path);
	return set_owner_and_time(p, err);
}

static int make_fifo(struct place *p, struct err *err)
{
	if (mknodat(p->dir, p->name, S_IFIFO | 0600, 0) < 0)
		return err_sys(err, "create '%s'", p->path);
	if (fchownat(p->dir, p->name, (uid_t)archive_entry_uid(p->entry),
	            (gid_t)archive_entry_gid(p->entry), 0) < 0 ||
	        fchmodat(p->dir, p->name, archive_entry_perm(p->entry), 0) < 0)
		return err_sys(err, "set the owner and mode of '%s'", p->path);
	return set_owner_and_time(p, err);
}

static int make_hard_link(struct place *p, struct err *err)
{
	AUTO_FREE char *target = str_path_beneath(archive_entry_hardlink(p->entry));
	AUTO_FD int dir = -1;
	const char *name;
	struct stat st;

	if (!target || !*target)
		return entry_refuse(p->path, err, "is a hard link to a path outside");
	dir = beneath_parent(p->u->root, target, &name, NULL, NULL, err);
	if (dir < 0)
		return err_wrap(err, "the hard link '%s'", p->path);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "the hard link '%s' to '%s'", p->path, target);
	if (S_ISDIR(st.st_mode))
		return entry_refuse(p->path, err, "is a hard link to a folder");
	if (linkat(dir, name, p->dir, p->name, 0) < 0)
		return err_sys(err, "link '%s' to '%s'", p->path, target);
	return 0;
}

static const struct {
	mode_t type;
	int (*make)(struct place *p, struct err *err);
} makers[] = {
        {S_IFREG, make_file},
        {S_IFDIR, make_folder},
        {S_IFLNK, make_symlink},
        {S_IFIFO, make_fifo},
};

/* The root's own entry: its attributes only. */
static int set_root(struct unpack *u, struct archive_entry *entry, struct err *err)
{
	AUTO_FD int fd = openat(u->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (archive_entry_filetype(entry) != S_IFDIR)
		return entry_refuse("/", err, "is not a folder");
	if (fd < 0)
		return err_sys(err, "open the root of the tree");
	if (entry_metadata(fd, entry, "/", err) < 0)
		return -1;
	remember_dir(u, ".", archive_entry_perm(entry), entry_mtime(entry));
	return fchmod(fd, 0700) < 0 ? err_sys(err, "set the mode of the tree's root") : 0;
}

static int make_entry(struct place *p, struct err *err)
{
	mode_t type = archive_entry_filetype(p->entry);
	bool device = type == S_IFCHR || type == S_IFBLK;

	/* Made by hand for each container and by the kernel in a VM: tars of whole systems often
	 * hold them. */
	if (device && str_starts(p->path, "dev/")) {
		p->u->skipped++;
		return 0;
	}
	if (device)
		return entry_refuse(p->path, err, "is a device node");
	/* A later entry of the same name replaces, as tar does; a folder stays one. */
	if (type != S_IFDIR && unlinkat(p->dir, p->name, 0) < 0 && errno != ENOENT)
		return err_sys(err, "replace '%s'", p->path);
	if (archive_entry_hardlink(p->entry))
		return make_hard_link(p, err);
	for (size_t i = 0; i < ARRAY_SIZE(makers); i++)
		if (makers[i].type == type)
			return makers[i].make(p, err);
	return entry_refuse(p->path, err, "is of a type that no box may hold");
}

int unpack_entry(struct unpack *u, struct archive *a, struct archive_entry *entry, struct err *err)
{
	const char *raw = archive_entry_pathname(entry);
	AUTO_FREE char *path = str_path_beneath(raw);

	if (!raw)
		return err_set(err, ERR_FAILED, "refused: an entry has a name that cannot be read");
	if (!path)
		return entry_refuse(raw, err, "is a path to the outside");
	if (++u->entries > u->limits->entries)
		return err_set(err, ERR_FAILED, "refused: more than %lld entries",
		        (long long)u->limits->entries);
	if (check_limits(u, a, path, err) < 0)
		return -1;
	if (!*path)
		return set_root(u, entry, err);
	struct place place = {.u = u, .a = a, .entry = entry, .path = path};
	AUTO_FD int dir = beneath_parent(u->root, path, &place.name, on_made, u, err);
	if (dir < 0)
		return -1;
	place.dir = dir;
	return make_entry(&place, err);
}

int unpack_rest(struct unpack *u, struct archive *a, struct err *err)
{
	struct archive_entry *entry;
	int rc;

	while ((rc = archive_read_next_header(a, &entry)) == ARCHIVE_OK || rc == ARCHIVE_WARN)
		if (unpack_entry(u, a, entry, err) < 0)
			return -1;
	return rc == ARCHIVE_EOF ? 0 : unpack_failed(a, err);
}

/* In the order of the archive: the last entry of a folder wins. Deepest first would be needed only
 * without root. */
int unpack_finish(struct unpack *u, struct err *err)
{
	for (size_t i = 0; i < u->n_dirs; i++) {
		struct timespec times[2] = {u->dirs[i].mtime, u->dirs[i].mtime};
		AUTO_FD int fd = beneath_open(u->root, u->dirs[i].path, O_RDONLY | O_DIRECTORY);
		if (fd < 0 || fchmod(fd, u->dirs[i].mode) < 0 || futimens(fd, times) < 0)
			return err_sys(err, "set mode and time of '%s'", u->dirs[i].path);
	}
	if (u->skipped)
		job_note(u->job, "left out %zu device nodes below /dev", u->skipped);
	return 0;
}
