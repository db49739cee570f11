/* linux.seccomp of config.json as a profile of the engine (runtime-spec config-linux.md,
 * "Seccomp"). */
#pragma once

#include "engine/seccomp.h"
#include "oci/json.h"

/* n absent: *out stays as it is, *has becomes false. Where listenerPath is set it is copied to
 * *listener with *metadata. The caller clears and frees. */
MUST_CHECK int seccomp_read(const struct node *n, struct seccomp_profile *out, bool *has,
        char **listener, char **metadata, struct err *err);
