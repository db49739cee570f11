#include "oci/console.h"

#include "engine/terminal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int console_connect(const char *path, const char *what, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	AUTO_FD int at = open(path, O_PATH | O_CLOEXEC); /* sun_path may be too short for it */

	if (fd < 0 || at < 0)
		return err_sys(err, "open the %s '%s'", what, path);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", at);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(err, "connect to the %s '%s'", what, path);
	int high = fcntl(fd, F_DUPFD_CLOEXEC, OCI_FD_FIRST);
	return high < 0 ? err_sys(err, "open the %s '%s'", what, path) : high;
}

int console_receive(int socket, struct err *err)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char name[64];
	struct iovec io = {name, sizeof(name)};
	struct msghdr message = {.msg_iov = &io,
	        .msg_iovlen = 1,
	        .msg_control = control.bytes,
	        .msg_controllen = sizeof(control.bytes)};
	int fd;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) < 0)
		return err_sys(err, "receive the terminal");
	if (message.msg_controllen < CMSG_LEN(sizeof(int)) ||
	        control.header.cmsg_type != SCM_RIGHTS)
		return err_set(err, ERR_FAILED, "no terminal came over the socket");
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(int));
	return fd;
}

int console_take(int socket, const struct oci_process *process, struct err *err)
{
	struct winsize size = {.ws_row = (unsigned short)process->rows,
	        .ws_col = (unsigned short)process->columns};
	AUTO_FD int multiplexer = open("/dev/pts/ptmx", O_PATH | O_CLOEXEC);
	AUTO_FD int master = -1, slave = -1;

	if (multiplexer < 0)
		return err_sys(err, "open '/dev/pts/ptmx' of the container for a terminal");
	if (terminal_open(multiplexer, &master, &slave, err) < 0)
		return -1;
	if (size.ws_row && size.ws_col && ioctl(master, TIOCSWINSZ, &size) < 0)
		return err_sys(err, "set the size of the terminal");
	if (fchown(slave, process->confine.uid, (gid_t)-1) < 0)
		return err_sys(err, "give the terminal to user %u", process->confine.uid);
	if (terminal_send(socket, master, err) < 0)
		return -1;
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return err_sys(err, "make the terminal the standard streams");
	return ioctl(0, TIOCSCTTY, 0) < 0 ? err_sys(err, "take the terminal") : 0;
}
