#include "oci/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define DEVPTS_MAJOR_FIRST 136
#define DEVPTS_MAJOR_LAST  143

int console_connect(const char *path, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	AUTO_FD int at = open(path, O_PATH | O_CLOEXEC); /* sun_path may be too short for it */

	if (fd < 0 || at < 0)
		return err_sys(err, "open the console socket '%s'", path);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", at);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(err, "connect to the console socket '%s'", path);
	return util_steal_fd(&fd);
}

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int send_master(int socket, int master, struct err *err)
{
	union control control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	char name[] = "/dev/ptmx";
	struct iovec io = {name, sizeof(name) - 1};
	struct msghdr message = {.msg_iov = &io,
	        .msg_iovlen = 1,
	        .msg_control = control.bytes,
	        .msg_controllen = sizeof(control.bytes)};

	memcpy(CMSG_DATA(&control.header), &master, sizeof(int));
	return sendmsg(socket, &message, MSG_NOSIGNAL) < 0
	        ? err_sys(err, "hand the terminal over the console socket")
	        : 0;
}

int console_receive(int socket, struct err *err)
{
	union control control = {0};
	char name[64];
	struct iovec io = {name, sizeof(name)};
	struct msghdr message = {.msg_iov = &io,
	        .msg_iovlen = 1,
	        .msg_control = control.bytes,
	        .msg_controllen = sizeof(control.bytes)};
	int fd;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) < 0)
		return err_sys(err, "receive the terminal");
	if (message.msg_controllen < sizeof(control.bytes) ||
	        control.header.cmsg_type != SCM_RIGHTS)
		return err_set(err, ERR_FAILED, "no terminal came over the socket");
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(int));
	return fd;
}

/* The container's files decide what lies at these names: only a real pty is taken. */
static int open_master(struct err *err)
{
	int unlock = 0;
	AUTO_FD int fd = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "open '/dev/pts/ptmx' of the container for its terminal");
	struct stat st;
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return err_set(err, ERR_FAILED, "'/dev/pts/ptmx' of the container is no ptmx");
	if (ioctl(fd, TIOCSPTLCK, &unlock) < 0)
		return err_sys(err, "unlock the terminal");
	return util_steal_fd(&fd);
}

static int open_slave(int master, struct err *err)
{
	AUTO_FD int fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open the terminal");
	if (major(st.st_rdev) < DEVPTS_MAJOR_FIRST || major(st.st_rdev) > DEVPTS_MAJOR_LAST)
		return err_set(err, ERR_FAILED, "the container's terminal is no pty");
	return util_steal_fd(&fd);
}

/* A plain file to lie on, made where there is nothing; a link is not followed. */
static int bind_console(int slave, struct err *err)
{
	AUTO_FD int made = open("/dev/console",
	        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	AUTO_FD int target = open("/dev/console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (target < 0 || fstat(target, &st) < 0)
		return err_sys(err, "open '/dev/console' of the container");
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		return err_set(err, ERR_FAILED, "'/dev/console' of the container is no file");
	AUTO_FD int mount =
	        open_tree(slave, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (mount < 0 ||
	        move_mount(mount, "", target, "",
	                MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(err, "bind the terminal on '/dev/console'");
	return 0;
}

int console_take(const struct console *c, struct err *err)
{
	struct winsize size = {
	        .ws_row = (unsigned short)c->rows, .ws_col = (unsigned short)c->columns};
	AUTO_FD int master = open_master(err);
	AUTO_FD int slave = master < 0 ? -1 : open_slave(master, err);

	if (slave < 0)
		return -1;
	if (c->rows && c->columns && ioctl(slave, TIOCSWINSZ, &size) < 0)
		return err_sys(err, "set the size of the terminal");
	if (fchown(slave, c->uid, (gid_t)-1) < 0 && errno != EPERM && errno != EINVAL)
		return err_sys(err, "set the owner of the terminal");
	if (c->bind && bind_console(slave, err) < 0)
		return -1;
	if (send_master(c->socket, master, err) < 0)
		return -1;
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return err_sys(err, "make the terminal the standard streams");
	if (ioctl(0, TIOCSCTTY, 0) < 0)
		return err_sys(err, "make the terminal the controlling one");
	return 0;
}
