#include "net/veth.h"

#include "base/clock.h"
#include "net/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GONE_LIMIT_NS INT64_C(200000000) /* ten times what a namespace takes to go */

static int open_own_netns(struct err *err)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open the network namespace") : fd;
}

/* A socket of another namespace: opened there, used from here. */
static int open_inside(int netns, struct netlink *nl, struct err *err)
{
	AUTO_FD int own = open_own_netns(err);

	if (own < 0)
		return -1;
	if (setns(netns, CLONE_NEWNET) < 0)
		return err_sys(err, "enter the container's network namespace");
	int rc = netlink_open(nl, err);
	if (setns(own, CLONE_NEWNET) < 0) {
		netlink_close(nl);
		return err_sys(err, "return from the container's network namespace");
	}
	return rc;
}

static struct ifinfomsg *put_link(struct nlmsghdr *h, int index, unsigned up)
{
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof(*info));

	info->ifi_family = AF_UNSPEC;
	info->ifi_index = index;
	info->ifi_flags = up ? IFF_UP : 0;
	info->ifi_change = up ? IFF_UP : 0;
	return info;
}

static void raise_link(struct netlink *nl, int index, const char *what)
{
	struct nlmsghdr *h = netlink_add(nl, RTM_NEWLINK, 0, what);

	put_link(h, index, 1);
	netlink_end(nl, h);
}

static int raise_loopback(int netns, struct err *err)
{
	struct netlink nl;

	if (open_inside(netns, &nl, err) < 0)
		return -1;
	raise_link(&nl, 1, "raise the loopback device"); /* the first of every namespace */
	int rc = netlink_send(&nl, err);
	netlink_close(&nl);
	return rc;
}

int netns_create(int *fd, struct err *err)
{
	AUTO_FD int own = open_own_netns(err);

	if (own < 0)
		return -1;
	if (unshare(CLONE_NEWNET) < 0)
		return err_sys(err, "make a network namespace");
	AUTO_FD int made = open_own_netns(err);
	if (setns(own, CLONE_NEWNET) < 0)
		return err_sys(err, "return from a new network namespace");
	if (made < 0 || raise_loopback(made, err) < 0)
		return -1;
	*fd = util_steal_fd(&made);
	return 0;
}

/* A veth with its texts read. */
struct numbers {
	unsigned char mac[6];
	struct in_addr address, gateway;
};

static int parse(const struct veth *v, struct numbers *out, struct err *err)
{
	const char *mac = v->mac ? v->mac : "", *address = v->address ? v->address : "";
	unsigned char *m = out->mac;
	char rest;

	if (sscanf(mac, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &m[0], &m[1], &m[2], &m[3], &m[4],
	            &m[5], &rest) != 6)
		return err_set(err, ERR_FAILED, "'%s' is no MAC address", mac);
	if (inet_pton(AF_INET, address, &out->address) != 1 || v->prefix < 1 || v->prefix > 32)
		return err_set(err, ERR_FAILED, "'%s/%d' is no IPv4 address", address, v->prefix);
	if (v->gateway && inet_pton(AF_INET, v->gateway, &out->gateway) != 1)
		return err_set(err, ERR_FAILED, "'%s' is no IPv4 address", v->gateway);
	return 0;
}

static void put_peer(
        struct nlmsghdr *h, const struct veth *v, const unsigned char mac[6], int netns)
{
	struct nlattr *peer = mnl_attr_nest_start(h, VETH_INFO_PEER);

	/* Down: the kernel raises it before the two are tied together, and refuses (ENOTCONN). */
	put_link(h, 0, 0);
	mnl_attr_put_strz(h, IFLA_IFNAME, VETH_INSIDE);
	mnl_attr_put(h, IFLA_ADDRESS, 6, mac);
	mnl_attr_put_u32(h, IFLA_NET_NS_FD, (uint32_t)netns);
	if (v->mtu)
		mnl_attr_put_u32(h, IFLA_MTU, (uint32_t)v->mtu);
	mnl_attr_nest_end(h, peer);
}

static int make_pair(const struct veth *v, const struct numbers *n, int netns, struct err *err)
{
	struct netlink nl;

	if (netlink_open(&nl, err) < 0)
		return -1;
	struct nlmsghdr *h =
	        netlink_add(&nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, "create a veth pair");
	put_link(h, 0, 1);
	mnl_attr_put_strz(h, IFLA_IFNAME, v->link);
	if (v->mtu)
		mnl_attr_put_u32(h, IFLA_MTU, (uint32_t)v->mtu);
	struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
	struct nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	put_peer(h, v, n->mac, netns);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	netlink_end(&nl, h);
	int rc = netlink_send(&nl, err);
	netlink_close(&nl);
	return rc < 0 ? err_wrap(err, "'%s'", v->link) : 0;
}

static void put_route(struct netlink *nl, const struct in_addr *gateway)
{
	struct nlmsghdr *h = netlink_add(
	        nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, "add the default route");
	struct rtmsg *route = mnl_nlmsg_put_extra_header(h, sizeof(*route));

	route->rtm_family = AF_INET;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_scope = RT_SCOPE_UNIVERSE;
	route->rtm_type = RTN_UNICAST;
	mnl_attr_put(h, RTA_GATEWAY, sizeof(*gateway), gateway);
	netlink_end(nl, h);
}

static void put_address(struct netlink *nl, int index, const struct in_addr *address, int prefix)
{
	struct nlmsghdr *h =
	        netlink_add(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, "add the address");
	struct ifaddrmsg *msg = mnl_nlmsg_put_extra_header(h, sizeof(*msg));
	struct in_addr broadcast = *address;

	msg->ifa_family = AF_INET;
	msg->ifa_prefixlen = (uint8_t)prefix;
	msg->ifa_index = (uint32_t)index;
	if (prefix < 31) {
		broadcast.s_addr |= htonl(prefix ? (1u << (32 - prefix)) - 1 : ~0u);
		mnl_attr_put(h, IFA_BROADCAST, sizeof(broadcast), &broadcast);
	}
	mnl_attr_put(h, IFA_LOCAL, sizeof(*address), address);
	mnl_attr_put(h, IFA_ADDRESS, sizeof(*address), address);
	netlink_end(nl, h);
}

struct link {
	int index, master; /* 0: none */
};

/* Index 0 if the socket's namespace has no such device. */
static int ask_link(const struct netlink *nl, const char *name, struct link *out, struct err *err)
{
	char buf[16384]; /* an answer tells all of a device */
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	const struct nlattr *attr;

	h->nlmsg_type = RTM_GETLINK;
	h->nlmsg_flags = NLM_F_REQUEST;
	put_link(h, 0, 0);
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	if (mnl_socket_sendto(nl->socket, h, h->nlmsg_len) < 0)
		return err_sys(err, "look for '%s'", name);
	ssize_t n = mnl_socket_recvfrom(nl->socket, buf, sizeof(buf));
	if (n < 0 || !mnl_nlmsg_ok(h, (int)n))
		return err_sys(err, "look for '%s'", name);
	*out = (struct link){0};
	if (h->nlmsg_type != RTM_NEWLINK)
		return 0;
	out->index = ((const struct ifinfomsg *)mnl_nlmsg_get_payload(h))->ifi_index;
	mnl_attr_for_each(attr, h, sizeof(struct ifinfomsg)) if (mnl_attr_get_type(attr) ==
	        IFLA_MASTER) out->master = (int)mnl_attr_get_u32(attr);
	return 0;
}

/* A new namespace may have tunnel devices of the host's modules before it: the number is asked for.
 */
static int index_inside(const struct netlink *nl, struct err *err)
{
	struct link inside;

	if (ask_link(nl, VETH_INSIDE, &inside, err) < 0)
		return -1;
	return inside.index
	        ? inside.index
	        : err_set(err, ERR_FAILED, "there is no '%s' in the namespace", VETH_INSIDE);
}

static int set_address(const struct veth *v, const struct numbers *n, int netns, struct err *err)
{
	struct netlink nl;

	if (open_inside(netns, &nl, err) < 0)
		return -1;
	int index = index_inside(&nl, err), rc = index < 0 ? -1 : 0;
	if (rc == 0) {
		raise_link(&nl, index, "raise the device inside");
		put_address(&nl, index, &n->address, v->prefix);
		if (v->gateway)
			put_route(&nl, &n->gateway);
		rc = netlink_send(&nl, err);
	}
	netlink_close(&nl);
	return rc;
}

int veth_create(const struct veth *veth, int netns, struct err *err)
{
	struct numbers numbers = {0};

	if (parse(veth, &numbers, err) < 0 || make_pair(veth, &numbers, netns, err) < 0)
		return -1;
	return set_address(veth, &numbers, netns, err);
}

int veth_plug(const char *link, const char *bridge, struct err *err)
{
	unsigned index = if_nametoindex(link), master = if_nametoindex(bridge);
	struct netlink nl;

	if (!index || !master) {
		err_sys(err, "look for '%s'", index ? bridge : link);
		return err_hint(
		        err, "virsh net-list --all shows the bridges of libvirt's networks");
	}
	if (netlink_open(&nl, err) < 0)
		return -1;
	struct nlmsghdr *h = netlink_add(&nl, RTM_NEWLINK, 0, "plug the veth into the bridge");
	put_link(h, (int)index, 1);
	mnl_attr_put_u32(h, IFLA_MASTER, master);
	netlink_end(&nl, h);
	int rc = netlink_send(&nl, err);
	netlink_close(&nl);
	return rc < 0 ? err_wrap(err, "'%s', '%s'", link, bridge) : 0;
}

enum veth_state veth_look(const char *link, const char *bridge)
{
	struct netlink nl;
	struct link seen = {0};

	if (netlink_open(&nl, NULL) < 0)
		return VETH_ABSENT;
	int rc = ask_link(&nl, link, &seen, NULL);
	netlink_close(&nl);
	if (rc < 0 || !seen.index)
		return VETH_ABSENT;
	return seen.master && bridge && (unsigned)seen.master == if_nametoindex(bridge)
	        ? VETH_PLUGGED
	        : VETH_LOOSE;
}

/* True once it has gone; every message of the group is a reason to look again. */
static bool wait_gone(const struct netlink *nl, const char *link)
{
	int64_t deadline = clock_mono_ns() + GONE_LIMIT_NS, left;
	char buf[8192];

	while (if_nametoindex(link)) {
		struct pollfd fd = {mnl_socket_get_fd(nl->socket), POLLIN, 0};
		left = deadline - clock_mono_ns();
		if (left <= 0)
			return false;
		if (poll(&fd, 1, (int)(left / 1000000) + 1) > 0 &&
		        mnl_socket_recvfrom(nl->socket, buf, sizeof(buf)) < 0 && errno != ENOBUFS)
			return false;
	}
	return true;
}

static int delete_link(unsigned index, struct err *err)
{
	struct netlink nl;

	if (netlink_open(&nl, err) < 0)
		return -1;
	struct nlmsghdr *h = netlink_add(&nl, RTM_DELLINK, 0, "remove the veth pair");
	put_link(h, (int)index, 0);
	netlink_tolerate(&nl, ENODEV);
	netlink_end(&nl, h);
	int rc = netlink_send(&nl, err);
	netlink_close(&nl);
	return rc;
}

int veth_remove(const char *link, struct err *err)
{
	struct netlink events;
	int group = RTNLGRP_LINK;
	bool gone;

	if (!if_nametoindex(link))
		return 0;
	if (netlink_open(&events, err) < 0)
		return -1;
	/* Joined before the first look, so that no message between the two is missed. */
	gone = mnl_socket_setsockopt(
	               events.socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0 &&
	        wait_gone(&events, link);
	netlink_close(&events);
	unsigned index = gone ? 0 : if_nametoindex(link);
	return index ? delete_link(index, err) : 0;
}
