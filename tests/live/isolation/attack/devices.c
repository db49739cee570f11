/*
 * devices MAJOR:MINOR…: makes nodes of these devices, block and character, everywhere, and opens
 * them; then every node that there is.
 */
#include "attack.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char *const places[] = {"/attack.node", "/tmp/attack.node", "/dev/attack.node",
        "/dev/shm/attack.node", "/run/attack.node", "/dev/pts/attack.node"};

static void open_node(const char *name, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	int write_fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 || write_fd >= 0)
		got(name, "%s opened%s", path, write_fd >= 0 ? " for writing" : "");
	else
		no(name);
	close(fd);
	close(write_fd);
}

static void make(const char *text)
{
	static const mode_t kinds[] = {S_IFBLK, S_IFCHR};
	unsigned major = 0, minor = 0;
	char name[64];

	if (sscanf(text, "%u:%u", &major, &minor) != 2)
		return;
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
			snprintf(name, sizeof(name), "%s-%s",
			        kinds[k] == S_IFBLK ? "block" : "char", text);
			if (mknod(places[i], kinds[k] | 0666, makedev(major, minor)) < 0) {
				no(name);
				continue;
			}
			open_node(name, places[i]);
			unlink(places[i]);
		}
}

/* What a container is meant to have; terminals are its own. */
static int is_usual(dev_t d)
{
	static const unsigned char usual[][2] = {
	        {1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 2}};

	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		if (major(d) == usual[i][0] && minor(d) == usual[i][1])
			return 1;
	return major(d) == 136;
}

static int look(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)type;
	(void)ftw;
	if (!S_ISBLK(st->st_mode) && !S_ISCHR(st->st_mode))
		return 0;
	if (S_ISCHR(st->st_mode) && is_usual(st->st_rdev))
		printf("usual %s\n", path);
	else
		open_node("node", path);
	return 0;
}

int main(int argc, char **argv)
{
	not_on_a_host();
	for (int i = 1; i < argc; i++)
		make(argv[i]);
	nftw("/", look, 32, FTW_PHYS);
	return 0;
}
