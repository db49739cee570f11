#include "net/veth.h"

#include "base/clock.h"
#include "net/inside.h"
#include "net/link_message.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GONE_LIMIT_NS INT64_C(200000000) /* ten times what a namespace takes to go */

static int parse_mac(const char *text, unsigned char m[6], struct err *err)
{
	char rest;

	if (sscanf(text ? text : "", "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &m[0], &m[1], &m[2],
	            &m[3], &m[4], &m[5], &rest) != 6)
		return err_set(err, ERR_FAILED, "'%s' is no MAC address", text ? text : "");
	return 0;
}

static int no_device(const char *name, struct err *err)
{
	err_sys(err, "look for '%s'", name);
	return err_hint(err, "virsh net-list --all shows the bridges of libvirt's networks");
}

static void put_peer(
        struct nlmsghdr *h, const struct veth *v, const unsigned char mac[6], int netns)
{
	struct nlattr *peer = mnl_attr_nest_start(h, VETH_INFO_PEER);

	/* Down: the kernel raises it before the two are tied together, and refuses (ENOTCONN). */
	put_link(h, 0, false);
	mnl_attr_put_strz(h, IFLA_IFNAME, v->inside);
	mnl_attr_put(h, IFLA_ADDRESS, 6, mac);
	mnl_attr_put_u32(h, IFLA_NET_NS_FD, (uint32_t)netns);
	if (v->mtu)
		mnl_attr_put_u32(h, IFLA_MTU, (uint32_t)v->mtu);
	mnl_attr_nest_end(h, peer);
}

/* The kernel does not take it from the request that makes the device. */
static void put_alias(struct netlink *nl, const struct veth *v)
{
	struct nlmsghdr *h = netlink_add(nl, RTM_NEWLINK, 0, "mark the veth pair");

	put_link(h, 0, true);
	mnl_attr_put_strz(h, IFLA_IFNAME, v->link);
	mnl_attr_put_strz(h, IFLA_IFALIAS, v->alias);
	netlink_end(nl, h);
}

static int make_pair(struct netlink *nl, const struct veth *v, int netns, struct err *err)
{
	unsigned master = v->bridge ? if_nametoindex(v->bridge) : 0;
	unsigned char mac[6];

	if (v->bridge && !master)
		return no_device(v->bridge, err);
	if (parse_mac(v->mac, mac, err) < 0)
		return -1;
	struct nlmsghdr *h =
	        netlink_add(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, "create a veth pair");
	put_link(h, 0, true);
	mnl_attr_put_strz(h, IFLA_IFNAME, v->link);
	if (v->mtu)
		mnl_attr_put_u32(h, IFLA_MTU, (uint32_t)v->mtu);
	if (master)
		mnl_attr_put_u32(h, IFLA_MASTER, master);
	struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
	struct nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	put_peer(h, v, mac, netns);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	netlink_end(nl, h);
	if (v->alias)
		put_alias(nl, v);
	return netlink_send(nl, err) < 0 ? err_wrap(err, "'%s'", v->link) : 0;
}

int veth_create(const struct veth *veths, size_t n, int netns, struct err *err)
{
	struct netlink nl;
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		if (inside_check(&veths[i], err) < 0)
			return -1;
	if (netlink_open(&nl, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = make_pair(&nl, &veths[i], netns, err);
	netlink_close(&nl);
	return rc < 0 ? rc : inside_set(veths, n, netns, err);
}

int link_ask(const struct netlink *nl, const char *name, struct link_facts *out, struct err *err)
{
	char buf[16384]; /* an answer tells all of a device */
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	const struct nlattr *attr;

	h->nlmsg_type = RTM_GETLINK;
	h->nlmsg_flags = NLM_F_REQUEST;
	put_link(h, 0, false);
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	if (mnl_socket_sendto(nl->socket, h, h->nlmsg_len) < 0)
		return err_sys(err, "look for '%s'", name);
	ssize_t n = mnl_socket_recvfrom(nl->socket, buf, sizeof(buf));
	if (n < 0 || !mnl_nlmsg_ok(h, (int)n))
		return err_sys(err, "look for '%s'", name);
	*out = (struct link_facts){0};
	if (h->nlmsg_type != RTM_NEWLINK)
		return 0;
	out->index = ((const struct ifinfomsg *)mnl_nlmsg_get_payload(h))->ifi_index;
	mnl_attr_for_each(attr, h, sizeof(struct ifinfomsg))
	{
		if (mnl_attr_get_type(attr) == IFLA_MASTER)
			out->master = (int)mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == IFLA_IFALIAS)
			snprintf(out->alias, sizeof(out->alias), "%s", mnl_attr_get_str(attr));
	}
	return 0;
}

int veth_plug(const char *link, const char *bridge, struct err *err)
{
	unsigned index = if_nametoindex(link), master = if_nametoindex(bridge);
	struct netlink nl;

	if (!index || !master)
		return no_device(index ? bridge : link, err);
	if (netlink_open(&nl, err) < 0)
		return -1;
	struct nlmsghdr *h = netlink_add(&nl, RTM_NEWLINK, 0, "plug the veth into the bridge");
	put_link(h, (int)index, true);
	mnl_attr_put_u32(h, IFLA_MASTER, master);
	netlink_end(&nl, h);
	int rc = netlink_send(&nl, err);
	netlink_close(&nl);
	return rc < 0 ? err_wrap(err, "'%s', '%s'", link, bridge) : 0;
}

/* Index 0 where it cannot be told. */
static struct link_facts look(const char *link)
{
	struct link_facts seen = {0};
	struct netlink nl;

	if (netlink_open(&nl, NULL) < 0)
		return seen;
	if (link_ask(&nl, link, &seen, NULL) < 0)
		seen.index = 0;
	netlink_close(&nl);
	return seen;
}

enum veth_state veth_look(const char *link, const char *bridge)
{
	struct link_facts seen = look(link);

	if (!seen.index)
		return VETH_ABSENT;
	return seen.master && bridge && (unsigned)seen.master == if_nametoindex(bridge)
	        ? VETH_PLUGGED
	        : VETH_LOOSE;
}

bool veth_has_alias(const char *link, const char *alias)
{
	struct link_facts seen = look(link);

	return seen.index && str_eq(seen.alias, alias);
}

/* By netlink: for each name that SIOCGIFINDEX (if_nametoindex) does not find, the kernel runs
 * modprobe and waits for it. */
unsigned veth_which(const struct link_name *links, size_t n)
{
	struct link_facts seen;
	struct netlink nl;
	unsigned found = 0;

	if (netlink_open(&nl, NULL) < 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (link_ask(&nl, links[i].text, &seen, NULL) == 0 && seen.index)
			found |= 1u << i;
	netlink_close(&nl);
	return found;
}

/* All that has come meanwhile: with many machines on their way out the group is busy. */
static bool take_messages(const struct netlink *nl)
{
	char buf[8192];
	ssize_t n;

	do
		n = recv(mnl_socket_get_fd(nl->socket), buf, sizeof(buf), MSG_DONTWAIT);
	while (n >= 0 || errno == EINTR);
	return errno == EAGAIN || errno == ENOBUFS;
}

/* True once they have gone; messages of the group are a reason to look again. */
static bool wait_gone(const struct netlink *nl, const struct link_name *links, size_t n)
{
	int64_t deadline = clock_mono_ns() + GONE_LIMIT_NS, left;

	while (veth_which(links, n)) {
		struct pollfd fd = {mnl_socket_get_fd(nl->socket), POLLIN, 0};
		left = deadline - clock_mono_ns();
		if (left <= 0)
			return false;
		if (poll(&fd, 1, (int)(left / 1000000) + 1) > 0 && !take_messages(nl))
			return false;
	}
	return true;
}

int veth_cut(const char *link, struct err *err)
{
	int index = look(link).index;
	struct netlink nl;

	if (!index)
		return 0;
	if (netlink_open(&nl, err) < 0)
		return -1;
	struct nlmsghdr *h = netlink_add(&nl, RTM_DELLINK, 0, "remove the veth pair");
	put_link(h, index, false);
	netlink_tolerate(&nl, ENODEV);
	netlink_end(&nl, h);
	int rc = netlink_send(&nl, err);
	netlink_close(&nl);
	return rc < 0 ? err_wrap(err, "'%s'", link) : 0;
}

int veth_remove(const struct link_name *links, size_t n, struct err *err)
{
	struct netlink events;
	int group = RTNLGRP_LINK;
	bool gone;

	if (!veth_which(links, n))
		return 0;
	if (netlink_open(&events, err) < 0)
		return -1;
	/* Joined before the first look, so that no message between the two is missed. */
	if (mnl_socket_setsockopt(events.socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		gone = false;
	else
		gone = wait_gone(&events, links, n);
	netlink_close(&events);
	for (size_t i = 0; !gone && i < n; i++)
		if (veth_cut(links[i].text, err) < 0)
			return -1;
	return 0;
}
