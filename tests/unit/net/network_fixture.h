/* A network of two hosts, as the suites of libvirt networks make it. */
#pragma once

#include "net/network.h"

/* A literal for a field that the module only reads. */
char *network_lit(const char *text);
/* On libvirt's built-in test driver. */
void network_fill(struct net_spec *spec, struct net_host hosts[2]);
