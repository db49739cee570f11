/* Requests to the kernel's routing netlink (rtnetlink(7), by libmnl), several in one system call.
 * A socket belongs to the network namespace in which it was opened. */
#pragma once

#include "base/err.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

struct netlink {
	struct mnl_socket *socket;
	uint32_t sequence;
	char buf[4096]; /* the batch */
	size_t used;
	struct {
		uint32_t sequence;
		const char *what; /* "add the address" */
		int tolerated;    /* an errno that is no failure; 0: none */
	} requests[8];
	size_t n;
};

MUST_CHECK int netlink_open(struct netlink *nl, struct err *err);
void netlink_close(struct netlink *nl); /* a zeroed struct is closed */

/* The next message of the batch, with its acknowledgement asked for; what is borrowed. */
struct nlmsghdr *netlink_add(struct netlink *nl, uint16_t type, uint16_t flags, const char *what);
/* The message added last may fail with this errno. */
void netlink_tolerate(struct netlink *nl, int code);
/* Call when attributes of a message are complete, before the next one. */
void netlink_end(struct netlink *nl, const struct nlmsghdr *message);
/* Sends all and waits for every answer; the first failure is reported, the others are done all the
 * same. */
MUST_CHECK int netlink_send(struct netlink *nl, struct err *err);
