#include "net/netlink.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int netlink_open(struct netlink *nl, struct err *err)
{
	memset(nl, 0, sizeof(*nl));
	nl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!nl->socket)
		return err_sys(err, "open a netlink socket");
	if (mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err_sys(err, "bind a netlink socket");
		netlink_close(nl);
		return -1;
	}
	return 0;
}

void netlink_close(struct netlink *nl)
{
	if (nl->socket)
		mnl_socket_close(nl->socket);
	nl->socket = NULL;
}

struct nlmsghdr *netlink_add(struct netlink *nl, uint16_t type, uint16_t flags, const char *what)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(nl->buf + nl->used);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	h->nlmsg_seq = ++nl->sequence;
	nl->requests[nl->n].sequence = nl->sequence;
	nl->requests[nl->n].what = what;
	nl->requests[nl->n].tolerated = 0;
	nl->n++;
	return h;
}

void netlink_tolerate(struct netlink *nl, int code)
{
	nl->requests[nl->n - 1].tolerated = code;
}

void netlink_end(struct netlink *nl, const struct nlmsghdr *message)
{
	nl->used += MNL_ALIGN(message->nlmsg_len);
}

/* One answer: 0 or the request's error. True if it belongs to the batch. */
static bool take_answer(
        const struct netlink *nl, const struct nlmsghdr *h, int *failed, const char **what)
{
	const struct nlmsgerr *answer = mnl_nlmsg_get_payload(h);

	for (size_t i = 0; i < nl->n; i++) {
		if (h->nlmsg_type != NLMSG_ERROR || h->nlmsg_seq != nl->requests[i].sequence)
			continue;
		if (answer->error && -answer->error != nl->requests[i].tolerated && !*failed) {
			*failed = -answer->error;
			*what = nl->requests[i].what;
		}
		return true;
	}
	return false;
}

static int collect(struct netlink *nl, int *failed, const char **what, struct err *err)
{
	char buf[8192];

	for (size_t answered = 0; answered < nl->n;) {
		ssize_t got = mnl_socket_recvfrom(nl->socket, buf, sizeof(buf));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(err, "read the kernel's answer about the network");
		int left = (int)got;
		for (const struct nlmsghdr *h = (const void *)buf; mnl_nlmsg_ok(h, left);
		        h = mnl_nlmsg_next(h, &left))
			answered += take_answer(nl, h, failed, what);
	}
	return 0;
}

int netlink_send(struct netlink *nl, struct err *err)
{
	const char *what = "";
	int failed = 0, rc = 0;

	if (mnl_socket_sendto(nl->socket, nl->buf, nl->used) < 0)
		rc = err_sys(err, "send to the kernel's network");
	else
		rc = collect(nl, &failed, &what, err);
	nl->used = 0;
	nl->n = 0;
	if (rc == 0 && failed) {
		errno = failed;
		return err_sys(err, "%s", what);
	}
	return rc;
}
