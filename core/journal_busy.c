/* Who holds a lock, for people: /proc/locks (proc(5)) names the process by device and inode. */
#include "core/journal_internal.h"

#include "base/fs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { LONGEST_COMMAND = 120 };

/* A line is "1: FLOCK  ADVISORY  WRITE 123 fe:01:4711 0 EOF". Overlay and btrfs show other device
 * numbers there than stat(2) gives, so an equal inode alone is the second choice. */
static pid_t find_holder(const char *locks, const struct stat *st)
{
	pid_t second = 0;

	for (const char *p = locks; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		int pid;
		unsigned major_no, minor_no;
		uint64_t inode;
		if (sscanf(p, "%*d: FLOCK %*s WRITE %d %x:%x:%" SCNu64, &pid, &major_no, &minor_no,
		            &inode) != 4 ||
		        inode != st->st_ino)
			continue;
		if (major_no == major(st->st_dev) && minor_no == minor(st->st_dev))
			return pid;
		second = pid;
	}
	return second;
}

static void command_of(pid_t pid, struct str *out)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/cmdline", pid);
	AUTO_STR raw = {0};
	const char *start;

	if (fs_read(path, 65536, &raw, NULL) < 0 || raw.len == 0) {
		str_add(out, "a process");
		return;
	}
	/* The program without its folder, then its arguments. */
	start = strrchr(str_text(&raw), '/');
	start = start ? start + 1 : str_text(&raw);
	size_t n = raw.len - (size_t)(start - raw.buf);
	for (size_t i = (size_t)(start - raw.buf); i < raw.len; i++)
		if (raw.buf[i] == '\0')
			raw.buf[i] = ' ';
	while (n && start[n - 1] == ' ')
		n--;
	str_add_escaped(out, start, n > LONGEST_COMMAND ? LONGEST_COMMAND : n);
	if (n > LONGEST_COMMAND)
		str_add(out, "…");
}

/* 0: none is found, or it is of another PID namespace. */
static pid_t holder_of(int fd)
{
	AUTO_STR locks = {0};
	struct stat st;

	if (fstat(fd, &st) < 0 || fs_read("/proc/locks", 16u << 20, &locks, NULL) < 0)
		return 0;
	return find_holder(str_text(&locks), &st);
}

void journal_await_holder(int fd, int64_t timeout_ns)
{
	pid_t pid = holder_of(fd);
	AUTO_FD int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	struct pollfd end = {.fd = pidfd, .events = POLLIN};

	/* A holder that cannot be watched is looked for again soon. */
	int64_t ms = timeout_ns / 1000000 + 1;
	poll(&end, 1, (int)(pidfd < 0 && ms > 10 ? 10 : ms));
}

pid_t journal_holder(const char *path, struct str *command)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	pid_t pid = fd < 0 ? 0 : holder_of(fd);

	if (pid > 0)
		command_of(pid, command);
	return pid > 0 ? pid : 0;
}

int journal_busy(int fd, const char *path, struct err *err)
{
	AUTO_STR command = {0};
	pid_t pid = holder_of(fd);

	if (pid <= 0) /* of another PID namespace, or gone meanwhile */
		return err_set(err, ERR_BUSY, "'%s' is held by another process", path);
	command_of(pid, &command);
	err_set(err, ERR_BUSY, "'%s' is held by %s (pid %d)", path, str_text(&command), pid);
	return err_hint(err, "wait until it has ended, or stop it with Ctrl-C where it runs");
}
