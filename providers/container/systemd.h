/*
 * `init: systemd`: what systemd asks of a container, beyond what every container has (systemd's
 * CONTAINER_INTERFACE): a terminal as console, tmpfs where it keeps its state, and a cgroup of its
 * own to put its units into. It gets no capability for it.
 */
#pragma once

#include "core/spec.h"
#include "engine/cgroup/cgroup_tree.h"
#include "engine/plan.h"

/* Whether the box has it. A box that is not known yet is believed. */
bool systemd_in_box(const struct machine_spec *spec);
bool systemd_is_init(const struct machine_spec *spec);
/* The signal that stops PID 1: what is written, else what its init understands. */
int container_stop_signal(const struct machine_spec *spec);

/* The hierarchies that it needs for its units: v2, or v1's name=systemd where there is no v2 at
 * all. */
unsigned systemd_controllers(const struct cgroup_tree *tree);
/* Gives the group, not its limits, to the container's root. */
MUST_CHECK int systemd_delegate(const struct cgroup_tree *tree, const char *group,
        const struct machine_spec *spec, struct err *err);
/* Adds its mounts and console, and the host's socket on which it says that it has booted. */
void systemd_plan(const struct cgroup_tree *tree, const char *socket, struct container_plan *plan);
