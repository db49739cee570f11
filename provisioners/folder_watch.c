#include "provisioners/folders.h"

#include "base/clock.h"
#include "base/fs.h"
#include "provisioners/tree_list.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#define QUIET_MS 50  /* without another change, before what has changed is sent */
#define MOST_MS  400 /* where they never end */
#define MS_NS    INT64_C(1000000)

#define CHANGES                                                                             \
	(IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | \
	        IN_MODIFY | IN_DELETE_SELF)

int folder_watch_open(struct folder_watch *watch, struct err *err)
{
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return watch->fd < 0 ? err_sys(err, "watch for changes") : 0;
}

static int add_one(struct folder_watch *watch, int folder, const char *path, struct err *err)
{
	AUTO_FD int fd = fs_open_beneath(folder, path, O_PATH | O_DIRECTORY, 0);
	char name[32];

	if (fd < 0)
		return 0; /* it has gone since */
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (inotify_add_watch(watch->fd, name, CHANGES | IN_ONLYDIR) >= 0)
		return 0;
	err_sys(err, "watch '%s'", path);
	if (err->sys_errno != ENOSPC)
		return -1;
	err->kind = ERR_HOST;
	return err_hint(err, "sysctl fs.inotify.max_user_watches=1048576, or exclude more");
}

int folder_watch_add(struct folder_watch *watch, const struct machine_spec *spec,
        const struct folder_use *folder, struct err *err)
{
	AUTO_FREE char *hidden = folder_hidden(spec, folder);
	struct tree_list list;
	AUTO_FD int fd = -1;

	if (folder_open(folder, &fd, err) < 0 || add_one(watch, fd, ".", err) < 0 ||
	        tree_list_read(fd, &folder->exclude, hidden, &list, err) < 0)
		return -1;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < list.n; i++)
		if (list.v[i].type == 'd')
			rc = add_one(watch, fd, list.v[i].path, err);
	tree_list_clear(&list);
	return rc;
}

static void drain(const struct folder_watch *watch)
{
	char buf[16384];

	while (read(watch->fd, buf, sizeof(buf)) > 0)
		;
}

int folder_watch_wait(struct folder_watch *watch, const volatile int *stop, struct err *err)
{
	struct pollfd p = {.fd = watch->fd, .events = POLLIN};
	int64_t first = 0;

	for (;;) {
		if (stop && *stop)
			return 0;
		int n = poll(&p, 1, first ? QUIET_MS : 1000);
		if (n < 0 && errno != EINTR)
			return err_sys(err, "wait for changes");
		if (n > 0) {
			drain(watch);
			first = first ? first : clock_mono_ns();
		}
		if (first && (n == 0 || clock_mono_ns() - first > MOST_MS * MS_NS))
			return 1;
	}
}
