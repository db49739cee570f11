/* The host's CPUs, as a machine may be bound to them. */
#pragma once

#include "base/err.h"
#include "base/str.h"

/* Whether every CPU of the set ("0-3,7") is one of online, which is written the same way.
 * ERR_CONFIG with the key's name. NULL: nothing is asked for. */
MUST_CHECK int cpus_check(const char *set, const char *online, struct err *err);
/* Those of this host; empty where it does not tell. */
void cpus_online(struct str *out);
