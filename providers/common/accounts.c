#include "providers/common/accounts.h"

#include "base/io.h"
#include "transports/exec_user.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FILE (1 << 20)

/* Links of the machine stay in its root; a file of any other kind is none. */
static bool read_in(const char *root, const char *path, struct str *out)
{
	AUTO_FD int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int fd = folder < 0
	        ? -1
	        : exec_open_in(folder, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	return fd >= 0 && io_read_plain(fd, MAX_FILE, out) == 0;
}

static void read_first(const char *const *roots, size_t n, const char *path, struct str *out)
{
	for (size_t i = 0; i < n; i++)
		if (roots[i] && read_in(roots[i], path, out))
			return;
}

/* "NAME:x:GID:MEMBERS" */
static bool group_id(const char *text, const char *name, gid_t *out)
{
	AUTO_FREE char *begin = xasprintf("%s:", name);

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char *id = str_starts(line, begin) ? strchr(line + strlen(begin), ':') : NULL;
		char *end = NULL;
		unsigned long value = id ? strtoul(id + 1, &end, 10) : 0;
		if (id && end != id + 1 && *end == ':' && value < UINT32_MAX) {
			*out = (gid_t)value;
			return true;
		}
	}
	return false;
}

int account_ids(const char *const *roots, size_t n, const char *user, const char *group,
        struct account_ids *out, struct err *err)
{
	AUTO_STR passwd = {0}, groups = {0};
	struct exec_user found = {0};
	struct account_ids ids = {0};

	if (!str_eq(user, "root")) {
		read_first(roots, n, "/etc/passwd", &passwd);
		if (exec_user_parse(user, str_text(&passwd), "", &found, err) < 0) {
			exec_user_clear(&found);
			return -1;
		}
		ids = (struct account_ids){found.uid, found.gid};
		exec_user_clear(&found);
	}
	if (group) {
		char *end;
		unsigned long value = strtoul(group, &end, 10);
		read_first(roots, n, "/etc/group", &groups);
		if (*group && !*end && value < UINT32_MAX)
			ids.gid = (gid_t)value;
		else if (!group_id(str_text(&groups), group, &ids.gid))
			return err_set(err, ERR_CONFIG, "the machine has no group '%s'", group);
	}
	*out = ids;
	return 0;
}
