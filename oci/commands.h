/* The commands: each does one call of the command line and returns its exit code, or -1 with err.
 */
#pragma once

#include "base/err.h"
#include "oci/call.h"

int cmd_create(const struct oci_call *call, struct err *err);
int cmd_start(const struct oci_call *call, struct err *err);
int cmd_run(const struct oci_call *call, struct err *err);
int cmd_exec(const struct oci_call *call, struct err *err);
int cmd_state(const struct oci_call *call, struct err *err);
int cmd_kill(const struct oci_call *call, struct err *err);
int cmd_delete(const struct oci_call *call, struct err *err);
int cmd_ps(const struct oci_call *call, struct err *err);
int cmd_list(const struct oci_call *call, struct err *err);
int cmd_spec(const struct oci_call *call, struct err *err);
int cmd_features(const struct oci_call *call, struct err *err);
int cmd_pause(const struct oci_call *call, struct err *err);
int cmd_resume(const struct oci_call *call, struct err *err);
int cmd_update(const struct oci_call *call, struct err *err);
int cmd_events(const struct oci_call *call, struct err *err);
