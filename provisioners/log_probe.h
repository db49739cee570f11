/* Follows a growing log until a line of it matches an extended regular expression. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <regex.h>

struct log_probe {
	const char *path; /* borrowed; need not exist yet */
	regex_t regex;
	bool compiled;
	int watch_fd; /* can be read when the log may have grown; -1: look again now and then */
	int fd;
	struct str line; /* the last one, without its end yet */
};
#define LOG_PROBE_NONE                   \
	(struct log_probe)               \
	{                                \
		.watch_fd = -1, .fd = -1 \
	}

MUST_CHECK int provision_log_open(
        struct log_probe *probe, const char *path, const char *pattern, struct err *err);
/* Reads what is new; *found says whether a line matched, which need not have its end yet. */
MUST_CHECK int provision_log_read(struct log_probe *probe, bool *found, struct err *err);
void provision_log_close(struct log_probe *probe);
