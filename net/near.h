/* Which of a machine's addresses the host itself can reach. */
#pragma once

#include "core/spec.h"

/* The host has an IPv4 address of its own in this interface's network. */
bool net_is_near(const struct nic *nic);
/* The first IPv4 address in whose network the host has one of its own, else the first; NULL: the
 * machine has none. Borrowed from spec. */
const char *net_near_address(const struct machine_spec *spec);
/* The interface of a machine that published ports lead to: its answers leave by it. NULL: none. */
const struct nic *net_way_in(const struct machine_spec *spec);
