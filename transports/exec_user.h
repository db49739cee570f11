/* Users of a machine, by its own /etc/passwd and /etc/group, which are not trusted: read through
 * its root, of limited size, and parsed strictly (passwd(5), group(5)). */
#pragma once

#include "base/err.h"

#include <sys/types.h>

struct exec_user {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary ones */
	size_t n_groups;
	char *name, *home, *shell; /* never NULL once found */
};

/*
 * who: USER or USER:GROUP, each a name or a number. A number of a user that no line has is itself,
 * with gid 0 and home "/"; root exists even without a file. With a GROUP, that is the only one.
 * ERR_MISSING: no such user, or group.
 */
MUST_CHECK int exec_user_parse(const char *who, const char *passwd, const char *group,
        struct exec_user *out, struct err *err);
/* root: the machine's "/" as an open folder. */
MUST_CHECK int exec_user_find(const char *who, int root, struct exec_user *out, struct err *err);
void exec_user_clear(struct exec_user *user);

/* Opens a path of the machine as it sees it itself: links stay within root. -1 with errno. */
int exec_open_in(int root, const char *path, int flags);
