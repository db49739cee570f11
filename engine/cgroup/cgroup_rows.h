/* The table of v1 and v2: which file says what, and how the value is written there. */
#pragma once

#include "engine/cgroup/cgroup_writes.h"

/* False: not asked for. */
typedef bool (*cgroup_value_fn)(const struct cgroup_limits *limits, struct str *out);

/* A file in v1 and its like in v2; NULL: that one has none. */
struct cgroup_row {
	unsigned controller, flags; /* CG_…, WRITE_… */
	const char *v1;
	cgroup_value_fn v1_value;
	const char *v2;
	cgroup_value_fn v2_value;
};

/* Rows of one thing in one hierarchy stand together: WRITE_ELSE leads to the next. */
extern const struct cgroup_row cgroup_rows[];
extern const size_t cgroup_n_rows;

/* The number, or "max" where it is less than least; false where it is not set. */
bool cgroup_number_or_max(struct limit limit, int64_t least, struct str *out);
