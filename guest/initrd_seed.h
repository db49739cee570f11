/* The machine's identity (core/seed.h) copied into the root file system of its box. */
#pragma once

#include "guest/initrd_boot.h"

#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Opens a path of the box as the running system would see it: its links cannot lead out of its
 * root. */
static int open_in_root(int root, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* Opens the folder of path, making what is missing; a new folder belongs to whom its parent belongs
 * to. */
static int open_parent(int root, char *path, const char **name)
{
	int fd = open_in_root(root, "/", O_PATH | O_DIRECTORY);

	for (char *p = path + 1, *slash; fd >= 0 && (slash = strchr(p, '/')); p = slash + 1) {
		*slash = '\0';
		int next = open_in_root(root, path, O_PATH | O_DIRECTORY);
		struct stat st;
		if (next < 0 && errno == ENOENT && mkdirat(fd, p, 0755) == 0) {
			next = open_in_root(root, path, O_PATH | O_DIRECTORY);
			if (fstat(fd, &st) == 0 &&
			        fchownat(fd, p, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
				warn("cannot give %s its owner: %s", path, strerror(errno));
		}
		*slash = '/';
		close(fd);
		fd = next;
	}
	*name = strrchr(path, '/') + 1;
	return fd;
}

static bool copy_bytes(int to, const char *bytes, size_t n)
{
	while (n) {
		ssize_t k = write(to, bytes, n);
		if (k <= 0)
			return false;
		bytes += k;
		n -= (size_t)k;
	}
	return true;
}

static char *slurp(int fd, size_t *n)
{
	struct stat st;
	char *bytes;

	if (fd < 0 || fstat(fd, &st) < 0 || !(bytes = malloc((size_t)st.st_size + 1)))
		return NULL;
	ssize_t got = pread(fd, bytes, (size_t)st.st_size, 0);
	*n = got > 0 ? (size_t)got : 0;
	bytes[*n] = '\0';
	return bytes;
}

struct seed_line {
	char flags[8], path[512];
	unsigned mode, uid, gid;
};

/* Replaces (tmp and rename, so that a link of the box is not followed) or appends what is not there
 * yet. */
static bool place(
        int dir, const char *name, const struct seed_line *line, const char *bytes, size_t n)
{
	bool append = strchr(line->flags, 'a') != NULL, first = strchr(line->flags, 'f') != NULL;
	size_t have_n = 0;
	int have = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *old = slurp(have, &have_n);
	bool done = (first && have_n) || (append && old && strstr(old, bytes));

	if (have >= 0)
		close(have);
	if (!done) {
		int fd = openat(dir, ".prov-seed",
		        O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
		done = fd >= 0;
		if (append && old && have_n)
			done = done && copy_bytes(fd, old, have_n) &&
			        (old[have_n - 1] == '\n' || copy_bytes(fd, "\n", 1));
		done = done && copy_bytes(fd, bytes, n) && fchown(fd, line->uid, line->gid) == 0 &&
		        fchmod(fd, line->mode) == 0 && renameat(dir, ".prov-seed", dir, name) == 0;
		if (fd >= 0)
			close(fd);
	}
	free(old);
	return done;
}

static void copy_seed(void)
{
	FILE *list = fopen(SEED "/list", "re");
	int root = open(NEWROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct seed_line line;
	char from[600];

	while (list &&
	        fscanf(list, "%7s %o %u %u %511[^\n]", line.flags, &line.mode, &line.uid, &line.gid,
	                line.path) == 5) {
		const char *name;
		size_t n = 0;
		snprintf(from, sizeof(from), SEED "%s", line.path);
		int in = open(from, O_RDONLY | O_CLOEXEC);
		char *bytes = slurp(in, &n);
		int dir = bytes ? open_parent(root, line.path, &name) : -1;
		if (dir < 0 || !place(dir, name, &line, bytes, n))
			warn("cannot place %s: %s", line.path, strerror(errno));
		free(bytes);
		if (in >= 0)
			close(in);
		if (dir >= 0)
			close(dir);
	}
	if (list)
		fclose(list);
	if (root >= 0)
		close(root);
}
