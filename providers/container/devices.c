#include "providers/container/devices.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

static bool is_path(const char *text, size_t n)
{
	AUTO_FREE char *path = xstrndup(text, n);
	AUTO_FREE char *framed = xasprintf("%s/", path);

	return *path == '/' && path[1] && !strstr(framed, "/../") && !strstr(framed, "/./") &&
	        !strstr(framed, "//");
}

/* Each letter at most once. */
static bool is_access(const char *text, size_t n)
{
	return n > 0 && n <= 3 && strspn(text, "rwm") >= n && !memchr(text + 1, text[0], n - 1) &&
	        !(n == 3 && text[1] == text[2]);
}

int device_parse(const char *text, struct device_use *out, struct err *err)
{
	const char *part[3] = {text};
	size_t len[3], n = 1;

	for (const char *p = text; (p = strchr(p, ':')) && n < 3; n++)
		part[n] = ++p;
	for (size_t i = 0; i < n; i++)
		len[i] = i + 1 < n ? (size_t)(part[i + 1] - part[i] - 1) : strlen(part[i]);
	size_t paths = n > 1 && *part[1] == '/' ? 2 : 1;
	bool ok = is_path(part[0], len[0]) && (paths < 2 || is_path(part[1], len[1])) &&
	        (n == paths || (n == paths + 1 && is_access(part[paths], len[paths])));
	if (!ok)
		return err_set(err, ERR_CONFIG,
		        "'%s' is no device: write /dev/NAME, /dev/NAME:/dev/INSIDE or "
		        "/dev/NAME:/dev/INSIDE:rwm",
		        text);
	*out = (struct device_use){.host = xstrndup(part[0], len[0]),
	        .inside = xstrndup(part[paths - 1], len[paths - 1]),
	        .access = "rwm"};
	if (n > paths) {
		memcpy(out->access, part[paths], len[paths]);
		out->access[len[paths]] = '\0';
	}
	return 0;
}

void device_clear(struct device_use *use)
{
	free(use->host);
	free(use->inside);
	*use = (struct device_use){0};
}
