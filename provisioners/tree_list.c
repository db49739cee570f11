#include "provisioners/tree_list.h"

#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_ENTRIES 2000000
#define MAX_DEPTH   200
#define MAX_FILE    (1 << 30)
#define SECOND      INT64_C(1000000000)

struct walk {
	const struct strv *exclude;
	const char *hidden;
	struct tree_list list;
	size_t room;
};

bool tree_excluded(const struct strv *exclude, const char *path, bool is_folder)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < exclude->n; i++) {
		size_t n = strlen(exclude->v[i]);
		bool folders = n && exclude->v[i][n - 1] == '/';
		AUTO_FREE char *pattern = xstrndup(exclude->v[i], folders ? n - 1 : n);
		const char *from = pattern + (*pattern == '/');
		bool whole = strchr(pattern, '/') != NULL;
		if ((is_folder || !folders) &&
		        fnmatch(from, whole ? path : name, FNM_PATHNAME) == 0)
			return true;
	}
	return false;
}

static void add(struct walk *w, const char *path, char type, const struct stat *st)
{
	if (w->list.n == w->room) {
		w->room = w->room * 2 + 64;
		w->list.v = xrealloc(w->list.v, w->room, sizeof(*w->list.v));
	}
	w->list.v[w->list.n++] = (struct tree_entry){.path = xstrdup(path),
	        .type = type,
	        .mode = st->st_mode & 0777,
	        .size = type == 'f' ? st->st_size : 0,
	        .mtime_ns = type == 'd'
	                ? 0
	                : (int64_t)st->st_mtim.tv_sec * SECOND + st->st_mtim.tv_nsec};
}

static int walk_folder(struct walk *w, int fd, const char *prefix, int depth, struct err *err);

static int walk_entry(
        struct walk *w, int dir, const char *path, const char *name, int depth, struct err *err)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(err, "look at '%s'", path);
	char type = S_ISDIR(st.st_mode) ? 'd' : S_ISREG(st.st_mode) ? 'f' : 'l';
	if ((type == 'l' && !S_ISLNK(st.st_mode)) || str_eq(w->hidden, path) ||
	        tree_excluded(w->exclude, path, type == 'd'))
		return 0;
	if (w->list.n == MAX_ENTRIES)
		return err_set(err, ERR_FAILED, "more than %d files", MAX_ENTRIES);
	add(w, path, type, &st);
	if (type != 'd')
		return 0;
	AUTO_FD int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
		        ? 0
		        : err_sys(err, "open the folder '%s'", path);
	return walk_folder(w, fd, path, depth + 1, err);
}

static int walk_folder(struct walk *w, int fd, const char *prefix, int depth, struct err *err)
{
	AUTO_FD int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again < 0 || depth > MAX_DEPTH ? NULL : fdopendir(again);
	struct dirent *e;
	int rc = 0;

	if (depth > MAX_DEPTH)
		return err_set(
		        err, ERR_FAILED, "'%s': folders are too deep within each other", prefix);
	if (!dir)
		return err_sys(err, "read the folder '%s'", *prefix ? prefix : ".");
	again = -1; /* closedir's */
	while (rc == 0 && (e = readdir(dir))) {
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		AUTO_FREE char *path =
		        *prefix ? xasprintf("%s/%s", prefix, e->d_name) : xstrdup(e->d_name);
		rc = walk_entry(w, dirfd(dir), path, e->d_name, depth, err);
	}
	closedir(dir);
	return rc;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->path, ((const struct tree_entry *)b)->path);
}

int tree_list_read(int folder, const struct strv *exclude, const char *hidden,
        struct tree_list *out, struct err *err)
{
	struct walk w = {.exclude = exclude, .hidden = hidden};

	if (walk_folder(&w, folder, "", 0, err) < 0) {
		tree_list_clear(&w.list);
		return -1;
	}
	if (w.list.n)
		qsort(w.list.v, w.list.n, sizeof(*w.list.v), by_path);
	*out = w.list;
	return 0;
}

void tree_list_clear(struct tree_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].path);
	free(list->v);
	*list = (struct tree_list){0};
}

/* "TYPE MODE SIZE MTIME PATH" and a NUL each: a path may hold anything else. */
int tree_list_save(const struct tree_list *list, const char *file, struct err *err)
{
	AUTO_STR text = {0};

	str_add(&text, "");
	for (size_t i = 0; i < list->n; i++) {
		const struct tree_entry *e = &list->v[i];
		str_addf(&text, "%c %o %" PRId64 " %" PRId64 " %s", e->type, (unsigned)e->mode,
		        e->size, e->mtime_ns, e->path);
		str_addn(&text, "", 1);
	}
	return fs_replace(file, str_text(&text), text.len, 0600, err);
}

bool tree_list_load(const char *file, struct tree_list *out)
{
	struct walk w = {0};
	AUTO_STR text = {0};
	bool good = fs_read(file, MAX_FILE, &text, NULL) == 0;

	for (size_t at = 0; good && at < text.len; at += strlen(text.buf + at) + 1) {
		unsigned mode;
		struct stat st = {0};
		int64_t size, mtime;
		char type;
		int end = 0;
		if (sscanf(text.buf + at, "%c %o %" SCNd64 " %" SCNd64 "%n", &type, &mode, &size,
		            &mtime, &end) != 4 ||
		        text.buf[at + (size_t)end] != ' ') {
			good = false;
			break;
		}
		add(&w, text.buf + at + end + 1, type, &st);
		struct tree_entry *e = &w.list.v[w.list.n - 1];
		e->mode = mode;
		e->size = size;
		e->mtime_ns = mtime;
	}
	if (!good)
		tree_list_clear(&w.list);
	*out = w.list;
	return good;
}

static bool same(const struct tree_entry *a, const struct tree_entry *b)
{
	return a->type == b->type && a->mode == b->mode && a->size == b->size &&
	        a->mtime_ns == b->mtime_ns;
}

void tree_list_compare(const struct tree_list *then, const struct tree_list *now,
        struct tree_list *changed, struct tree_list *gone)
{
	size_t i = 0, k = 0;

	*changed = (struct tree_list){.v = xcalloc(now->n + 1, sizeof(*changed->v))};
	*gone = (struct tree_list){.v = xcalloc(then->n + 1, sizeof(*gone->v))};
	while (i < then->n || k < now->n) {
		int order = i == then->n ? 1
		        : k == now->n    ? -1
		                         : strcmp(then->v[i].path, now->v[k].path);
		if (order < 0 || (order == 0 && then->v[i].type != now->v[k].type))
			gone->v[gone->n++] = then->v[i];
		if (order > 0 || (order == 0 && !same(&then->v[i], &now->v[k])))
			changed->v[changed->n++] = now->v[k];
		i += order <= 0;
		k += order >= 0;
	}
	for (size_t a = 0, b = gone->n; a + 1 < b; a++) {
		struct tree_entry swap = gone->v[a];
		gone->v[a] = gone->v[--b];
		gone->v[b] = swap;
	}
}
