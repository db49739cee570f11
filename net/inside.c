#include "net/inside.h"

#include "base/fs.h"
#include "net/link_message.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int open_own_netns(struct err *err)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open the network namespace") : fd;
}

/* Addresses are the file's, and routes follow from them: what a router announces adds none. Not
 * possible where /proc/sys is read-only, and then the kernel says what is missing. */
static void prepare_ipv6(const char *inside)
{
	static const char *const settings[][2] = {{"disable_ipv6", "0"}, {"accept_ra", "0"}};

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		AUTO_FREE char *path =
		        xasprintf("/proc/sys/net/ipv6/conf/%s/%s", inside, settings[i][0]);
		(void)!fs_write_attr(path, settings[i][1], NULL);
	}
}

/* A socket of another namespace: opened there, used from here. */
static int open_inside(
        int netns, const struct veth *veths, size_t n, struct netlink *nl, struct err *err)
{
	AUTO_FD int own = open_own_netns(err);

	if (own < 0)
		return -1;
	if (setns(netns, CLONE_NEWNET) < 0)
		return err_sys(err, "enter the container's network namespace");
	int rc = netlink_open(nl, err);
	for (size_t i = 0; i < n; i++)
		if (veths[i].address6)
			prepare_ipv6(veths[i].inside);
	if (setns(own, CLONE_NEWNET) < 0) {
		netlink_close(nl);
		return err_sys(err, "return from the container's network namespace");
	}
	return rc;
}

static void raise_link(struct netlink *nl, int index, const char *what)
{
	struct nlmsghdr *h = netlink_add(nl, RTM_NEWLINK, 0, what);

	put_link(h, index, true);
	netlink_end(nl, h);
}

/* An address of either family, in network byte order. */
struct address {
	int family;
	size_t size;
	unsigned char bytes[sizeof(struct in6_addr)];
};

static bool parse(int family, const char *text, struct address *out)
{
	out->family = family;
	out->size = family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
	return inet_pton(family, text, out->bytes) == 1;
}

static int check_family(
        int family, const char *address, int prefix, const char *gateway, struct err *err)
{
	const char *name = family == AF_INET6 ? "IPv6" : "IPv4";
	struct address a;

	if (!address)
		return 0;
	if (!parse(family, address, &a) || prefix < 1 || prefix > (int)a.size * 8)
		return err_set(err, ERR_FAILED, "'%s/%d' is no %s address", address, prefix, name);
	if (gateway && !parse(family, gateway, &a))
		return err_set(err, ERR_FAILED, "'%s' is no %s address", gateway, name);
	return 0;
}

int inside_check(const struct veth *v, struct err *err)
{
	return check_family(AF_INET, v->address, v->prefix, v->gateway, err) < 0
	        ? -1
	        : check_family(AF_INET6, v->address6, v->prefix6, v->gateway6, err);
}

static void put_broadcast(struct nlmsghdr *h, const struct address *address, int prefix)
{
	struct in_addr broadcast;

	memcpy(&broadcast, address->bytes, sizeof(broadcast));
	broadcast.s_addr |= htonl((1u << (32 - prefix)) - 1);
	mnl_attr_put(h, IFA_BROADCAST, sizeof(broadcast), &broadcast);
}

static void put_address(struct netlink *nl, int index, const struct address *address, int prefix)
{
	struct nlmsghdr *h =
	        netlink_add(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, "add the address");
	struct ifaddrmsg *msg = mnl_nlmsg_put_extra_header(h, sizeof(*msg));

	msg->ifa_family = (uint8_t)address->family;
	msg->ifa_prefixlen = (uint8_t)prefix;
	msg->ifa_index = (uint32_t)index;
	if (address->family == AF_INET && prefix < 31)
		put_broadcast(h, address, prefix);
	/* The lab gives each address once: to look for another owner would take a second. */
	if (address->family == AF_INET6)
		msg->ifa_flags = IFA_F_NODAD;
	mnl_attr_put(h, IFA_LOCAL, address->size, address->bytes);
	mnl_attr_put(h, IFA_ADDRESS, address->size, address->bytes);
	netlink_end(nl, h);
}

static void put_route(struct netlink *nl, int index, const struct address *gateway)
{
	struct nlmsghdr *h = netlink_add(
	        nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, "add the default route");
	struct rtmsg *route = mnl_nlmsg_put_extra_header(h, sizeof(*route));

	route->rtm_family = (unsigned char)gateway->family;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_scope = RT_SCOPE_UNIVERSE;
	route->rtm_type = RTN_UNICAST;
	mnl_attr_put(h, RTA_GATEWAY, gateway->size, gateway->bytes);
	mnl_attr_put_u32(h, RTA_OIF, (uint32_t)index);
	netlink_end(nl, h);
}

static void put_family(struct netlink *nl, int index, int family, const char *text, int prefix,
        const char *gateway)
{
	struct address address;

	if (text && parse(family, text, &address))
		put_address(nl, index, &address, prefix);
	if (text && gateway && parse(family, gateway, &address))
		put_route(nl, index, &address);
}

/* A new namespace may have tunnel devices of the host's modules before it: the number is asked for.
 */
static int index_inside(const struct netlink *nl, const char *name, struct err *err)
{
	struct link_facts inside;

	if (link_ask(nl, name, &inside, err) < 0)
		return -1;
	return inside.index ? inside.index
	                    : err_set(err, ERR_FAILED, "there is no '%s' in the namespace", name);
}

static int set_one(const struct veth *v, struct netlink *nl, struct err *err)
{
	int index = index_inside(nl, v->inside, err);

	if (index < 0)
		return -1;
	raise_link(nl, index, "raise the device inside");
	put_family(nl, index, AF_INET, v->address, v->prefix, v->gateway);
	put_family(nl, index, AF_INET6, v->address6, v->prefix6, v->gateway6);
	return netlink_send(nl, err) < 0 ? err_wrap(err, "'%s'", v->inside) : 0;
}

int inside_set(const struct veth *veths, size_t n, int netns, struct err *err)
{
	struct netlink nl;
	int rc = 0;

	if (open_inside(netns, veths, n, &nl, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = set_one(&veths[i], &nl, err);
	netlink_close(&nl);
	return rc;
}
