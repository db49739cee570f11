/*
 * A container's network: a namespace of its own, and pairs of virtual Ethernet devices between it
 * and bridges of the host. The inner end is made inside the namespace under its final name, so that
 * nothing has to be moved or renamed; the outer one is plugged in by the same request.
 */
#pragma once

#include "base/err.h"
#include "base/util.h"

struct link_name {
	char text[16];
};

/* Texts are borrowed. */
struct veth {
	char link[16];       /* the host's end */
	char inside[16];     /* the other one: "eth0" */
	const char *alias;   /* a mark on the host's end, which no guest can change; NULL: none */
	const char *bridge;  /* that it is plugged into as it is made; NULL: later */
	const char *mac;     /* of the inner end, "52:54:00:…" */
	int mtu;             /* 0: the kernel's default */
	const char *address; /* IPv4, text; NULL: none, as with all that follow */
	int prefix;
	const char *gateway; /* of the default route */
	const char *address6;
	int prefix6;
	const char *gateway6;
};

/* Makes the pairs, their inner ends in netns, up and with their addresses. */
MUST_CHECK int veth_create(const struct veth *veths, size_t n, int netns, struct err *err);
/* Makes the bridge the master of the host's end. */
MUST_CHECK int veth_plug(const char *link, const char *bridge, struct err *err);

enum veth_state { VETH_ABSENT, VETH_LOOSE, VETH_PLUGGED };
/* LOOSE: it exists, without that bridge (NULL: none at all) as its master. */
enum veth_state veth_look(const char *link, const char *bridge);
/* Whose alias this is. */
bool veth_has_alias(const char *link, const char *alias);
/* Which of the links exist, a bit each, the first one's is 1; at most 32. */
unsigned veth_which(const struct link_name *links, size_t n);

/*
 * Those of the pairs that exist are gone when this returns. They go by themselves with their
 * namespace, which is waited for a moment, because that is cheaper than removing them; absent is
 * success.
 */
MUST_CHECK int veth_remove(const struct link_name *links, size_t n, struct err *err);
/* Likewise one of a namespace that lives on: nothing is waited for. */
MUST_CHECK int veth_cut(const char *link, struct err *err);
