/* What a machine's first program, or its serial console, has printed: names->console. */
#pragma once

#include "base/str.h"

/* The last whole lines of the file, max bytes at most, each escaped: it is a guest's text. Nothing
 * where there is none. */
void console_tail(const char *path, size_t max, struct str *out);
