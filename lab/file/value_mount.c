/* "VOLUME:PATH[:ro]". */
#include "lab/file/value_net.h"

#include "lab/file/problem.h"

#include <stdlib.h>
#include <string.h>

void mount_text_clear(struct mount_text *m)
{
	free(m->name);
	free(m->guest);
	*m = (struct mount_text){0};
}

/* "/a//b/" as /a/b. NULL: it goes up, or is no path for a mount. */
static char *plain_path(const char *text)
{
	struct str out = {0};

	for (const char *p = text; *p;) {
		size_t n;
		p += strspn(p, "/");
		n = strcspn(p, "/");
		if (n == 2 && strncmp(p, "..", 2) == 0) {
			str_clear(&out);
			return NULL;
		}
		if (n && !(n == 1 && *p == '.'))
			str_addf(&out, "/%.*s", (int)n, p);
		p += n;
	}
	return str_steal(&out);
}

static bool is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* Where the kernel's own file systems are, and what the whole machine is. */
static bool is_reserved(const char *path)
{
	return !*path || is_below(path, "/proc") || is_below(path, "/sys") ||
	        is_below(path, "/dev");
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			return true;
	return false;
}

static int refuse(struct err *err, const char *text)
{
	AUTO_FREE char *safe = shown(text);

	err_set(err, ERR_CONFIG, "'%s' is not a volume", safe);
	return err_hint(err, "volumes are written \"NAME:/path[:ro]\"");
}

int value_mount(const char *text, struct mount_text *out, struct err *err)
{
	size_t name = strcspn(text, ":"), n = strlen(text);
	bool read_only = str_ends(text, ":ro");

	if (read_only)
		n -= 3;
	if (name == 0 || n < name + 2 || text[name + 1] != '/')
		return refuse(err, text);
	AUTO_FREE char *path = xstrndup(text + name + 1, n - name - 1);
	AUTO_FREE char *guest = plain_path(path);
	if (strchr(path, ':') || has_control(path) || strlen(path) > 400)
		return refuse(err, text);
	if (!guest || is_reserved(guest)) {
		AUTO_FREE char *safe = shown(path);
		return err_set(
		        err, ERR_CONFIG, "no volume can be mounted at '%s' of a machine", safe);
	}
	*out = (struct mount_text){xstrndup(text, name), STEAL(guest), read_only};
	return 0;
}
