/* What OCI asks of the waiting process itself, called by the engine in the cloned child at its
 * moments (engine/engine.h), and by `exec`. */
#pragma once

#include "oci/config.h"
#include "oci/state.h"

struct oci_child {
	struct oci_config *config;
	struct oci_state state; /* borrowed texts; pid as the host sees it */
};

/* The members of struct engine_options with ctx a struct oci_child. */
MUST_CHECK int child_prepared(void *ctx, struct err *err);
MUST_CHECK int child_before_pivot(void *ctx, struct err *err);
MUST_CHECK int child_inside(void *ctx, struct err *err);
MUST_CHECK int child_before_exec(void *ctx, struct err *err);

/* The parts that `exec` needs as well, all in the container: scheduler, priorities, affinity,
 * AppArmor, SELinux. */
MUST_CHECK int child_ways(const struct oci_process *p, struct err *err);
/* Processors as "0-2,5"; NULL: as they are. */
MUST_CHECK int child_affinity(const char *list, struct err *err);
/* HOME from the container's /etc/passwd, where the environment has none. */
void child_home(struct strv *env, uid_t uid);
/* Looks argv[0] up in PATH of env, not of the caller, and executes it. Returns where it cannot. */
void child_execute(const struct strv *argv, const struct strv *env);
/* Whether argv[0] can be found, as a clear error: "executable file 'x' not found in $PATH". */
MUST_CHECK int child_find(
        const struct strv *argv, const struct strv *env, const char *cwd, struct err *err);
