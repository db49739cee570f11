#include "net/links.h"

#include "net/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct list {
	struct link_info *links;
	size_t n;
};

static int on_link(const struct nlmsghdr *h, void *ctx)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(h);
	struct list *list = ctx;
	const struct nlattr *attr;

	list->links = xrealloc(list->links, list->n + 1, sizeof(*list->links));
	struct link_info *link = &list->links[list->n++];
	*link = (struct link_info){.index = info->ifi_index, .up = info->ifi_flags & IFF_UP};
	mnl_attr_for_each(attr, h, sizeof(*info))
	{
		const unsigned char *mac = mnl_attr_get_payload(attr);
		uint16_t type = mnl_attr_get_type(attr);
		if (type == IFLA_IFNAME)
			snprintf(link->name, sizeof(link->name), "%s", mnl_attr_get_str(attr));
		else if (type == IFLA_MTU)
			link->mtu = (int)mnl_attr_get_u32(attr);
		else if (type == IFLA_LINK)
			link->peer = (int)mnl_attr_get_u32(attr);
		else if (type == IFLA_MASTER)
			link->master = (int)mnl_attr_get_u32(attr);
		else if (type == IFLA_ADDRESS && mnl_attr_get_payload_len(attr) == 6)
			snprintf(link->mac, sizeof(link->mac), "%02x:%02x:%02x:%02x:%02x:%02x",
			        mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	}
	return MNL_CB_OK;
}

static int on_address(const struct nlmsghdr *h, void *ctx)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(h);
	const struct list *list = ctx;
	const struct nlattr *attr, *best = NULL;
	char text[INET6_ADDRSTRLEN];

	/* Of a point-to-point link IFA_ADDRESS is the other end, IFA_LOCAL the own. */
	mnl_attr_for_each(attr, h, sizeof(*info))
	{
		uint16_t type = mnl_attr_get_type(attr);
		if (type == IFA_LOCAL || (type == IFA_ADDRESS && !best))
			best = attr;
	}
	for (size_t i = 0; best && i < list->n; i++) {
		struct link_info *link = &list->links[i];
		if (link->index != (int)info->ifa_index ||
		        !inet_ntop(
		                info->ifa_family, mnl_attr_get_payload(best), text, sizeof(text)))
			continue;
		link->addresses =
		        xrealloc(link->addresses, link->n_addresses + 1, sizeof(*link->addresses));
		snprintf(link->addresses[link->n_addresses++].text, sizeof(struct link_address),
		        "%s/%d", text, info->ifa_prefixlen);
	}
	return MNL_CB_OK;
}

static int dump(
        struct mnl_socket *socket, uint16_t type, mnl_cb_t take, struct list *list, struct err *err)
{
	_Alignas(struct nlmsghdr) char buf[32768];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	unsigned sequence = type;
	ssize_t n;
	int more = MNL_CB_OK;

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = sequence;
	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	if (mnl_socket_sendto(socket, h, h->nlmsg_len) < 0)
		return err_sys(err, "ask for the interfaces");
	while (more == MNL_CB_OK) {
		n = mnl_socket_recvfrom(socket, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read the kernel's answer about interfaces");
		more = mnl_cb_run(buf, (size_t)n, sequence, 0, take, list);
	}
	return more < 0 ? err_sys(err, "read the interfaces") : 0;
}

static int list_all(struct list *list, struct err *err)
{
	struct netlink nl;

	if (netlink_open(&nl, err) < 0)
		return -1;
	int rc = dump(nl.socket, RTM_GETLINK, on_link, list, err);
	if (rc == 0)
		rc = dump(nl.socket, RTM_GETADDR, on_address, list, err);
	netlink_close(&nl);
	return rc;
}

int links_list(int netns, struct link_info **out, size_t *n, struct err *err)
{
	AUTO_FD int own = -1;
	struct list list = {0};

	if (netns >= 0) {
		own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
		if (own < 0)
			return err_sys(err, "open the network namespace");
		if (setns(netns, CLONE_NEWNET) < 0)
			return err_sys(err, "enter the container's network namespace");
	}
	int rc = list_all(&list, err);
	if (netns >= 0 && setns(own, CLONE_NEWNET) < 0)
		rc = err_sys(err, "return from the container's network namespace");
	if (rc < 0) {
		links_free(list.links, list.n);
		return -1;
	}
	*out = list.links;
	*n = list.n;
	return 0;
}

void links_free(struct link_info *links, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(links[i].addresses);
	free(links);
}
