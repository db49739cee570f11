/* What PID 1 of a machine and everything that `exec` starts in it is allowed, by its spec. */
#pragma once

#include "core/spec.h"
#include "engine/confine.h"

/* The capabilities that root has inside. ERR_CONFIG names the one that does not exist. */
MUST_CHECK int container_caps(const struct machine_spec *spec, uint64_t *out, struct err *err);

/*
 * As root, with the filter of these capabilities (none where privileged), which is kept in prov's
 * home. ERR_HOST: there is none yet, and the module that makes it is missing. The caller clears.
 */
MUST_CHECK int container_confine(
        const struct machine_spec *spec, struct confine *out, struct err *err);
