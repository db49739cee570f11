#include "transports/exec_user.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_FILE (1 << 20)

int exec_open_in(int root, const char *path, int flags)
{
	struct open_how how = {
	        .flags = (unsigned)(flags | O_CLOEXEC),
	        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* The next line, cut off in place; NULL at the end. */
static char *next_line(char **rest)
{
	char *line = *rest, *end;

	if (!line || !*line)
		return NULL;
	end = line + strcspn(line, "\n");
	*rest = *end ? end + 1 : end;
	*end = '\0';
	return line;
}

/* Splits at ':' in place; false unless there are exactly n fields. */
static bool split(char *line, char **fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fields[i] = line;
		line = strchr(line, ':');
		if (!line)
			return i + 1 == n;
		*line++ = '\0';
	}
	return false;
}

static bool parse_id(const char *text, uint32_t *out)
{
	uint64_t value = 0;

	if (!*text || strlen(text) > 10)
		return false;
	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9')
			return false;
		value = value * 10 + (uint64_t)(*p - '0');
	}
	if (value >= UINT32_MAX) /* -1 means "leave as it is" to setresuid(2) */
		return false;
	*out = (uint32_t)value;
	return true;
}

static void fill(struct exec_user *u, uid_t uid, gid_t gid, const char *name, const char *home,
        const char *shell)
{
	u->uid = uid;
	u->gid = gid;
	u->name = xstrdup(name);
	u->home = xstrdup(*home ? home : "/");
	u->shell = xstrdup(*shell ? shell : "/bin/sh");
}

static bool find_in_passwd(const char *who, const char *passwd, struct exec_user *u)
{
	AUTO_FREE char *copy = xstrdup(passwd);
	char *rest = copy, *line, *f[7];
	uint32_t number, uid, gid;
	bool by_number = parse_id(who, &number);

	while ((line = next_line(&rest))) {
		if (!split(line, f, 7) || !*f[0] || !parse_id(f[2], &uid) || !parse_id(f[3], &gid))
			continue;
		if (by_number ? uid != number : strcmp(f[0], who) != 0)
			continue;
		fill(u, uid, gid, f[0], f[5], f[6]);
		return true;
	}
	return false;
}

static bool has_member(char *members, const char *name)
{
	for (char *next; members; members = next) {
		next = strchr(members, ',');
		if (next)
			*next++ = '\0';
		if (strcmp(members, name) == 0)
			return true;
	}
	return false;
}

static void find_groups(const char *group, struct exec_user *u)
{
	AUTO_FREE char *copy = xstrdup(group);
	char *rest = copy, *line, *f[4];
	uint32_t gid;

	while ((line = next_line(&rest)) && u->n_groups < 65536) {
		if (!split(line, f, 4) || !parse_id(f[2], &gid) || gid == u->gid ||
		        !has_member(f[3], u->name))
			continue;
		u->groups = xrealloc(u->groups, u->n_groups + 1, sizeof(*u->groups));
		u->groups[u->n_groups++] = gid;
	}
}

static bool find_gid(const char *name, const char *group, gid_t *out)
{
	AUTO_FREE char *copy = xstrdup(group);
	char *rest = copy, *line, *f[4];
	uint32_t gid;

	if (parse_id(name, &gid)) {
		*out = gid;
		return true;
	}
	while (*name && (line = next_line(&rest))) {
		if (!split(line, f, 4) || strcmp(f[0], name) != 0 || !parse_id(f[2], &gid))
			continue;
		*out = gid;
		return true;
	}
	return false;
}

static bool find_user(const char *who, const char *passwd, struct exec_user *u)
{
	uint32_t number;

	if (find_in_passwd(who, passwd, u))
		return true;
	if (strcmp(who, "root") == 0 || strcmp(who, "0") == 0)
		fill(u, 0, 0, "root", "/root", "");
	else if (parse_id(who, &number))
		fill(u, number, 0, who, "/", "");
	return u->name != NULL;
}

int exec_user_parse(const char *who, const char *passwd, const char *group, struct exec_user *out,
        struct err *err)
{
	const char *own = strchr(who, ':'); /* the group that is asked for */
	AUTO_FREE char *name = xstrndup(who, own ? (size_t)(own - who) : strlen(who));
	struct exec_user user = {0};

	if (!find_user(name, passwd, &user))
		return err_set(err, ERR_MISSING, "there is no user '%s' in the machine", name);
	if (!own) {
		find_groups(group, &user);
	} else if (!find_gid(own + 1, group, &user.gid)) {
		exec_user_clear(&user);
		return err_set(err, ERR_MISSING, "there is no group '%s' in the machine", own + 1);
	}
	*out = user;
	return 0;
}

/* Absent is empty; anything but a plain file too, and without being blocked by a FIFO. */
static int read_in(int root, const char *path, struct str *out, struct err *err)
{
	AUTO_FD int fd = exec_open_in(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	char buf[8192];
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, "open '%s' of the machine", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, ERR_FAILED, "'%s' of the machine is no file", path);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if (out->len + (size_t)n > MAX_FILE)
			return err_set(err, ERR_FAILED, "'%s' of the machine is too large", path);
		str_addn(out, buf, (size_t)n);
	}
	return n < 0 ? err_sys(err, "read '%s' of the machine", path) : 0;
}

int exec_user_find(const char *who, int root, struct exec_user *out, struct err *err)
{
	AUTO_STR passwd = {0}, group = {0};

	if (read_in(root, "/etc/passwd", &passwd, err) < 0 ||
	        read_in(root, "/etc/group", &group, err) < 0)
		return -1;
	return exec_user_parse(who, str_text(&passwd), str_text(&group), out, err);
}

void exec_user_clear(struct exec_user *user)
{
	free(user->groups);
	free(user->name);
	free(user->home);
	free(user->shell);
	*user = (struct exec_user){0};
}
