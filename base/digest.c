#include "base/digest.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void digest_init(struct digest *d)
{
	SHA256Init(&d->ctx);
}

void digest_add(struct digest *d, const void *bytes, size_t n)
{
	SHA256Update(&d->ctx, bytes, n);
}

void digest_field(struct digest *d, const char *name, const char *value)
{
	char head[128];
	int n = snprintf(head, sizeof(head), "%zu:%.64s=%zd:", strlen(name), name,
	        value ? (ssize_t)strlen(value) : -1);

	digest_add(d, head, (size_t)n);
	if (value)
		digest_add(d, value, strlen(value));
}

void digest_number(struct digest *d, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	digest_field(d, name, text);
}

void digest_hex(struct digest *d, char out[DIGEST_HEX_LEN + 1])
{
	SHA256End(&d->ctx, out);
}

int digest_fd(int fd, char out[DIGEST_HEX_LEN + 1], struct err *err)
{
	struct digest d;
	enum { CHUNK = 256 * 1024 };
	AUTO_FREE char *buf = xmalloc(CHUNK);
	ssize_t n;

	digest_init(&d);
	while ((n = read(fd, buf, CHUNK)) > 0)
		digest_add(&d, buf, (size_t)n);
	if (n < 0)
		return err_sys(err, "read for its digest");
	digest_hex(&d, out);
	return 0;
}

int digest_file(const char *path, char out[DIGEST_HEX_LEN + 1], struct err *err)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	if (digest_fd(fd, out, err) < 0)
		return err_wrap(err, "'%s'", path);
	return 0;
}

void digest_bytes(const void *bytes, size_t n, char out[DIGEST_HEX_LEN + 1])
{
	struct digest d;

	digest_init(&d);
	digest_add(&d, bytes, n);
	digest_hex(&d, out);
}
