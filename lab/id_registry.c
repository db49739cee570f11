#include "lab/id_registry.h"

#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* $PROV_RUN_DIR is for tests, which must not meet the host's labs. */
static char *folder_path(void)
{
	const char *run = getenv("PROV_RUN_DIR");

	return xasprintf("%s/prov-ids", run && *run ? run : "/run");
}

/* Locked, and not removed meanwhile by the last one who gave back. make false: -1 with errno where
 * there is none. EINTR: Ctrl-C, also while somebody who holds it was stopped. */
static int open_locked(const char *path, bool make)
{
	struct stat st;

	for (;;) {
		if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
			return -1;
		AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && make && errno == ENOENT)
			continue;
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX) < 0)
			return -1;
		if (fstat(fd, &st) < 0)
			return -1;
		if (st.st_nlink > 0)
			return util_steal_fd(&fd);
	}
}

int id_registry_open(const char *lab_dir, struct id_registry *out, struct err *err)
{
	AUTO_FREE char *path = folder_path();
	struct id_registry r = {.fd = -1, .lab = realpath(lab_dir, NULL)};

	if (!r.lab)
		return err_sys(err, "look at '%s'", lab_dir);
	if (geteuid() == 0 && (r.fd = open_locked(path, true)) < 0) {
		err_sys(err, "open '%s', where ranges of user ids are reserved", path);
		free(r.lab);
		return -1;
	}
	*out = r;
	return 0;
}

void id_registry_close(struct id_registry *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->lab);
	*r = (struct id_registry){.fd = -1};
}

static bool read_link(int fd, const char *name, char target[PATH_MAX])
{
	ssize_t n = readlinkat(fd, name, target, PATH_MAX - 1);

	if (n >= 0)
		target[n] = '\0';
	return n >= 0;
}

int id_registry_take(struct id_registry *r, unsigned range, struct err *err)
{
	char name[16], target[PATH_MAX];

	if (r->fd < 0)
		return 1;
	snprintf(name, sizeof(name), "%04x", range);
	if (read_link(r->fd, name, target)) {
		if (str_eq(target, r->lab))
			return 1;
		if (fs_exists(target))
			return 0;
		if (unlinkat(r->fd, name, 0) < 0)
			return err_sys(err, "remove the reservation '%s' of user ids", name);
	}
	if (symlinkat(r->lab, r->fd, name) < 0)
		return err_sys(err, "reserve the user ids '%s'", name);
	return 1;
}

static void unlink_own(int fd, const char *lab)
{
	char target[PATH_MAX];
	struct dirent *e;
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	if (!dir) {
		if (copy >= 0)
			close(copy);
		return;
	}
	while ((e = readdir(dir)))
		if (read_link(fd, e->d_name, target) && str_eq(target, lab))
			(void)!unlinkat(fd, e->d_name, 0);
	closedir(dir);
}

void id_registry_give_back(const char *lab_dir)
{
	AUTO_FREE char *path = folder_path();
	AUTO_FREE char *lab = realpath(lab_dir, NULL);
	AUTO_FD int fd = lab ? open_locked(path, false) : -1;

	if (fd < 0)
		return;
	unlink_own(fd, lab);
	(void)!rmdir(path); /* where it is empty */
}
