/* A box as one tar: box.json first, then the artefacts; the same box gives the same bytes.
 * Compressed once more only if the file's name ends in ".zst": what is in it is compressed already.
 */
#include "base/fs.h"
#include "boxes/layout.h"
#include "boxes/transfer/artefacts.h"
#include "boxes/transfer/ops.h"
#include "boxes/transfer/stage.h"
#include "boxes/transfer/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK (256 * 1024)
#define SMALL (32 * 1048576) /* a tree that the best compression takes no time for */

struct writer {
	const struct box_job *job;
	struct archive *a;
	struct link_table links;
	struct job_meter meter;
	char *block;
};

static int write_failed(struct archive *a, struct err *err)
{
	errno = archive_errno(a);
	if (errno == ENOSPC)
		return err_sys(err, "write");
	return err_set(err, ERR_FAILED, "write: %s", archive_error_string(a));
}

static int write_header(struct writer *w, struct archive_entry *entry, struct err *err)
{
	/* A warning says that a name was stored as bytes because it is not UTF-8: it is read back
	 * the same. */
	return archive_write_header(w->a, entry) < ARCHIVE_WARN ? write_failed(w->a, err) : 0;
}

static int write_content(struct writer *w, int fd, const char *path, struct err *err)
{
	ssize_t n;

	while ((n = read(fd, w->block, BLOCK)) > 0) {
		if (archive_write_data(w->a, w->block, (size_t)n) != n)
			return write_failed(w->a, err);
		job_advance(w->job, &w->meter, n);
		if (job_go_on(w->job, err) < 0)
			return -1;
	}
	return n < 0 ? err_sys(err, "read '%s'", path) : 0;
}

/* --- the tree --- */

static int add_xattrs(struct writer *w, int dir, const char *name, const char *path,
        struct archive_entry *entry, struct err *err)
{
	AUTO_STRV names = {0};

	if (tree_xattrs(dir, name, &names, err) < 0)
		return err_wrap(err, "'/%s'", path);
	for (size_t i = 0; i < names.n; i++) {
		ssize_t n = tree_xattr(dir, name, names.v[i], w->block, BLOCK);
		if (n < 0)
			return err_sys(err, "read the attribute %s of '/%s'", names.v[i], path);
		archive_entry_xattr_add_entry(entry, names.v[i], w->block, (size_t)n);
	}
	return 0;
}

static int fill_entry(struct writer *w, int dir, const char *name, const char *path,
        const struct stat *st, struct archive_entry *entry, struct err *err)
{
	char target[4097];
	ssize_t n;

	archive_entry_set_pathname(entry, *path ? path : ".");
	archive_entry_set_mode(entry, st->st_mode);
	archive_entry_set_uid(entry, st->st_uid);
	archive_entry_set_gid(entry, st->st_gid);
	archive_entry_set_mtime(entry, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	archive_entry_set_size(entry, S_ISREG(st->st_mode) ? st->st_size : 0);
	if (S_ISLNK(st->st_mode)) {
		n = readlinkat(dir, name, target, sizeof(target) - 1);
		if (n < 0)
			return err_sys(err, "read the link '/%s'", path);
		target[n] = '\0';
		archive_entry_set_symlink(entry, target);
	}
	const char *first = st->st_nlink > 1 && !S_ISDIR(st->st_mode)
	        ? link_table_first(&w->links, st, path)
	        : NULL;
	if (!first)
		return add_xattrs(w, dir, name, path, entry, err);
	archive_entry_set_size(entry, 0);
	archive_entry_set_hardlink(entry, first);
	return 0;
}

static int visit(void *ctx, int dir, const char *name, const char *path, const struct stat *st,
        struct err *err)
{
	struct writer *w = ctx;
	struct archive_entry *entry = archive_entry_new();

	int rc = fill_entry(w, dir, name, path, st, entry, err);
	if (rc == 0)
		rc = write_header(w, entry, err);
	bool content = S_ISREG(st->st_mode) && !archive_entry_hardlink(entry);
	archive_entry_free(entry);
	if (rc < 0 || !content)
		return rc;
	AUTO_FD int fd = tree_open(dir, name, O_RDONLY | O_NOFOLLOW);
	return fd < 0 ? err_sys(err, "open '/%s'", path) : write_content(w, fd, path, err);
}

static struct archive *new_tar(bool zstd, const char *level)
{
	struct archive *a = archive_write_new();

	if (!a)
		abort();
	archive_write_set_format_pax(a);
	archive_write_set_bytes_in_last_block(a, 1);
	if (zstd && archive_write_add_filter_zstd(a) == ARCHIVE_OK)
		archive_write_set_filter_option(a, "zstd", "compression-level", level);
	return a;
}

static int finish_tar(struct writer *w, int rc, struct err *err)
{
	if (rc == 0 && archive_write_close(w->a) != ARCHIVE_OK)
		rc = write_failed(w->a, err);
	archive_write_free(w->a);
	link_table_clear(&w->links);
	free(w->block);
	return rc;
}

static int write_tree(
        const struct box_job *job, const char *tree, bool small, const char *path, struct err *err)
{
	struct writer w = {.job = job,
	        .a = new_tar(true, small ? "19" : "9"),
	        .meter = {.what = "pack the rootfs"},
	        .block = xmalloc(BLOCK)};
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc = fd < 0 ? err_sys(err, "create '%s'", path) : 0;

	if (rc == 0 && archive_write_open_fd(w.a, fd) != ARCHIVE_OK)
		rc = write_failed(w.a, err);
	if (rc == 0)
		rc = tree_walk(tree, visit, &w, err);
	return finish_tar(&w, rc, err);
}

/* --- the box --- */

static int write_member(
        struct writer *w, const char *name, int64_t mtime, int fd, int64_t size, struct err *err)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, name);
	archive_entry_set_mode(entry, S_IFREG | 0644);
	archive_entry_set_mtime(entry, mtime, 0);
	archive_entry_set_size(entry, size);
	int rc = write_header(w, entry, err);
	archive_entry_free(entry);
	return rc < 0 || fd < 0 ? rc : write_content(w, fd, name, err);
}

static int write_manifest(struct writer *w, const struct box *box, struct err *err)
{
	AUTO_STR text = {0};

	manifest_write(box, &text);
	if (write_member(w, BOX_MANIFEST, box->created, -1, (int64_t)text.len, err) < 0)
		return -1;
	if (archive_write_data(w->a, str_text(&text), text.len) != (la_ssize_t)text.len)
		return write_failed(w->a, err);
	return 0;
}

/* The file that travels for an artefact: a tree's tar is made in the stage. */
static int write_artefact(struct writer *w, struct stage *stage, const struct box *box,
        const struct member *m, struct err *err)
{
	const struct artefact *a = box_artefact(box, m->kind);
	AUTO_FREE char *path = a ? layout_artefact(w->job->home, a) : NULL;
	AUTO_FREE char *packed = stage_path(stage, m->name);
	struct stat st;

	if (!a)
		return 0;
	bool tree = str_eq(a->format, "tree");
	if (tree && write_tree(w->job, path, a->size < SMALL, packed, err) < 0)
		return -1;
	AUTO_FD int fd = open(tree ? packed : path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open '%s'", tree ? packed : path);
	return write_member(w, m->name, box->created, fd, st.st_size, err);
}

static int write_box(struct stage *stage, const struct box *box, int fd, bool zstd, struct err *err)
{
	struct writer w = {.job = stage->job,
	        .a = new_tar(zstd, "1"),
	        .meter = {.what = "write the box", .total = box_size(box)},
	        .block = xmalloc(BLOCK)};
	int rc = archive_write_open_fd(w.a, fd) == ARCHIVE_OK ? 0 : write_failed(w.a, err);

	if (rc == 0)
		rc = write_manifest(&w, box, err);
	for (size_t i = 0; rc == 0 && i < N_MEMBERS; i++)
		rc = write_artefact(&w, stage, box, &box_members[i], err);
	return finish_tar(&w, rc, err);
}

/* Complete or absent: written beside the path, synced, then renamed; an existing file is not
 * replaced. */
static int export_to(struct stage *stage, const struct box *box, const char *path, struct err *err)
{
	AUTO_FREE char *tmp = xasprintf("%s.XXXXXX", path);
	AUTO_FD int fd = mkostemp(tmp, O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "create a file beside '%s'", path);
	int rc = write_box(stage, box, fd, str_ends(path, ".zst"), err);
	if (rc == 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		rc = err_sys(err, "write '%s'", path);
	if (rc == 0 && renameat2(AT_FDCWD, tmp, AT_FDCWD, path, RENAME_NOREPLACE) < 0)
		rc = err_sys(err, "create '%s'", path);
	if (rc < 0)
		unlink(tmp);
	return rc;
}

int box_export(const struct box_job *job, const char *name, const char *path, struct err *err)
{
	AUTO_STAGE stage = {0};
	struct box box;

	if (fs_exists(path))
		return err_set(err, ERR_FAILED, "'%s' exists already", path);
	if (store_find(job->home, name, &box, err) < 0)
		return -1;
	void *locale = unpack_locale_begin();
	int rc = stage_open(&stage, job, err);
	if (rc == 0)
		rc = export_to(&stage, &box, path, err);
	unpack_locale_end(locale);
	if (rc < 0 && err && err->kind != ERR_INTERRUPTED)
		err_wrap(err, "export '%s'", name);
	box_clear(&box);
	return rc;
}
