/*
 * The seed written into a container's upper layer. The guest has written there before: nothing is
 * opened through a symbolic link, and a file is made beside its place and renamed over it, whatever
 * stands there (a whiteout, a link).
 */
#include "core/seed.h"

#include "base/fs.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct trees {
	int upper, lower; /* folders; lower is -1 where there is none */
};

/* A folder of the upper layer hides mode and owner of the one below: they are taken along. parent
 * is the folder above, which was opened beneath the root. */
static int make_folder(
        const struct trees *t, int parent, const char *name, const char *folder, struct err *err)
{
	struct stat st = {.st_mode = 0755};
	AUTO_FD int below =
	        t->lower < 0 ? -1 : fs_open_beneath(t->lower, folder, O_PATH | O_DIRECTORY, 0);

	if (mkdirat(parent, name, 0700) < 0)
		return errno == EEXIST ? 0 : err_sys(err, "create folder '%s'", folder);
	if (below >= 0 && fstat(below, &st) < 0)
		return err_sys(err, "look at '%s'", folder);
	AUTO_FD int made = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (made < 0 || fchown(made, st.st_uid, st.st_gid) < 0 ||
	        fchmod(made, st.st_mode & 07777) < 0)
		return err_sys(err, "set mode and owner of '%s'", folder);
	return 0;
}

/* Opens the folder that holds path in the upper layer, making what is missing on the way: each part
 * in the one before, which no link can take the place of any more. */
static int open_parent(const struct trees *t, const char *path, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(path);
	int at = fs_open_beneath(t->upper, "/", O_RDONLY | O_DIRECTORY, 0);

	for (char *name = copy + 1, *p; at >= 0 && (p = strchr(name, '/')); name = p + 1) {
		*p = '\0';
		int next = fs_open_beneath(at, name, O_RDONLY | O_DIRECTORY, 0);
		if (next < 0 && errno == ENOENT) {
			if (make_folder(t, at, name, copy, err) < 0) {
				close(at);
				return -1;
			}
			next = fs_open_beneath(at, name, O_RDONLY | O_DIRECTORY, 0);
		}
		int code = errno;
		close(at);
		errno = code;
		at = next;
		if (at < 0)
			return err_sys(err, "open folder '%s' of the machine", copy);
		*p = '/';
	}
	return at < 0 ? err_sys(err, "open folder '/' of the machine") : at;
}

/* What the machine sees at path now: the upper layer's file, else the lower's. Absent is empty. */
static void read_merged(const struct trees *t, const char *path, struct str *out)
{
	AUTO_FD int fd = fs_open_beneath(t->upper, path, O_RDONLY | O_NONBLOCK, 0);
	char buf[4096];
	ssize_t n;

	if (fd < 0 && errno == ENOENT && t->lower >= 0)
		fd = fs_open_beneath(t->lower, path, O_RDONLY | O_NONBLOCK, 0);
	while (fd >= 0 && out->len < 1 << 20 && (n = read(fd, buf, sizeof(buf))) > 0)
		str_addn(out, buf, (size_t)n);
}

static int replace_in(int parent, const char *name, const struct seed_file *f,
        const struct str *text, struct err *err)
{
	static const char tmp[] = ".prov-seed.tmp";

	if (unlinkat(parent, tmp, 0) < 0 && errno != ENOENT)
		return err_sys(err, "remove an old '%s'", tmp);
	AUTO_FD int fd =
	        openat(parent, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "create '%s'", tmp);
	if (io_write_all(fd, str_text(text), text->len, err) < 0)
		return -1;
	if (fchown(fd, f->uid, f->gid) < 0 || fchmod(fd, f->mode) < 0)
		return err_sys(err, "set mode and owner");
	if (renameat(parent, tmp, parent, name) < 0)
		return err_sys(err, "put it in its place");
	return 0;
}

static int write_file(const struct trees *t, const struct seed_file *f, struct err *err)
{
	AUTO_STR text = {0};

	if (f->append || f->first_boot)
		read_merged(t, f->path, &text);
	if (f->first_boot && text.len)
		return 0;
	if (f->append && strstr(str_text(&text), f->bytes))
		return 0;
	str_addn(&text, f->bytes, f->n);
	AUTO_FD int parent = open_parent(t, f->path, err);
	if (parent < 0)
		return -1;
	return replace_in(parent, strrchr(f->path, '/') + 1, f, &text, err);
}

int seed_write_tree(const struct seed *seed, const char *root, const char *lower, struct err *err)
{
	AUTO_FD int upper_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int lower_fd = lower ? open(lower, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct trees trees = {upper_fd, lower_fd};

	if (upper_fd < 0)
		return err_sys(err, "open folder '%s'", root);
	if (lower && lower_fd < 0)
		return err_sys(err, "open folder '%s'", lower);
	for (size_t i = 0; i < seed->n; i++)
		if (write_file(&trees, &seed->files[i], err) < 0)
			return err_wrap(err, "write '%s' of the machine", seed->files[i].path);
	return 0;
}
