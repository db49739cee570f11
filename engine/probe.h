/* What this host's kernel and file systems can do for containers: tried, in folders of the
 * caller's, and undone. For doctor; needs root. */
#pragma once

#include "base/err.h"

/* An overlay in the folder, which stays with what was made for it. mapped: of layers on id-mapped
 * mounts. */
MUST_CHECK int probe_overlay(const char *folder, bool mapped, struct err *err);
/* A user namespace with maps of its own. */
MUST_CHECK int probe_user_namespace(struct err *err);
