/* Walking a tree in its canonical order, and what is needed on the way. */
#include "boxes/transfer/tree.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DEPTH_MAX 200

struct linked {
	dev_t dev;
	ino_t ino;
	char *path;
};

/* Open addressing; cap is a power of two. */
static struct linked *slot_of(const struct link_table *t, dev_t dev, ino_t ino)
{
	size_t i = (ino * 0x9e3779b97f4a7c15u ^ dev) & (t->cap - 1);

	while (t->slots[i].path && (t->slots[i].ino != ino || t->slots[i].dev != dev))
		i = (i + 1) & (t->cap - 1);
	return &t->slots[i];
}

static void grow(struct link_table *t)
{
	struct link_table bigger = {.cap = t->cap ? t->cap * 2 : 256, .n = t->n};

	bigger.slots = xcalloc(bigger.cap, sizeof(*bigger.slots));
	for (size_t i = 0; i < t->cap; i++)
		if (t->slots[i].path)
			*slot_of(&bigger, t->slots[i].dev, t->slots[i].ino) = t->slots[i];
	free(t->slots);
	*t = bigger;
}

const char *link_table_first(struct link_table *t, const struct stat *st, const char *path)
{
	if (t->n * 2 >= t->cap)
		grow(t);
	struct linked *slot = slot_of(t, st->st_dev, st->st_ino);
	if (slot->path)
		return slot->path;
	*slot = (struct linked){st->st_dev, st->st_ino, xstrdup(path)};
	t->n++;
	return NULL;
}

void link_table_clear(struct link_table *t)
{
	for (size_t i = 0; i < t->cap; i++)
		free(t->slots[i].path);
	free(t->slots);
	*t = (struct link_table){0};
}

/* By the link itself in /proc: there is no lgetxattr relative to a folder. */
int tree_xattrs(int dir, const char *name, struct strv *out, struct err *err)
{
	AUTO_FREE char *at = xasprintf("/proc/self/fd/%d/%s", dir, name);
	AUTO_FREE char *list = xmalloc(XATTR_LIST_MAX);
	ssize_t n = llistxattr(at, list, XATTR_LIST_MAX);

	if (n < 0)
		return errno == ENOTSUP ? 0 : err_sys(err, "list the extended attributes");
	for (char *p = list; p < list + n; p += strlen(p) + 1)
		if (!str_eq(p, "security.selinux"))
			strv_add(out, p);
	strv_sort(out);
	return 0;
}

ssize_t tree_xattr(int dir, const char *name, const char *attribute, void *value, size_t max)
{
	AUTO_FREE char *at = xasprintf("/proc/self/fd/%d/%s", dir, name);

	return lgetxattr(at, attribute, value, max);
}

int tree_open(int dir, const char *name, int flags)
{
	int fd = openat(dir, name, flags | O_NOATIME | O_CLOEXEC);

	return fd < 0 && errno == EPERM ? openat(dir, name, flags | O_CLOEXEC) : fd;
}

/* Names of the folder behind fd, sorted, without . and .. */
static int names_of(int fd, const char *path, struct strv *out, struct err *err)
{
	int again = tree_open(fd, ".", O_RDONLY | O_DIRECTORY);

	if (again < 0 || fs_list_fd(again, out) < 0)
		return err_sys(err, "open folder '/%s'", path);
	return 0;
}

/* Calls visit for each entry before what is in it. path is relative to the root, whose own is "".
 */
static int walk_at(int parent, const char *name, const char *path, int depth, tree_visit *visit,
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
	AUTO_FD int fd = tree_open(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
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

int tree_walk(const char *root, tree_visit *visit, void *ctx, struct err *err)
{
	AUTO_FD int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "open folder '%s'", root);
	return walk_at(fd, ".", "", 0, visit, ctx, err);
}
