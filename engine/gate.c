/* Descriptors through a socket: a byte for each says whether one comes, and those that do come by
 * SCM_RIGHTS (unix(7)), as many in a message as the kernel takes. */
#include "engine/engine_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define AT_ONCE 250 /* SCM_MAX_FD is 253 */

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(AT_ONCE * sizeof(int))];
};

static size_t chunk(size_t done, size_t n)
{
	return n - done < AT_ONCE ? n - done : AT_ONCE;
}

static int send_some(int gate, const int *fds, size_t n)
{
	union control control = {0};
	char marks[AT_ONCE];
	size_t held = 0;
	int *data = (int *)(void *)CMSG_DATA(&control.header);

	for (size_t i = 0; i < n; i++) {
		marks[i] = fds[i] >= 0;
		if (fds[i] >= 0)
			memcpy(data + held++, &fds[i], sizeof(int));
	}
	struct iovec io = {marks, n};
	struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1};
	if (held) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(held * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(held * sizeof(int));
	}
	return sendmsg(gate, &message, MSG_NOSIGNAL) == (ssize_t)n ? 0 : -1;
}

int gate_send(int gate, const int *fds, size_t n, struct err *err)
{
	for (size_t done = 0; done < n; done += chunk(done, n))
		if (send_some(gate, fds + done, chunk(done, n)) < 0)
			return err_sys(err, "hand the mounts to the container");
	return 0;
}

static int receive_some(int gate, int *fds, size_t n)
{
	union control control = {0};
	char marks[AT_ONCE];
	struct iovec io = {marks, n};
	struct msghdr message = {.msg_iov = &io,
	        .msg_iovlen = 1,
	        .msg_control = control.bytes,
	        .msg_controllen = sizeof(control.bytes)};
	ssize_t got;

	while ((got = recvmsg(gate, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (got != (ssize_t)n) {
		errno = got < 0 ? errno : EPIPE;
		return -1;
	}
	const int *data = (const int *)(const void *)CMSG_DATA(&control.header);
	size_t held =
	        message.msg_controllen ? (control.header.cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
	for (size_t i = 0, at = 0; i < n; i++) {
		fds[i] = -1;
		if (marks[i] && at < held)
			memcpy(&fds[i], data + at++, sizeof(int));
	}
	return 0;
}

int gate_receive(int gate, int *fds, size_t n, struct err *err)
{
	for (size_t done = 0; done < n; done += chunk(done, n))
		if (receive_some(gate, fds + done, chunk(done, n)) < 0)
			return err_sys(err, "receive the mounts");
	return 0;
}
