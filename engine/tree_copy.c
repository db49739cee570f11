/* A tmpfs that begins with what the root has at its place: folders, files and links, with their
 * owners and modes. */
#include "engine/engine_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 64

static int copy_folder(int from, int to, int depth, struct err *err);

static int copy_owner(int to, const char *name, const struct stat *st, struct err *err)
{
	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "set the owner of '%s'", name);
	if (!S_ISLNK(st->st_mode) && fchmodat(to, name, st->st_mode & 07777, 0) < 0)
		return err_sys(err, "set the mode of '%s'", name);
	return 0;
}

static int copy_file(int from, int to, const char *name, struct err *err)
{
	AUTO_FD int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	AUTO_FD int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n;

	if (in < 0 || out < 0)
		return err_sys(err, "copy the file '%s'", name);
	while ((n = sendfile(out, in, NULL, 1 << 20)) > 0)
		;
	return n < 0 ? err_sys(err, "copy the file '%s'", name) : 0;
}

static int copy_link(int from, int to, const char *name, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(err, "read the link '%s'", name);
	target[n] = '\0';
	return symlinkat(target, to, name) < 0 ? err_sys(err, "create the link '%s'", name) : 0;
}

static int copy_subfolder(int from, int to, const char *name, int depth, struct err *err)
{
	if (mkdirat(to, name, 0700) < 0)
		return err_sys(err, "create the folder '%s'", name);
	AUTO_FD int in = openat(from, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int out = openat(to, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
	if (in < 0 || out < 0)
		return err_sys(err, "open the folder '%s'", name);
	return copy_folder(in, out, depth + 1, err);
}

/* Devices, sockets and pipes stay where they are. */
static int copy_one(int from, int to, const char *name, int depth, struct err *err)
{
	struct stat st;
	int rc;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "look at '%s'", name);
	if (S_ISDIR(st.st_mode))
		rc = copy_subfolder(from, to, name, depth, err);
	else if (S_ISREG(st.st_mode))
		rc = copy_file(from, to, name, err);
	else if (S_ISLNK(st.st_mode))
		rc = copy_link(from, to, name, err);
	else
		return 0;
	return rc < 0 ? -1 : copy_owner(to, name, &st, err);
}

static int copy_folder(int from, int to, int depth, struct err *err)
{
	int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int rc = 0;

	if (!dir) {
		util_close_fd(&fd);
		return err_sys(err, "list a folder");
	}
	if (depth > DEPTH_MAX)
		rc = err_set(err, ERR_FAILED, "folders lie too deep");
	while (rc == 0 && (entry = readdir(dir)))
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			rc = copy_one(from, to, entry->d_name, depth, err);
	closedir(dir);
	return rc;
}

int tree_copy(int from, int to, struct err *err)
{
	struct stat st;

	if (copy_folder(from, to, 0, err) < 0)
		return -1;
	if (fstat(from, &st) < 0)
		return err_sys(err, "look at the folder");
	return copy_owner(to, ".", &st, err);
}
