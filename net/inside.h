/*
 * What a container has of the network inside its namespace: a loopback device, and interfaces with
 * addresses and routes. The caller's own namespace is left only meanwhile, and by the calling
 * thread only.
 */
#pragma once

#include "net/veth.h"

/* A new network namespace, its loopback up, as a close-on-exec descriptor. */
MUST_CHECK int netns_create(int *fd, struct err *err);
/* Tells what is wrong with an interface's texts, before anything is made. */
MUST_CHECK int inside_check(const struct veth *veth, struct err *err);
/* Raises interfaces that exist, with their addresses and routes. */
MUST_CHECK int inside_set(const struct veth *veths, size_t n, int netns, struct err *err);
