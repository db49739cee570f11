#include "boxes/transfer/tree.h"

#include "base/fs.h"

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

#define DEPTH_MAX 200

/* A file with several names: where it was met first. */
struct linked {
	dev_t dev;
	ino_t ino;
	char *path;
};

struct walk {
	const struct box_job *job;
	struct digest digest;
	struct job_meter meter;
	struct linked *links; /* open addressing, a power of two */
	size_t n_links, links_cap;
	int64_t inodes;
	char *buf;
};

enum { CHUNK = 256 * 1024 };

static struct linked *link_slot(const struct walk *w, dev_t dev, ino_t ino)
{
	size_t i = (ino * 0x9e3779b97f4a7c15u ^ dev) & (w->links_cap - 1);

	while (w->links[i].path && (w->links[i].ino != ino || w->links[i].dev != dev))
		i = (i + 1) & (w->links_cap - 1);
	return &w->links[i];
}

/* The path under which this file was met before, or NULL: then it is remembered. */
static const char *link_known(struct walk *w, const struct stat *st, const char *path)
{
	if (w->n_links * 2 >= w->links_cap) {
		struct linked *old = w->links;
		size_t cap = w->links_cap;
		w->links_cap = cap ? cap * 2 : 256;
		w->links = xcalloc(w->links_cap, sizeof(*old));
		for (size_t i = 0; i < cap; i++)
			if (old[i].path)
				*link_slot(w, old[i].dev, old[i].ino) = old[i];
		free(old);
	}
	struct linked *slot = link_slot(w, st->st_dev, st->st_ino);
	if (slot->path)
		return slot->path;
	*slot = (struct linked){st->st_dev, st->st_ino, xstrdup(path)};
	w->n_links++;
	return NULL;
}

/* Reading leaves no trace in the access time where this is allowed (to the owner): the disk is made
 * with it. */
static int open_quietly(int dir, const char *name, int flags)
{
	int fd = openat(dir, name, flags | O_NOATIME | O_CLOEXEC);

	return fd < 0 && errno == EPERM ? openat(dir, name, flags | O_CLOEXEC) : fd;
}

static int add_content(struct walk *w, int dir, const char *name, const char *path, struct err *err)
{
	AUTO_FD int fd = open_quietly(dir, name, O_RDONLY | O_NOFOLLOW);
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

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* By the link itself in /proc, because there is no lgetxattrat. */
static int add_xattrs(struct walk *w, int dir, const char *name, const char *path, struct err *err)
{
	AUTO_FREE char *at = xasprintf("/proc/self/fd/%d/%s", dir, name);
	char list[4096], value[65536];
	AUTO_STRV names = {0};
	ssize_t n = llistxattr(at, list, sizeof(list));

	if (n < 0 && errno != ENOTSUP)
		return err_sys(err, "list the attributes of '/%s'", path);
	for (char *p = list; p < list + n; p += strlen(p) + 1)
		if (!str_eq(p, "security.selinux"))
			strv_add(&names, p);
	if (names.n)
		qsort(names.v, names.n, sizeof(char *), compare_names);
	for (size_t i = 0; i < names.n; i++) {
		ssize_t size = lgetxattr(at, names.v[i], value, sizeof(value));
		if (size < 0)
			return err_sys(err, "read the attribute %s of '/%s'", names.v[i], path);
		digest_field(&w->digest, "xattr", names.v[i]);
		digest_number(&w->digest, "length", size);
		digest_add(&w->digest, value, (size_t)size);
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
	const char *first =
	        st->st_nlink > 1 && !S_ISDIR(st->st_mode) ? link_known(w, st, path) : NULL;
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

/* Names of the folder behind fd, sorted, without . and .. */
static int names_of(int fd, const char *path, struct strv *out, struct err *err)
{
	int again = open_quietly(fd, ".", O_RDONLY | O_DIRECTORY);
	DIR *dir = again < 0 ? NULL : fdopendir(again);

	if (!dir) {
		util_close_fd(&again);
		return err_sys(err, "open folder '/%s'", path);
	}
	for (struct dirent *e; (e = readdir(dir));)
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			strv_add(out, e->d_name);
	closedir(dir);
	if (out->n)
		qsort(out->v, out->n, sizeof(char *), compare_names);
	return 0;
}

typedef int visit_fn(void *ctx, int dir, const char *name, const char *path, const struct stat *st,
        struct err *err);

/* Calls visit for each entry before what is in it. path is relative to the root, whose own is "".
 */
static int walk_at(int parent, const char *name, const char *path, int depth, visit_fn *visit,
        void *ctx, struct err *err)
{
	struct stat st;
	AUTO_STRV names = {0};

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "look at '/%s'", path);
	if (visit(ctx, parent, name, path, &st, err) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (depth > DEPTH_MAX)
		return err_set(err, ERR_FAILED, "folders are nested deeper than %d: '/%.200s'",
		        DEPTH_MAX, path);
	AUTO_FD int fd = open_quietly(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (fd < 0)
		return err_sys(err, "open folder '/%s'", path);
	if (names_of(fd, path, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *sub = xasprintf("%s%s%s", path, *path ? "/" : "", names.v[i]);
		if (walk_at(fd, names.v[i], sub, depth + 1, visit, ctx, err) < 0)
			return -1;
	}
	return 0;
}

static int visit_digest(void *ctx, int dir, const char *name, const char *path,
        const struct stat *st, struct err *err)
{
	return add_entry(ctx, dir, name, path, st, err);
}

static int walk_root(const char *root, visit_fn *visit, void *ctx, struct err *err)
{
	AUTO_FD int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "open folder '%s'", root);
	return walk_at(fd, ".", "", 0, visit, ctx, err);
}

int tree_digest(const struct box_job *job, const char *root, struct tree_sum *out, struct err *err)
{
	struct walk w = {.job = job, .meter = {.what = "hash the tree"}, .buf = xmalloc(CHUNK)};

	digest_init(&w.digest);
	digest_field(&w.digest, "tree", "1");
	int rc = walk_root(root, visit_digest, &w, err);
	if (rc == 0) {
		digest_hex(&w.digest, out->digest);
		out->bytes = w.meter.done;
		out->inodes = w.inodes;
	}
	for (size_t i = 0; i < w.links_cap; i++)
		free(w.links[i].path);
	free(w.links);
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
	return walk_root(root, visit_settle, &epoch, err);
}
