/* The machine's volumes: disks that are known by their serial, mounted before its init starts. */
#pragma once

#include "guest/initrd_seed.h"

#include <sys/mount.h>

/* The device with this serial, waited for; false: there is none. */
static bool disk_of_serial(const char *serial, char device[300])
{
	DIR *dir = opendir("/sys/block");
	char path[300], text[64];
	bool found = false;

	for (struct dirent *e; dir && !found && (e = readdir(dir));) {
		snprintf(path, sizeof(path), "/sys/block/%s/serial", e->d_name);
		if (e->d_name[0] == '.' || read_file(AT_FDCWD, path, text, sizeof(text)) <= 0)
			continue;
		trim(text);
		found = strcmp(text, serial) == 0;
		if (found)
			snprintf(device, 300, "/dev/%s", e->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool await_disk(struct boot *b, const char *serial, char device[300])
{
	int64_t deadline = now_ms() + 5000;

	while (!disk_of_serial(serial, device) || access(device, F_OK) < 0)
		if (!next_uevent(b, deadline))
			return false;
	return true;
}

static void mount_volume(struct boot *b, int root, const char *serial, const char *mode, char *path)
{
	const char *name;
	char device[300], place[64];
	bool reads = strcmp(mode, "ro") == 0;

	if (!await_disk(b, serial, device)) {
		warn("there is no disk with the serial %s", serial);
		return;
	}
	int parent = open_parent(root, path, &name);
	if (parent >= 0) {
		mkdirat(parent, name, 0755);
		close(parent);
	}
	int target = open_in_root(root, path, O_PATH | O_DIRECTORY);
	snprintf(place, sizeof(place), "/proc/self/fd/%d", target);
	if (target < 0 || mount(device, place, "ext4", reads ? MS_RDONLY : 0, NULL) < 0)
		warn("cannot mount %s on %s: %s", device, path, strerror(errno));
	if (target >= 0)
		close(target);
	/* A repair makes it; a database refuses a folder that is not empty. */
	target = reads ? -1 : open_in_root(root, path, O_RDONLY | O_DIRECTORY);
	if (target >= 0) {
		unlinkat(target, "lost+found", AT_REMOVEDIR);
		close(target);
	}
}

/* Lines "SERIAL ro|rw PATH". */
static void mount_volumes(struct boot *b)
{
	FILE *list = fopen(SEED "/etc/prov/volumes", "re");
	int root = open(NEWROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char serial[64], mode[8], path[512];

	while (list && fscanf(list, "%63s %7s %511[^\n]", serial, mode, path) == 3)
		mount_volume(b, root, serial, mode, path);
	if (list)
		fclose(list);
	if (root >= 0)
		close(root);
}
