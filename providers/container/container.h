/* The container provider: namespaces, an overlay on the box, a cgroup; no daemon and no library. */
#pragma once

#include "core/provider.h"

extern const struct provider container_provider;
