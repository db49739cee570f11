/* The hosts of a network that runs, as the spec has them. */
#pragma once

#include "net/network.h"

#include <libvirt/libvirt.h>

/* Adds the names and leases that are missing and removes those that lead nowhere. When it returns,
 * the network's name server answers so. */
MUST_CHECK int network_update_hosts(
        virNetworkPtr net, const struct net_spec *spec, struct err *err);
