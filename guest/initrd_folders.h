/* Folders of the host by virtiofs or 9p, mounted before the machine's init starts: so they are
 * there after every start, also one that nobody outside has seen. */
#pragma once

#include "guest/initrd_seed.h"
#include "guest/nine.h"

#include <sys/mount.h>
#include <sys/utsname.h>

/* The module is in the box, not in its initrd; one that is built in has no file. */
static void load_module_of_box(int root, const char *path)
{
	struct utsname kernel;
	char file[400];

	if (uname(&kernel) < 0)
		return;
	snprintf(file, sizeof(file), "/usr/lib/modules/%s/kernel/%s", kernel.release, path);
	int fd = open_in_root(root, file, O_RDONLY);
	if (fd < 0)
		return;
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		warn("cannot load %s: %s", file, strerror(errno));
	close(fd);
}

/* Each after what it needs: a box need not have depmod's list. */
static void load_modules_of_box(int root)
{
	static const char *const paths[] = {"fs/fuse/fuse.ko", "fs/fuse/virtiofs.ko",
	        "fs/netfs/netfs.ko", "fs/fscache/fscache.ko", "net/9p/9pnet.ko",
	        "net/9p/9pnet_virtio.ko", "fs/9p/9p.ko"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		load_module_of_box(root, paths[i]);
}

/* /run is the initrd's own, which moves into the box's root later. */
static int folder_root(const char *path, int root)
{
	return strncmp(path, "/run/", 5) == 0 ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)
	                                      : dup(root);
}

static void mount_folder(int root, const char *tag, const char *mode, char *path)
{
	unsigned long flags = MS_NOSUID | MS_NODEV | (strncmp(mode, "ro", 2) == 0 ? MS_RDONLY : 0);
	bool nine = strstr(mode, ",9p");
	int top = folder_root(path, root);
	const char *name;
	char place[64];

	int parent = top < 0 ? -1 : open_parent(top, path, &name);
	if (parent >= 0) {
		mkdirat(parent, name, 0755);
		close(parent);
	}
	int target = top < 0 ? -1 : open_in_root(top, path, O_PATH | O_DIRECTORY);
	snprintf(place, sizeof(place), "/proc/self/fd/%d", target);
	/* prov tries again when the machine answers, and says what is wrong. */
	if (target < 0 ||
	        mount(tag, place, nine ? "9p" : "virtiofs", flags, nine ? NINE_OPTIONS : NULL) < 0)
		warn("cannot mount the folder %s on %s: %s", tag, path, strerror(errno));
	if (target >= 0)
		close(target);
	if (top >= 0)
		close(top);
}

/* Lines "TAG ro|rw[,9p] PATH". */
static void mount_folders(void)
{
	FILE *list = fopen(SEED "/etc/prov/folders", "re");
	int root = open(NEWROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char tag[64], mode[8], path[512];

	if (list && root >= 0)
		load_modules_of_box(root);
	while (list && root >= 0 && fscanf(list, "%63s %7s %511[^\n]", tag, mode, path) == 3)
		mount_folder(root, tag, mode, path);
	if (list)
		fclose(list);
	if (root >= 0)
		close(root);
}
