/*
 * writable FOLDER…: every file below that may be opened for writing, but for those of processes.
 * Opening changes nothing. "writable read FILE…" tells which of these can be read instead.
 */
#include "attack.h"

#include <ctype.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned long tries, found;

static int look(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *after = strncmp(path, "/proc/", 6) == 0 ? path + 6 : "";

	(void)ftw;
	if (isdigit(*after) || strncmp(after, "self", 4) == 0 ||
	        strncmp(after, "thread-self", 11) == 0)
		return 0;
	/* Root of the host opens even what has nothing behind it to write to. */
	if (type != FTW_F || !S_ISREG(st->st_mode) || !(st->st_mode & 0222))
		return 0;
	/* Whoever writes there asks to be woken under pressure; it is meant for everybody. */
	if (strncmp(path, "/proc/pressure/", 15) == 0)
		return 0;
	tries++;
	int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	found++;
	got("write", "%s", path);
	close(fd);
	return 0;
}

static void read_from(const char *path)
{
	char bytes[64];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	if (n > 0)
		got(path, "%zd bytes", n);
	else if (n == 0)
		printf("no %s: it is empty\n", path);
	else
		no(path);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "read") == 0) {
		for (int i = 2; i < argc; i++)
			read_from(argv[i]);
		return 0;
	}
	for (int i = 1; i < argc; i++)
		nftw(argv[i], look, 64, FTW_PHYS);
	printf("no write to %lu of %lu files\n", tries - found, tries);
	return 0;
}
