/* A machine's spec as the engine's plan: one of its two front ends. */
#pragma once

#include "core/derive.h"
#include "core/spec.h"
#include "engine/plan.h"

/* Pure: what it names is looked at by the engine. plan->confine stays empty, see
 * providers/container/confine.h. Undone by container_plan_clear. */
void container_plan_build(
        const struct machine_spec *spec, const struct names *names, struct container_plan *out);
