/*
 * Where this host keeps its cgroups, and how a process joins one. A hierarchy of v2 has one folder
 * for a group, of v1 one each; a hybrid host has both (kernel: admin-guide/cgroup-v1/cgroups.rst,
 * cgroup-v2.rst). Moving another process costs milliseconds, so a process is born in its group (v2)
 * or moves itself (v1).
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

/* Bits of the controllers, v1's named hierarchy and v2's core. */
enum {
	CG_CPU = 1 << 0,
	CG_CPUACCT = 1 << 1,
	CG_CPUSET = 1 << 2,
	CG_MEMORY = 1 << 3,
	CG_DEVICES = 1 << 4,
	CG_FREEZER = 1 << 5,
	CG_IO = 1 << 6, /* v1's blkio */
	CG_PIDS = 1 << 7,
	CG_HUGETLB = 1 << 8,
	CG_NET_CLS = 1 << 9,
	CG_NET_PRIO = 1 << 10,
	CG_PERF_EVENT = 1 << 11,
	CG_RDMA = 1 << 12,
	CG_MISC = 1 << 13,
	CG_SYSTEMD = 1 << 14, /* v1's name=systemd */
	CG_CORE = 1 << 15,    /* v2 itself: freezer, kill, devices by BPF */
};
#define CG_ALL 0xffffu

enum { CGROUP_HIERARCHIES = 16 };

struct cgroup_tree {
	bool v2; /* there is nothing but v2 */
	/* Below these folders groups are made: one for each hierarchy. With v2 it is the highest
	 * one that this process may write: the root, or what was delegated to it. */
	struct strv dirs;
	unsigned controllers[CGROUP_HIERARCHIES]; /* CG_… of dirs.v[i]; with CG_CORE it is v2 */
	size_t above; /* see cgroup_tree_within: length of what stands without us in dirs.v[0]; 0:
	                 all of it */
};

/* The hierarchies mounted at root (CGROUP_ROOT) or below it; where there are none, anywhere.
 * ERR_HOST if there are none at all. */
MUST_CHECK int cgroup_tree_find(const char *root, struct cgroup_tree *out, struct err *err);
/* Likewise, from the texts of /proc/self/mountinfo and /proc/self/cgroup. */
MUST_CHECK int cgroup_tree_read(const char *mountinfo, const char *self, const char *root,
        struct cgroup_tree *out, struct err *err);
void cgroup_tree_clear(struct cgroup_tree *tree);
/*
 * On a host of v2 alone, groups are made within one of this name from now on; it comes with the
 * first and goes with the last of them. Directly below the root they would lose their limits: every
 * start of a unit and every daemon-reload takes from there the controllers that no unit of systemd
 * needs, and the files with them. From a group that hands them on itself the kernel takes none. It
 * is no unit of systemd's: a service's group goes with its last process, and a slice is not
 * delegated (systemd: CGROUP_DELEGATION).
 */
void cgroup_tree_within(struct cgroup_tree *tree, const char *group);
unsigned cgroup_tree_controllers(const struct cgroup_tree *tree);
/* Index of the hierarchy that has this controller; freezer and devices are in v2's core. -1: none.
 */
int cgroup_hierarchy(const struct cgroup_tree *tree, unsigned controller);
/* "cpu", "memory" …; NULL: no such bit. */
const char *cgroup_controller_name(unsigned bit);
/* Bits of the names that stand in text between blanks and commas; "io" is blkio. */
unsigned cgroup_controller_bits(const char *text);

struct cgroup_join {
	int folder; /* v2; -1: none */
	int tasks[CGROUP_HIERARCHIES];
	size_t n;
};
/* Of every hierarchy in which the group exists; ERR_MISSING if it is in none. */
MUST_CHECK int cgroup_join_open(const struct cgroup_tree *tree, const char *group,
        struct cgroup_join *out, struct err *err);
void cgroup_join_close(struct cgroup_join *join);

/*
 * fork() with the flags of clone3(2), into the v2 group of join (NULL: none); the child then calls
 * cgroup_join_self, while it has one thread only. Returns as fork does; pidfd is close-on-exec.
 */
MUST_CHECK pid_t cgroup_fork(const struct cgroup_join *join, uint64_t flags, int *pidfd);
MUST_CHECK int cgroup_join_self(const struct cgroup_join *join); /* -1 with errno */
