#include "provisioners/log_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define LINE_MAX_BYTES 65536

/* The folder is watched until the file is there, then the file alone: the machine's disk may lie in
 * the same folder. Instances of inotify are few (128 by default); without one the interval of the
 * probe has to do. */
static int watch(const char *path)
{
	AUTO_FREE char *folder = xstrdup(path);
	char *slash = strrchr(folder, '/');

	if (!slash)
		return -1;
	slash[slash == folder] = '\0';
	AUTO_FD int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd < 0 || inotify_add_watch(fd, folder, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0)
		return -1;
	return util_steal_fd(&fd);
}

int provision_log_open(struct log_probe *p, const char *path, const char *pattern, struct err *err)
{
	char why[256];
	int rc = regcomp(&p->regex, pattern, REG_EXTENDED | REG_NOSUB);

	if (rc != 0) {
		regerror(rc, &p->regex, why, sizeof(why));
		return err_set(err, ERR_CONFIG,
		        "ready: log: '%s' is not an extended regular expression: %s", pattern, why);
	}
	p->compiled = true;
	p->path = path;
	p->watch_fd = watch(path);
	return 0;
}

/* Bytes of NUL would hide the rest of their line. */
static void add_line(struct log_probe *p, const char *bytes, size_t n)
{
	size_t room = p->line.len < LINE_MAX_BYTES ? LINE_MAX_BYTES - p->line.len : 0;

	n = n < room ? n : room;
	size_t at = p->line.len;
	str_addn(&p->line, bytes, n);
	for (size_t i = at; i < p->line.len; i++)
		if (p->line.buf[i] == '\0')
			p->line.buf[i] = ' ';
}

static bool match_lines(struct log_probe *p, const char *bytes, size_t n)
{
	while (n) {
		const char *end = memchr(bytes, '\n', n);
		size_t length = end ? (size_t)(end - bytes) : n;
		add_line(p, bytes, length);
		if (p->line.len && p->line.buf[p->line.len - 1] == '\r')
			p->line.buf[--p->line.len] = '\0';
		if (regexec(&p->regex, str_text(&p->line), 0, NULL, 0) == 0)
			return true;
		if (!end)
			return false;
		str_reset(&p->line);
		bytes += length + 1;
		n -= length + 1;
	}
	return false;
}

static void drain_watch(const struct log_probe *p)
{
	char events[4096];

	while (p->watch_fd >= 0 && read(p->watch_fd, events, sizeof(events)) > 0)
		;
}

/* The watch begins before the first byte is read, so that nothing falls between. */
static int open_log(struct log_probe *p, struct err *err)
{
	p->fd = open(p->path, O_RDONLY | O_CLOEXEC);
	if (p->fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, "open '%s'", p->path);
	if (p->watch_fd >= 0 && inotify_add_watch(p->watch_fd, p->path, IN_MODIFY) < 0)
		util_close_fd(&p->watch_fd);
	return 0;
}

int provision_log_read(struct log_probe *p, bool *found, struct err *err)
{
	char buf[16384];
	ssize_t n = 0;

	drain_watch(p);
	if (p->fd < 0 && open_log(p, err) < 0)
		return -1;
	while (p->fd >= 0 && (n = read(p->fd, buf, sizeof(buf))) > 0)
		if (match_lines(p, buf, (size_t)n)) {
			*found = true;
			return 0;
		}
	return n < 0 ? err_sys(err, "read '%s'", p->path) : 0;
}

void provision_log_close(struct log_probe *p)
{
	if (p->compiled)
		regfree(&p->regex);
	util_close_fd(&p->watch_fd);
	util_close_fd(&p->fd);
	str_clear(&p->line);
	*p = LOG_PROBE_NONE;
}
