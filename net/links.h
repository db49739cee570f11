/* The interfaces of a network namespace, by rtnetlink(7). */
#pragma once

#include "base/err.h"

struct link_address {
	char text[64]; /* "10.77.0.2/24" */
};
struct link_info {
	int index;
	int peer;   /* index of a veth's other end in its own namespace; 0: none */
	int master; /* index of the bridge; 0: none */
	char name[16], mac[18];
	int mtu;
	bool up;
	struct link_address *addresses;
	size_t n_addresses;
};

/* Of the namespace behind the descriptor; -1: the caller's own. links_free in the end. */
MUST_CHECK int links_list(int netns, struct link_info **out, size_t *n, struct err *err);
void links_free(struct link_info *links, size_t n);
