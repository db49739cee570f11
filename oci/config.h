/*
 * A config.json (runtime-spec 1.x) as a plan of the engine, the limits of its control group, and
 * what is OCI's alone: hooks, annotations, what the waiting process still does to itself. Nothing
 * is made or asked of the system here but the file read.
 */
#pragma once

#include "engine/cgroup/cgroup_limits.h"
#include "engine/plan.h"
#include "oci/hooks.h"
#include "oci/process.h"

struct oci_rdt {
	char *group;       /* closID; NULL: none is asked for */
	char *l3, *memory; /* lines for its schemata; NULL: none */
	bool wanted;
};

struct oci_config {
	char *text; /* of the file */
	json_t *tree;
	bool before_1_1; /* of its ociVersion */
	char *bundle;    /* absolute */
	struct container_plan plan;
	struct oci_process process; /* its command and rights are in plan, too */
	bool has_process;
	struct cgroup_limits limits;
	char *cgroups_path; /* as written; NULL: none */
	struct hooks hooks;
	json_t *annotations; /* borrowed from tree; NULL: none */
	struct seccomp_profile seccomp;
	bool has_seccomp;
	char *listener, *listener_metadata; /* of seccomp's notifications; NULL: none */
	bool has_personality;
	unsigned long personality;
	struct oci_rdt rdt;
};

/* BUNDLE/config.json, or the file `config` where it is not NULL. ERR_CONFIG says where it is wrong.
 * The caller clears *out, on success alone. */
MUST_CHECK int oci_config_load(
        const char *bundle, const char *config, struct oci_config *out, struct err *err);
/* Of a text that was read; `name` is the file in errors. */
MUST_CHECK int config_parse(const char *bundle, const char *name, const char *text,
        struct oci_config *out, struct err *err);
void config_clear(struct oci_config *c);

/* Namespaces that the container does not share with the caller: made or entered. */
uint64_t config_namespaces(const struct oci_config *c);

/* The parts, each of which fills what is its own in *c. */
MUST_CHECK int config_mounts(const struct node *top, struct oci_config *c, struct err *err);
/* Once all rows but the masks are there. */
void config_defer_readonly(struct container_plan *plan);
MUST_CHECK int config_devices(const struct node *linux_n, struct oci_config *c, struct err *err);
MUST_CHECK int config_namespaces_read(
        const struct node *linux_n, struct oci_config *c, struct err *err);
MUST_CHECK int config_sysctl(const struct node *linux_n, struct oci_config *c, struct err *err);
MUST_CHECK int config_masks(const struct node *linux_n, struct oci_config *c, struct err *err);
/* {containerID, hostID, size} of a list. */
MUST_CHECK int config_id_maps(const struct node *list, struct id_maps *out, struct err *err);
