/*
 * From limits to what is written where: the one table of v1 and v2. Pure.
 */
#pragma once

#include "engine/cgroup/cgroup_limits.h"
#include "engine/cgroup/cgroup_tree.h"

/* What may be left out where the file is missing or refuses: OCI lets a runtime ignore it. */
#define WRITE_OPTIONAL 1u
/* It and the next say the same in other words: each is written where its file exists, and one of
 * them must. */
#define WRITE_ELSE 2u

struct cgroup_write {
	unsigned controller; /* CG_… */
	unsigned flags;      /* WRITE_… */
	char *file, *value;
};
struct cgroup_writes {
	struct cgroup_write *v;
	size_t n;
};

/* For a host where the controllers of `v2` are in v2, the others in v1; in the order in which they
 * are written, without the devices. ERR_CONFIG names a value that v2 cannot express. */
MUST_CHECK int cgroup_writes(const struct cgroup_limits *limits, unsigned v2,
        struct cgroup_writes *out, struct err *err);
/* What v1's devices.deny and devices.allow get. */
void cgroup_writes_devices(const struct cgroup_limits *limits, struct cgroup_writes *out);
void cgroup_writes_clear(struct cgroup_writes *writes);
