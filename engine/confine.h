/*
 * What a process is still allowed when it executes: capabilities, system call filter, limits, user.
 * The same for PID 1 and for everything that `exec` starts later, so that nobody gets in by the
 * side door.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "engine/caps.h"

#include <linux/filter.h>
#include <sys/resource.h>
#include <sys/types.h>

struct rlimit_row {
	int resource; /* RLIMIT_… */
	struct rlimit limit;
};

/* A compiled filter, see engine/seccomp.h. */
struct seccomp_program {
	struct sock_filter *code; /* NULL: none */
	size_t n;
	unsigned flags; /* SECCOMP_FILTER_FLAG_… */
};

/* Who answers the filter's notifications (seccomp_unotify(2)): is sent their descriptor with the
 * text, once the filter is loaded, which must allow sendmsg(2). */
struct seccomp_listener {
	int socket;    /* connected, the caller's to close; 0: there is none */
	char *message; /* NULL: none yet */
};

struct confine {
	uid_t uid; /* inside the user namespace, as in all of these */
	gid_t gid;
	gid_t *groups; /* supplementary ones: exactly these */
	size_t n_groups;
	mode_t umask;
	struct caps caps;
	bool no_new_privileges;
	bool new_keyring; /* a session keyring of its own, see session-keyring(7) */
	struct seccomp_program filter;
	struct seccomp_listener listener;
	struct rlimit_row *rlimits;
	size_t n_rlimits;
	bool has_oom_score_adj;
	int oom_score_adj;
};

void confine_copy(struct confine *dst, const struct confine *src); /* dst is overwritten */
void confine_clear(struct confine *c);

/*
 * What only the host's root may do, for process pid (0: the caller) before it confines itself: its
 * oom_score_adj, and hard limits that are higher than it has. From outside for a child that was
 * born in its user namespace; by a process itself before it enters one.
 */
MUST_CHECK int confine_prepare(const struct confine *c, pid_t pid, struct err *err);

/*
 * Called last before execve(2), as root of the container's user namespace with all its
 * capabilities, in a process of one thread. The first part: umask, keyring, limits, groups, user,
 * capabilities. Files are now opened with the rights that the program will have; what belongs
 * between the two (a folder to enter, PR_SET_PDEATHSIG, which a change of the user undoes) is done
 * here.
 */
MUST_CHECK int confine_become(const struct confine *c, struct err *err);
/* The second: nothing may follow but execve(2) and what the filter allows. Without
 * no_new_privileges the filter is loaded while CAP_SYS_ADMIN is held, with it at the very end. */
MUST_CHECK int confine_seal(const struct confine *c, struct err *err);
