#include "boxes/transfer/beneath.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int beneath_open(int root, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
	        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

static int explain(const char *path, const char *parent, struct err *err)
{
	AUTO_STR shown = {0};

	str_add_escaped(&shown, path, strnlen(path, 300));
	if (errno == ELOOP)
		return err_set(err, ERR_FAILED, "refused: '%s' leads through a symbolic link",
		        str_text(&shown));
	if (errno == ENOTDIR)
		return err_set(
		        err, ERR_FAILED, "refused: '%s' leads through a file", str_text(&shown));
	return err_sys(err, "open folder '%.300s'", parent);
}

/* Makes every folder of the path that is missing. */
static int make_folders(int root, const char *path, void (*made)(void *, const char *), void *ctx)
{
	AUTO_FREE char *copy = xstrdup(path);
	AUTO_FD int at = beneath_open(root, ".", O_PATH | O_DIRECTORY);

	for (char *p = copy, *end; at >= 0 && *p; p = end) {
		end = p + strcspn(p, "/");
		char keep = *end;
		*end = '\0';
		if (mkdirat(at, p, 0755) == 0)
			made(ctx, copy);
		else if (errno != EEXIST)
			return -1;
		int next = beneath_open(root, copy, O_PATH | O_DIRECTORY);
		util_close_fd(&at);
		at = next;
		*end = keep;
		end += keep == '/';
	}
	return util_steal_fd(&at);
}

int beneath_parent(int root, const char *path, const char **name,
        void (*made)(void *ctx, const char *path), void *ctx, struct err *err)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *parent = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");

	*name = slash ? slash + 1 : path;
	int fd = beneath_open(root, parent, O_PATH | O_DIRECTORY);
	if (fd < 0 && errno == ENOENT && made)
		fd = make_folders(root, parent, made, ctx);
	return fd < 0 ? explain(path, parent, err) : fd;
}
