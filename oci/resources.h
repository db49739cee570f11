/* linux.resources (runtime-spec config-linux.md, "Control groups") as limits of the engine. */
#pragma once

#include "engine/cgroup/cgroup_limits.h"
#include "oci/json.h"

/*
 * Adds to *out, so that flags of `update` may come first or later. resources is the object itself:
 * linux.resources of config.json, or the whole file of `update --resources`. What is absent, or 0
 * where the kernel has no 0, is left alone. The caller clears *out, on failure too.
 */
MUST_CHECK int resources_read(
        const struct node *resources, struct cgroup_limits *out, struct err *err);

/* One of the numbers by its name below resources ("memory.limit"), as the flags of `update` say it.
 */
MUST_CHECK int resources_set(
        struct cgroup_limits *out, const char *name, const char *text, struct err *err);
