/*
 * The initrd's init of prov's own boxes: loads the few modules, waits for the root disk, copies the
 * machine's identity (core/seed.h) into place, mounts its volumes and folders, sets up its network
 * and hands over to the box's init. Static; it ends in exec, so it leaves no process behind.
 * Reports phases over the virtio-serial port "org.prov.phase", where losing one never delays a
 * boot.
 *
 * Kernel command line: prov.root=DEVICE (default /dev/vda), prov.init=PATH (default /sbin/init).
 */
#include "guest/initrd_boot.h"
#include "guest/initrd_folders.h"
#include "guest/initrd_network.h"
#include "guest/initrd_seed.h"
#include "guest/initrd_volumes.h"

#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#define WAIT_S        60
#define EXT4_RESIZE   _IOW('f', 16, uint64_t)
#define BLOCK_SIZE_64 _IOR(0x12, 114, size_t)

/* --- devices --- */

static void load_modules(void)
{
	FILE *list = fopen("/modules/list", "re");
	char name[128], path[160];

	while (list && fgets(name, sizeof(name), list)) {
		trim(name);
		snprintf(path, sizeof(path), "/modules/%s", name);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
			warn("cannot load the module %s: %s", name, strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	if (list)
		fclose(list);
}

/* The disk appears some milliseconds after its module has been loaded. */
static void mount_root(struct boot *b)
{
	int64_t deadline = now_ms() + WAIT_S * 1000;

	while (access(b->root_device, F_OK) < 0) {
		flush_phases(b);
		if (!next_uevent(b, deadline) && access(b->root_device, F_OK) < 0)
			die("there is no disk %s after %d s", b->root_device, WAIT_S);
	}
	if (mount(b->root_device, NEWROOT, "ext4", 0, NULL) < 0)
		die("cannot mount %s: %s", b->root_device, strerror(errno));
}

/* The host may have grown the disk: the file system follows (ext4 online resize, what resize2fs
 * calls too). */
static void grow_root(const struct boot *b)
{
	int disk = open(b->root_device, O_RDONLY | O_CLOEXEC);
	int root = open(NEWROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	uint64_t bytes = 0;

	if (disk >= 0 && root >= 0 && ioctl(disk, BLOCK_SIZE_64, &bytes) == 0 &&
	        fstatfs(root, &fs) == 0) {
		uint64_t blocks = bytes / (uint64_t)fs.f_bsize;
		/* EINVAL: smaller than the file system; nothing that could be done here. */
		if (ioctl(root, EXT4_RESIZE, &blocks) < 0 && errno != EINVAL)
			warn("cannot grow the root file system: %s", strerror(errno));
	}
	if (disk >= 0)
		close(disk);
	if (root >= 0)
		close(root);
}

/* --- the way in and out --- */

static void prepare(struct boot *b)
{
	static const struct {
		const char *type, *path, *options;
		unsigned long flags;
	} mounts[] = {
	        {"devtmpfs", "/dev", "mode=0755", MS_NOSUID},
	        {"proc", "/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
	        {"sysfs", "/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
	        {"tmpfs", "/run", "mode=0755", MS_NOSUID | MS_NODEV},
	};
	char cmdline[4096], *save = NULL;

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].path, 0755);
		if (mount(mounts[i].type, mounts[i].path, mounts[i].type, mounts[i].flags,
		            mounts[i].options) < 0)
			die("cannot mount %s: %s", mounts[i].path, strerror(errno));
	}
	int console = open("/dev/console", O_RDWR);
	for (int fd = 0; console >= 0 && fd < 3; fd++)
		dup2(console, fd);
	if (console > 2)
		close(console);
	mkdir("/run/prov", 0755);
	mkdir(NEWROOT, 0755);
	if (read_file(AT_FDCWD, "/proc/cmdline", cmdline, sizeof(cmdline)) < 0)
		cmdline[0] = '\0';
	trim(cmdline);
	for (char *word = strtok_r(cmdline, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (strncmp(word, "prov.root=", 10) == 0)
			snprintf(b->root_device, sizeof(b->root_device), "%s", word + 10);
		else if (strncmp(word, "prov.init=", 10) == 0)
			snprintf(b->init, sizeof(b->init), "%s", word + 10);
	}
}

/* Frees the initrd's memory: everything of its own file system, mount points excluded. */
static void empty_initrd(int dir_fd, dev_t dev)
{
	DIR *dir = fdopendir(dir_fd);
	struct stat st;

	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		        fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		        st.st_dev != dev)
			continue;
		int sub = S_ISDIR(st.st_mode)
		        ? openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
		        : -1;
		if (sub >= 0)
			empty_initrd(sub, dev);
		unlinkat(dirfd(dir), e->d_name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
	}
	if (dir)
		closedir(dir);
}

static void switch_root(const struct boot *b)
{
	static const char *const moved[] = {"/dev", "/proc", "/sys", "/run"};
	int old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (chdir(NEWROOT) < 0)
		die("cannot enter the root file system: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++)
		if (mount(moved[i], moved[i] + 1, NULL, MS_MOVE, NULL) < 0)
			warn("cannot move %s into the root file system: %s", moved[i],
			        strerror(errno));
	if (old >= 0 && fstat(old, &st) == 0)
		empty_initrd(old, st.st_dev);
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		die("cannot switch to the root file system: %s", strerror(errno));
	execl(b->init, b->init, (char *)NULL);
	die("cannot run %s: %s", b->init, strerror(errno));
}

int main(void)
{
	struct boot b = {.root_device = "/dev/vda", .init = "/sbin/init", .port = -1};

	prepare(&b);
	open_uevents(&b);
	phase(&b, "initrd\n");
	load_modules();
	mount_root(&b);
	flush_phases(&b);
	grow_root(&b);
	copy_seed();
	mount_volumes(&b);
	mount_folders();
	configure_network(&b);
	phase(&b, "network\n");
	phase(&b, "switch\n");
	switch_root(&b);
}
