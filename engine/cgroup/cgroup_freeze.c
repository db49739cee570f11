/* All processes of a group stopped at once, and going on. */
#include "engine/cgroup/cgroup_file.h"

#include "base/clock.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* A process that hangs in the kernel does not stop. */
#define FREEZE_LIMIT_NS INT64_C(10000000000)

/* On its way counts: who was killed while he froze it left it so, and nothing runs reliably. */
bool cgroup_is_frozen(const struct cgroup_tree *tree, const char *group)
{
	AUTO_STR text = {0};

	return cgroup_read(tree, group, CG_FREEZER, "freezer.state", "cgroup.freeze", &text) &&
	        !str_eq(str_text(&text), "THAWED\n") && !str_eq(str_text(&text), "0\n");
}

static bool reached(const struct cgroup_tree *tree, const char *group, bool freeze)
{
	AUTO_STR text = {0};

	if (!cgroup_read(tree, group, CG_FREEZER, "freezer.state", "cgroup.events", &text))
		return false;
	return str_eq(str_text(&text), freeze ? "FROZEN\n" : "THAWED\n") ||
	        strstr(str_text(&text), freeze ? "frozen 1" : "frozen 0");
}

/* v2 tells by an event. v1 tells nobody and freezes what it missed (a process just cloned) when its
 * file is read or written again. */
static void wait_a_moment(int events, const char *path, const char *value)
{
	struct pollfd fd = {events, POLLPRI, 0};

	poll(&fd, 1, events >= 0 ? 100 : 1);
	if (events < 0 && fs_write_attr(path, value, NULL) < 0)
		return;
}

static int write_and_wait(const struct cgroup_tree *tree, const char *group, const char *path,
        bool freeze, struct err *err)
{
	const bool v2 = strstr(path, "cgroup.freeze") != NULL;
	const char *value = v2 ? (freeze ? "1" : "0") : (freeze ? "FROZEN" : "THAWED");
	AUTO_FREE char *events = cgroup_file(tree, group, CG_FREEZER, NULL, "cgroup.events");
	AUTO_FD int fd = events ? open(events, O_RDONLY | O_CLOEXEC) : -1;
	int64_t deadline = clock_mono_ns() + FREEZE_LIMIT_NS;
	char buf[256];

	if (fs_write_attr(path, value, err) < 0)
		return -1;
	while (!reached(tree, group, freeze)) {
		if (clock_mono_ns() > deadline)
			return err_set(err, ERR_FAILED,
			        "the processes of the cgroup '%s' cannot be stopped: one hangs in "
			        "the kernel",
			        group);
		/* What was read last is what poll compares with. */
		if (fd >= 0 && pread(fd, buf, sizeof(buf), 0) > 0 && reached(tree, group, freeze))
			break;
		wait_a_moment(fd, path, value);
	}
	return 0;
}

int cgroup_freeze(const struct cgroup_tree *tree, const char *group, bool freeze, struct err *err)
{
	AUTO_FREE char *path =
	        cgroup_file(tree, group, CG_FREEZER, "freezer.state", "cgroup.freeze");
	struct err ignored;

	if (!path)
		return err_set(err, ERR_MISSING, "the cgroup '%s' cannot be frozen: %s", group,
		        cgroup_exists(tree, group) ? "this kernel has no freezer"
		                                   : "there is none of that name");
	int rc = write_and_wait(tree, group, path, freeze, err);
	/* Half of it stopped is nothing that anybody asked for. */
	if (rc < 0 && freeze && write_and_wait(tree, group, path, false, &ignored) < 0)
		return -1;
	return rc;
}
