/*
 * What a container has of the network inside its namespace: interfaces with addresses and routes.
 * The caller's own namespace is left only meanwhile, and by the calling thread only.
 */
#pragma once

#include "net/veth.h"

/* Tells what is wrong with an interface's texts, before anything is made. */
MUST_CHECK int inside_check(const struct veth *veth, struct err *err);
/* Raises interfaces that exist, with their addresses and routes. */
MUST_CHECK int inside_set(const struct veth *veths, size_t n, int netns, struct err *err);
