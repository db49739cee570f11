/* Mounts of type "cgroup" (config-linux.md, "Default Filesystems" and "Control groups"): what they
 * are depends on the host's hierarchies and on the container's cgroup namespace. */
#pragma once

#include "engine/cgroup/cgroup_tree.h"
#include "oci/config.h"

/*
 * Replaces every such row of the plan. v2 alone: one mount. v1 and hybrid: a tmpfs with one mount
 * for each hierarchy, and links for those with several controllers. Without a cgroup namespace of
 * its own, the container sees its group (below each hierarchy) bound. tree NULL: they are left out.
 */
void cgroup_mounts_expand(
        struct oci_config *config, const struct cgroup_tree *tree, const char *group);
