/*
 * A container's control group: limits, processes, accounting, end. One table of attributes for v1,
 * one for v2 (kernel: admin-guide/cgroup-v1/, cgroup-v2.rst). The group is the container's handle:
 * its name is derived, so that a container is found and ended whatever the journal lost.
 */
#pragma once

#include "engine/cgroup_tree.h"

struct cgroup_limits {
	int64_t memory_bytes; /* RAM, with no swap beyond it; 0: no limit, as in all of these */
	double cpus;
	int64_t pids;
};

/* Makes the group where it is missing and sets its limits, also of one that is in use. */
MUST_CHECK int cgroup_create(const struct cgroup_tree *tree, const char *group, struct err *err);
MUST_CHECK int cgroup_limit(const struct cgroup_tree *tree, const char *group,
        const struct cgroup_limits *limits, struct err *err);

/* Process ids as the host sees them; an absent group has none. The caller frees *pids. */
MUST_CHECK int cgroup_pids(const struct cgroup_tree *tree, const char *group, pid_t **pids,
        size_t *n, struct err *err);
/* The process of the group that is PID 1 of a pid namespace below prov's own; 0: none. */
pid_t cgroup_init(const struct cgroup_tree *tree, const char *group);

/* SIGKILL to all, frozen ones too, and waits until the group is empty. */
MUST_CHECK int cgroup_kill(const struct cgroup_tree *tree, const char *group, struct err *err);
/* Absent is success. */
MUST_CHECK int cgroup_remove(const struct cgroup_tree *tree, const char *group, struct err *err);

struct cgroup_use {
	int64_t memory_bytes; /* less inactive file pages */
	int64_t cpu_ns;       /* -1: not accounted */
};
MUST_CHECK int cgroup_usage(
        const struct cgroup_tree *tree, const char *group, struct cgroup_use *out, struct err *err);
