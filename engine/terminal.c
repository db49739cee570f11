#include "engine/terminal.h"

#include "base/io.h"
#include "engine/engine_internal.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

static const char multiplexer_path[] = "/dev/pts/ptmx";

static bool is_multiplexer(int fd)
{
	struct statfs fs;

	return is_char_device(fd, 5, 2) && fstatfs(fd, &fs) == 0 && fs.f_type == DEVPTS_SUPER_MAGIC;
}

int terminal_open(int multiplexer, int *master, int *slave, struct err *err)
{
	char reopen[32];
	int locked = 0;

	if (!is_multiplexer(multiplexer))
		return err_set(err, ERR_FAILED, "the machine's '/dev/pts' makes no terminals");
	snprintf(reopen, sizeof(reopen), "/proc/self/fd/%d", multiplexer);
	AUTO_FD int m = open(reopen, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (m < 0 || ioctl(m, TIOCSPTLCK, &locked) < 0)
		return err_sys(err, "make a terminal in the machine");
	/* By the master, not by a path that the machine may have changed. */
	int s = ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s < 0)
		return err_sys(err, "open a terminal in the machine");
	*slave = s;
	*master = util_steal_fd(&m);
	return 0;
}

/* The payload is the name of the file, which the other side of OCI's console socket may show. */
int terminal_send(int to, int master, struct err *err)
{
	if (io_send_fd(to, master, multiplexer_path, strlen(multiplexer_path)) < 0)
		return err_sys(err, "hand over the terminal");
	return 0;
}

static int bind_console(int slave, struct err *err)
{
	AUTO_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int target = root < 0 ? -1 : tree_file(root, "/dev/console", err);
	AUTO_FD int mount =
	        open_tree(slave, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | (unsigned)OPEN_TREE_CLOEXEC);

	if (root < 0)
		return err_sys(err, "open the container's root");
	if (target < 0)
		return -1;
	if (mount < 0 || attach(mount, target) < 0)
		return err_sys(err, "bind the terminal on '/dev/console'");
	return 0;
}

int terminal_console(
        int to, const struct terminal_size *size, uid_t owner, int *slave, struct err *err)
{
	AUTO_FD int multiplexer = open(multiplexer_path, O_PATH | O_CLOEXEC);
	AUTO_FD int master = -1, s = -1;
	struct winsize window = {.ws_row = size->rows, .ws_col = size->columns};

	if (multiplexer < 0)
		return err_sys(err, "open the machine's '%s'", multiplexer_path);
	if (terminal_open(multiplexer, &master, &s, err) < 0)
		return -1;
	if (size->rows && size->columns && ioctl(master, TIOCSWINSZ, &window) < 0)
		return err_sys(err, "set the terminal's size");
	if (fchown(s, owner, (gid_t)-1) < 0)
		return err_sys(err, "give the terminal to user %u", owner);
	if (bind_console(s, err) < 0 || terminal_send(to, master, err) < 0)
		return -1;
	*slave = util_steal_fd(&s);
	return 0;
}
