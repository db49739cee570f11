#include "boxes/transfer/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

struct walk {
	const struct box_job *job;
	struct digest digest;
	struct job_meter meter;
	struct link_table links;
	int64_t inodes;
	char *buf;
};

enum { CHUNK = 256 * 1024 };

static int add_content(struct walk *w, int dir, const char *name, const char *path, struct err *err)
{
	AUTO_FD int fd = tree_open(dir, name, O_RDONLY | O_NOFOLLOW);
	struct digest content;
	char hex[DIGEST_HEX_LEN + 1];
	ssize_t n;

	if (fd < 0)
		return err_sys(err, "open '/%s'", path);
	digest_init(&content);
	while ((n = read(fd, w->buf, CHUNK)) > 0) {
		digest_add(&content, w->buf, (size_t)n);
		job_advance(w->job, &w->meter, n);
		if (job_go_on(w->job, err) < 0)
			return -1;
	}
	if (n < 0)
		return err_sys(err, "read '/%s'", path);
	digest_hex(&content, hex);
	digest_field(&w->digest, "content", hex);
	return 0;
}

static int add_xattrs(struct walk *w, int dir, const char *name, const char *path, struct err *err)
{
	AUTO_STRV names = {0};

	if (tree_xattrs(dir, name, &names, err) < 0)
		return err_wrap(err, "'/%s'", path);
	for (size_t i = 0; i < names.n; i++) {
		ssize_t size = tree_xattr(dir, name, names.v[i], w->buf, CHUNK);
		if (size < 0)
			return err_sys(err, "read the attribute %s of '/%s'", names.v[i], path);
		digest_field(&w->digest, "xattr", names.v[i]);
		digest_number(&w->digest, "length", size);
		digest_add(&w->digest, w->buf, (size_t)size);
	}
	return 0;
}

static int add_link_target(
        struct walk *w, int dir, const char *name, const char *path, struct err *err)
{
	char target[4097];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(err, "read the link '/%s'", path);
	target[n] = '\0';
	digest_field(&w->digest, "target", target);
	return 0;
}

static const char *type_name(mode_t mode)
{
	return S_ISREG(mode)     ? "file"
	        : S_ISDIR(mode)  ? "folder"
	        : S_ISLNK(mode)  ? "link"
	        : S_ISCHR(mode)  ? "char"
	        : S_ISBLK(mode)  ? "block"
	        : S_ISFIFO(mode) ? "fifo"
	                         : NULL;
}

/* What is the same for every type; then what the type adds, but for a folder's entries. */
static int add_entry(struct walk *w, int dir, const char *name, const char *path,
        const struct stat *st, struct err *err)
{
	struct digest *d = &w->digest;

	if (!type_name(st->st_mode))
		return err_set(err, ERR_FAILED, "'/%s' is a socket, which no box can hold", path);
	digest_field(d, "path", path);
	digest_field(d, "type", type_name(st->st_mode));
	digest_number(d, "mode", st->st_mode & 07777);
	digest_number(d, "uid", st->st_uid);
	digest_number(d, "gid", st->st_gid);
	digest_number(d, "mtime", st->st_mtim.tv_sec);
	digest_number(d, "ns", st->st_mtim.tv_nsec);
	const char *first = st->st_nlink > 1 && !S_ISDIR(st->st_mode)
	        ? link_table_first(&w->links, st, path)
	        : NULL;
	digest_field(d, "first", first);
	if (first)
		return 0;
	w->inodes++;
	if (add_xattrs(w, dir, name, path, err) < 0)
		return -1;
	if (S_ISREG(st->st_mode))
		return add_content(w, dir, name, path, err);
	if (S_ISLNK(st->st_mode))
		return add_link_target(w, dir, name, path, err);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		digest_number(d, "device", (int64_t)major(st->st_rdev) << 32 | minor(st->st_rdev));
	return 0;
}

static int visit_digest(void *ctx, int dir, const char *name, const char *path,
        const struct stat *st, struct err *err)
{
	return add_entry(ctx, dir, name, path, st, err);
}

int tree_digest(const struct box_job *job, const char *root, struct tree_sum *out, struct err *err)
{
	struct walk w = {.job = job, .meter = {.what = "hash the tree"}, .buf = xmalloc(CHUNK)};

	digest_init(&w.digest);
	digest_field(&w.digest, "tree", "1");
	int rc = tree_walk(root, visit_digest, &w, err);
	if (rc == 0) {
		digest_hex(&w.digest, out->digest);
		out->bytes = w.meter.done;
		out->inodes = w.inodes;
	}
	link_table_clear(&w.links);
	free(w.buf);
	return rc;
}

static int visit_settle(void *ctx, int dir, const char *name, const char *path,
        const struct stat *st, struct err *err)
{
	int64_t epoch = *(const int64_t *)ctx;
	struct timespec t = {.tv_sec = st->st_mtim.tv_sec < epoch ? st->st_mtim.tv_sec : epoch};
	struct timespec both[2] = {t, t};

	if (utimensat(dir, name, both, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "set the time of '/%s'", path);
	return 0;
}

int tree_settle(const char *root, int64_t epoch, struct err *err)
{
	return tree_walk(root, visit_settle, &epoch, err);
}
