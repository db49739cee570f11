/* Who answers the notifications of a container's filter (runtime-spec config-linux.md, "Seccomp":
 * SCMP_ACT_NOTIFY, listenerPath, "The Container Process State"). */
#pragma once

#include "oci/config.h"
#include "oci/state.h"

/* The filter of config in *out, and where it notifies, the listener's socket, connected, which the
 * caller closes. Nothing where there is none. */
MUST_CHECK int listener_filter(
        const struct oci_config *config, struct confine *out, struct err *err);
/* What the listener is told of process pid (as the host sees it); the caller frees. */
char *listener_message(const struct oci_state *state, const char *metadata, pid_t pid);
