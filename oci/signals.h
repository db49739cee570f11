/* Signals by name, as `kill` takes them. */
#pragma once

#include "base/err.h"

/* "TERM", "SIGTERM", "15", "RTMIN+3", in either case. ERR_USAGE. */
MUST_CHECK int signal_parse(const char *text, int *out, struct err *err);
