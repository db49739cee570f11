/* The exec transport: enters a container's namespaces (setns by pidfd), or runs on the host, so
 * that provisioners test anywhere. */
#pragma once

#include "core/transport.h"
#include "engine/cgroup/cgroup_tree.h"
#include "engine/confine.h"

struct exec_target {
	pid_t pid; /* PID 1 of the container, seen from the host; 0: run on the host itself */
	const char *cgroup;             /* folder below each hierarchy's root to join; NULL: stay */
	const struct cgroup_tree *tree; /* of this host, copied; NULL: looked for */
	const char *user;               /* login user of shell() */
	/* What root is allowed in there, copied; another user gets no capabilities, but the same
	 * bounding set and the rest. NULL: caps_container() and nothing else. */
	const struct confine *confine;
	const struct strv *env;   /* the machine's environment, "K=V" */
	const volatile int *stop; /* put and get give up when it is non-zero; NULL: never */
};

MUST_CHECK int exec_transport_open(
        const struct exec_target *target, struct transport **out, struct err *err);
