/*
 * A container's network: a namespace of its own, and a pair of virtual Ethernet devices between it
 * and a bridge of the host. The inner end is made inside the namespace under its final name, so
 * that nothing has to be moved or renamed.
 */
#pragma once

#include "base/err.h"

#define VETH_INSIDE "eth0"

struct veth {
	const char *link;    /* the host's end; at most 15 bytes */
	const char *mac;     /* of the inner end, "52:54:00:…" */
	int mtu;             /* 0: the kernel's default */
	const char *address; /* IPv4, text */
	int prefix;
	const char *gateway; /* NULL: no default route */
};

/* A new network namespace, its loopback up, as a close-on-exec descriptor. The caller's own is left
 * only meanwhile, and by the calling thread only. */
MUST_CHECK int netns_create(int *fd, struct err *err);
/* Makes the pair, its inner end in netns, up and with its address. */
MUST_CHECK int veth_create(const struct veth *veth, int netns, struct err *err);
/* Makes the bridge the master of the host's end. */
MUST_CHECK int veth_plug(const char *link, const char *bridge, struct err *err);

enum veth_state { VETH_ABSENT, VETH_LOOSE, VETH_PLUGGED };
/* LOOSE: it exists, without that bridge (NULL: none at all) as its master. */
enum veth_state veth_look(const char *link, const char *bridge);

/*
 * The pair is gone when this returns. It goes by itself with its namespace, which is waited for a
 * moment, because that is cheaper than removing it; absent is success.
 */
MUST_CHECK int veth_remove(const char *link, struct err *err);
