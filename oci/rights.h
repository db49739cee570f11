/* The rights of a `process` (runtime-spec config.md): user, capabilities, limits, labels. */
#pragma once

#include "oci/call.h"
#include "oci/process.h"

/* `user`, `capabilities` and `rlimits` of n. */
MUST_CHECK int rights_read(const struct node *n, struct oci_process *out, struct err *err);
/*
 * What the host cannot give. Unknown capabilities, and labels of a module that the kernel does not
 * run, are left out with a warning. Capabilities that prov-oci lacks itself are so, too, and with
 * strict an error (ERR_HOST), as crun and runc have it.
 */
MUST_CHECK int rights_judge(
        const struct oci_call *call, struct oci_process *p, bool strict, struct err *err);
