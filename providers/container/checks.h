/* What containers need of the host, and what they cannot honour of a machine. */
#pragma once

#include "core/checklist.h"
#include "core/spec.h"

void container_check_host(struct checklist *list);
/* ERR_CONFIG with the key's name; ERR_HOST without root's rights. */
MUST_CHECK int container_check_spec(const struct machine_spec *spec, struct err *err);
MUST_CHECK int container_check_rights(struct err *err);
