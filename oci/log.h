/* Where errors and warnings go: standard error, and the file of --log, which is added to. */
#pragma once

#include "base/err.h"
#include "oci/call.h"

void oci_log_error(const struct oci_call *call, const struct err *why);
/* Warnings are for the file; on standard error too with --debug or --log-level. ctx is the call:
 * the signature of hooks_warn_fn. */
void oci_log_warning(void *call, const struct err *why);
