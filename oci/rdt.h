/* linux.intelRdt: a group of resctrl (kernel: arch/x86/resctrl.rst). */
#pragma once

#include "oci/config.h"

/* ERR_HOST where resctrl is not mounted and something is asked of it. */
MUST_CHECK int rdt_join(const struct oci_rdt *rdt, const char *id, pid_t pid, struct err *err);
