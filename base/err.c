#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	if (!err)
		return -1;
	err_clear(err);
	err->kind = kind;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	return -1;
}

int err_sys(struct err *err, const char *fmt, ...)
{
	int saved = errno;

	if (!err)
		return -1;
	err_clear(err);
	/* Only signals that ask to stop have a handler. */
	err->kind = saved == EINTR ? ERR_INTERRUPTED : ERR_FAILED;
	err->sys_errno = saved;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	size_t n = strlen(err->message);
	snprintf(err->message + n, sizeof(err->message) - n, ": %s", strerror(saved));
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char text[sizeof(err->message)];

	if (!err)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, ": %s", err->message);
	memcpy(err->message, text, sizeof(text));
	return -1;
}

int err_hint(struct err *err, const char *fmt, ...)
{
	if (!err)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return -1;
}

int err_key(struct err *err, const char *fmt, ...)
{
	if (!err)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->key, sizeof(err->key), fmt, ap);
	va_end(ap);
	return -1;
}

int err_of_key(struct err *err, const char *key, const char *fmt, ...)
{
	char text[sizeof(err->message)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(err, ERR_CONFIG, "%.64s: %.1900s", key, text);
	return err_key(err, "%s", key);
}

void err_clear(struct err *err)
{
	if (err)
		memset(err, 0, sizeof(*err));
}

int err_exit_code(const struct err *err)
{
	switch (err->kind) {
	case ERR_NONE:
		return 0;
	case ERR_FAILED:
	case ERR_BUSY:
	case ERR_MISSING:
		return 1;
	case ERR_USAGE:
	case ERR_CONFIG:
		return 2;
	case ERR_HOST:
		return 3;
	case ERR_INTERRUPTED:
		return 130;
	}
	return 1;
}
