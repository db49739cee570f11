/* What was edited in a machine's declaration, as its author wrote it. */
#pragma once

#include "core/spec.h"

/*
 * "memory 512.0 MiB -> 300.0 MiB, networks lan -> lan back", of the keys whose values fit on a
 * line; nothing where others differ only. Appended to *out.
 */
void spec_changes(
        const struct machine_spec *before, const struct machine_spec *after, struct str *out);
