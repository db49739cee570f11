#include "core/console.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void console_tail(const char *path, size_t max, struct str *out)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	AUTO_FREE char *buf = xmalloc(max);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

	if (size <= 0)
		return;
	ssize_t n = pread(fd, buf, max, size > (off_t)max ? size - (off_t)max : 0);
	if (n <= 0)
		return;
	const char *p = buf, *end = buf + n;
	if (size > (off_t)max && (p = memchr(buf, '\n', (size_t)n)))
		p++;
	for (p = p ? p : buf; p < end && out->len < max;) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		const char *stop = eol ? eol : end;
		size_t len = (size_t)(stop - p);
		while (len && p[len - 1] == '\r')
			len--;
		str_add_escaped(out, p, len);
		str_add(out, "\n");
		p = stop + 1;
	}
}
