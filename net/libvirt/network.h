/* What prov-kvm.so exports for the lab's network; see net/network.h. */
#pragma once

#include "net/network.h"

extern const struct network_ops prov_network;
