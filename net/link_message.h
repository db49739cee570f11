/* Messages about one device, for net/ alone. */
#pragma once

#include "net/netlink.h"

#include <net/if.h>
#include <sys/socket.h>

static inline struct ifinfomsg *put_link(struct nlmsghdr *h, int index, bool up)
{
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));

	info->ifi_family = AF_UNSPEC;
	info->ifi_index = index;
	info->ifi_flags = up ? IFF_UP : 0;
	info->ifi_change = up ? IFF_UP : 0;
	return info;
}

struct link_facts {
	int index, master; /* 0: none */
	char alias[256];   /* IFALIASZ */
};

/* Index 0 if the socket's namespace has no such device. */
MUST_CHECK int link_ask(
        const struct netlink *nl, const char *name, struct link_facts *out, struct err *err);
