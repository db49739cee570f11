/* A container that was created earlier, opened: its folder, state, cgroups and status. */
#pragma once

#include "engine/cgroup/cgroup.h"
#include "oci/call.h"
#include "oci/config.h"
#include "oci/state.h"

struct oci_container {
	struct oci_home home;
	struct oci_state state;
	struct cgroup_tree tree;
	bool has_tree; /* this host has cgroups, and they are wanted */
	enum oci_status status;
};
#define AUTO_CONTAINER __attribute__((cleanup(oci_container_close))) struct oci_container
void oci_container_close(struct oci_container *c);

/* ERR_MISSING: "container 'ID' does not exist". */
MUST_CHECK int oci_container_open(const struct oci_call *call, const char *id, bool lock,
        struct oci_container *out, struct err *err);
/* Looks at the world once more. */
void oci_container_look(struct oci_container *c);

/* The configuration as it was at create. The caller clears. */
MUST_CHECK int oci_container_config(
        const struct oci_container *c, struct oci_config *out, struct err *err);

/* A pidfd of its first process; ERR_FAILED: "container 'ID' is not running". */
MUST_CHECK int oci_container_pidfd(const struct oci_container *c, struct err *err);

/* Finds the host's cgroups, unless --cgroup-manager=disabled. */
MUST_CHECK int oci_tree_find(
        const struct oci_call *call, struct cgroup_tree *out, bool *has, struct err *err);
/* Where a container's group lies below each hierarchy, from linux.cgroupsPath (NULL: none was
 * written). ERR_CONFIG: a form that only systemd has. The caller frees. */
MUST_CHECK int oci_group_name(
        const char *cgroups_path, const char *id, char **out, struct err *err);

/* Which mount a path lies on; 0: it cannot be told. */
uint64_t oci_mount_id(const char *path);

/*
 * Ends what still runs of it, removes its group and its folder, and runs the poststop hooks: what
 * they do wrong is a warning. c is closed with it.
 */
MUST_CHECK int oci_container_remove(
        const struct oci_call *call, struct oci_container *c, struct err *err);
