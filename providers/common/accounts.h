/* Users of a machine that does not run, by the files of its box and what was written over them. */
#pragma once

#include "base/err.h"

#include <sys/types.h>

struct account_ids {
	uid_t uid;
	gid_t gid;
};

/*
 * user and group: names or numbers; group NULL: the user's. roots: folders that stand for "/", the
 * uppermost first; what is NULL is left out. What they hold is not trusted. ERR_CONFIG: there is no
 * such user or group.
 */
MUST_CHECK int account_ids(const char *const *roots, size_t n, const char *user, const char *group,
        struct account_ids *out, struct err *err);
