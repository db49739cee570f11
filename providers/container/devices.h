/* Devices of the host that a container may use, as its spec writes them. */
#pragma once

#include "base/err.h"

struct device_use {
	char *host, *inside; /* absolute paths */
	char access[4];      /* of "rwm": to read, to write, to make nodes */
};

/* "HOST[:INSIDE][:ACCESS]". ERR_CONFIG says what is wrong. The caller clears. */
MUST_CHECK int device_parse(const char *text, struct device_use *out, struct err *err);
void device_clear(struct device_use *use);
