/*
 * A container's control group: limits, processes, accounting, end; v1, v2 and hybrid hosts behind
 * one table. The group is the container's handle: its name is derived, so that a container is found
 * and ended whatever was lost. A name may be a path ("a/b/c"), relative to each hierarchy's folder.
 */
#pragma once

#include "engine/cgroup/cgroup_limits.h"
#include "engine/cgroup/cgroup_tree.h"

/* What limits, freeze, accounting and end of a container without further wishes need. */
#define CG_USUAL (CG_CPU | CG_CPUACCT | CG_MEMORY | CG_DEVICES | CG_FREEZER | CG_IO | CG_PIDS)
/* What must exist for these limits; CG_USUAL is not in it by itself. */
unsigned cgroup_needs(const struct cgroup_limits *limits);

/*
 * Makes the group where it is missing, in the hierarchies of these controllers as far as the host
 * has them, with the groups above it; with v2 they are handed down to it. A hierarchy that is v2 is
 * always taken on a host of v2 alone; on a hybrid one with CG_CORE.
 */
MUST_CHECK int cgroup_create(
        const struct cgroup_tree *tree, const char *group, unsigned controllers, struct err *err);
/*
 * Sets what is set, also of a group that is in use. What the kernel does not offer is an error that
 * names the file. Added to left_out (NULL: nobody asks), by the file's name, is what OCI lets a
 * runtime ignore (kernel memory, swap where it is not counted), and devices where prov is root of a
 * user namespace, who has no say in them.
 */
MUST_CHECK int cgroup_limit(const struct cgroup_tree *tree, const char *group,
        const struct cgroup_limits *limits, struct strv *left_out, struct err *err);
/* The shell commands that do what cgroup_create and cgroup_limit do, a line each. */
void cgroup_explain(const struct cgroup_tree *tree, const char *group, unsigned controllers,
        const struct cgroup_limits *limits, struct str *out);
/* Whether a weight has an effect (a scheduler that knows weights), and whether swap is counted. */
bool cgroup_offers_io_weight(const struct cgroup_tree *tree);
bool cgroup_offers_swap(const struct cgroup_tree *tree);
/* Moves the group's processes into those of its hierarchies where they are not yet: after a
 * cgroup_create that added one. */
MUST_CHECK int cgroup_gather(const struct cgroup_tree *tree, const char *group, struct err *err);
/* Gives the v2 folder (not its limits) to the root of a user namespace: systemd runs on that. */
MUST_CHECK int cgroup_delegate(
        const struct cgroup_tree *tree, const char *group, uid_t uid, gid_t gid, struct err *err);

/* Process ids as the host sees them, those of groups below included; an absent group has none. The
 * caller frees *pids. */
MUST_CHECK int cgroup_pids(const struct cgroup_tree *tree, const char *group, pid_t **pids,
        size_t *n, struct err *err);
/* The process of the group that is PID 1 of a pid namespace below prov's own; 0: none. */
pid_t cgroup_init(const struct cgroup_tree *tree, const char *group);
/* Whether limits of this controller can be set in it. */
bool cgroup_has(const struct cgroup_tree *tree, const char *group, unsigned controller);
bool cgroup_exists(const struct cgroup_tree *tree, const char *group); /* in any hierarchy */

/* Returns once every process is stopped (or runs again). ERR_MISSING: there is no such group. */
MUST_CHECK int cgroup_freeze(
        const struct cgroup_tree *tree, const char *group, bool freeze, struct err *err);
bool cgroup_is_frozen(const struct cgroup_tree *tree, const char *group);
/* To each process of the group, and to nobody who got its number meanwhile. */
MUST_CHECK int cgroup_signal(
        const struct cgroup_tree *tree, const char *group, int sig, struct err *err);
/* SIGKILL to all, frozen ones too, and waits until the group is empty. */
MUST_CHECK int cgroup_kill(const struct cgroup_tree *tree, const char *group, struct err *err);
/* With the groups below it, which a container may have made. Absent is success. */
MUST_CHECK int cgroup_remove(const struct cgroup_tree *tree, const char *group, struct err *err);

/* Of all: -1 is "not known". */
struct cgroup_use {
	int64_t memory_bytes; /* less inactive file pages */
	int64_t held_bytes;   /* less all pages that could be given back: a limit below kills */
	int64_t memory_limit_bytes, swap_bytes, anon_bytes, file_bytes, kernel_bytes;
	int64_t cpu_ns, cpu_user_ns, cpu_system_ns;
	int64_t io_read_bytes, io_written_bytes;
	int64_t pids, pids_limit;
	int64_t oom_kills;
	double cpu_pressure, memory_pressure, io_pressure; /* %, of the last 10 s; v2 */
};
MUST_CHECK int cgroup_usage(
        const struct cgroup_tree *tree, const char *group, struct cgroup_use *out, struct err *err);
/* The disk that holds a folder: limits are the whole disk's, not a partition's. False: none. */
bool cgroup_disk_of(const char *folder, unsigned *first, unsigned *second);
/* v1 counts the input and output of a disk from the first limit that is set for it: sets none. */
void cgroup_count_disk(const struct cgroup_tree *tree, const char *group, const char *folder);
/* Processes that the kernel killed in it for lack of memory so far; -1: not known. One file. */
int64_t cgroup_oom_kills(const struct cgroup_tree *tree, const char *group);
