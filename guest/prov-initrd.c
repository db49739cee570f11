/*
 * The initrd's init of prov's own boxes: loads the few modules, waits for the root disk, copies the
 * machine's identity (core/seed.h) into place, sets up its network and hands over to the box's
 * init. Static; it ends in exec, so it leaves no process behind. Reports phases over the
 * virtio-serial port "org.prov.phase", where losing one never delays a boot.
 *
 * Kernel command line: prov.root=DEVICE (default /dev/vda), prov.init=PATH (default /sbin/init).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <net/route.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#define NEWROOT       "/root"
#define SEED          "/prov-seed"
#define PORT_NAME     "org.prov.phase"
#define WAIT_S        60
#define EXT4_RESIZE   _IOW('f', 16, uint64_t)
#define BLOCK_SIZE_64 _IOR(0x12, 114, size_t)

struct boot {
	char root_device[128], init[256];
	int uevents;     /* netlink socket */
	int port;        /* -1 until it is found */
	char queue[128]; /* phases that the port has not taken yet */
	size_t queued;
};

static void warn(const char *fmt, ...)
{
	va_list ap;

	fputs("prov-initrd: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* The console's tail is what the user gets to see; a machine that is off is noticed at once. */
static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list ap;

	fputs("prov-initrd: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("; powering off\n", stderr);
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

static ssize_t read_file(int at, const char *path, char *buf, size_t size)
{
	int fd = openat(at, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n;
}

static void trim(char *text)
{
	text[strcspn(text, "\r\n")] = '\0';
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- phases --- */

/* The port's node exists before its name is known: the name comes in a message from the host, then
 * in a uevent. */
static void find_port(struct boot *b)
{
	DIR *dir = opendir("/sys/class/virtio-ports");
	char path[300], name[64];

	for (struct dirent *e; dir && b->port < 0 && (e = readdir(dir));) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", e->d_name);
		if (read_file(AT_FDCWD, path, name, sizeof(name)) <= 0)
			continue;
		trim(name);
		if (strcmp(name, PORT_NAME) != 0)
			continue;
		snprintf(path, sizeof(path), "/dev/%s", e->d_name);
		b->port = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		int fd = b->port < 0
		        ? -1
		        : open("/run/prov/phase-port", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd >= 0) {
			if (dprintf(fd, "%s\n", path) < 0)
				warn("cannot keep the phase port's name");
			close(fd);
		}
	}
	if (dir)
		closedir(dir);
}

static void flush_phases(struct boot *b)
{
	if (b->port < 0)
		find_port(b);
	ssize_t n = b->port < 0 || !b->queued ? 0 : write(b->port, b->queue, b->queued);
	if (n > 0) {
		b->queued -= (size_t)n;
		memmove(b->queue, b->queue + n, b->queued);
	}
}

static void phase(struct boot *b, const char *line)
{
	size_t n = strlen(line);

	if (b->queued + n <= sizeof(b->queue)) {
		memcpy(b->queue + b->queued, line, n);
		b->queued += n;
	}
	flush_phases(b);
}

/* --- devices --- */

static void open_uevents(struct boot *b)
{
	struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = 1};

	b->uevents = socket(
	        AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	if (b->uevents < 0 || bind(b->uevents, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		die("cannot listen for devices: %s", strerror(errno));
}

/* Waits for the next message of the kernel about a device, until the deadline. False: it passed. */
static bool next_uevent(struct boot *b, int64_t deadline_ms)
{
	struct pollfd fd = {.fd = b->uevents, .events = POLLIN};
	char message[4096];
	int64_t left = deadline_ms - now_ms();

	if (left <= 0 || poll(&fd, 1, (int)left) <= 0)
		return false;
	while (recv(b->uevents, message, sizeof(message), 0) > 0)
		;
	return true;
}

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

/* --- identity --- */

/* Opens a path of the box as the running system would see it: its links cannot lead out of its
 * root. */
static int open_in_root(int root, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* Opens the folder of path, making what is missing; a new folder belongs to whom its parent belongs
 * to. */
static int open_parent(int root, char *path, const char **name)
{
	int fd = open_in_root(root, "/", O_PATH | O_DIRECTORY);

	for (char *p = path + 1, *slash; fd >= 0 && (slash = strchr(p, '/')); p = slash + 1) {
		*slash = '\0';
		int next = open_in_root(root, path, O_PATH | O_DIRECTORY);
		struct stat st;
		if (next < 0 && errno == ENOENT && mkdirat(fd, p, 0755) == 0) {
			next = open_in_root(root, path, O_PATH | O_DIRECTORY);
			if (fstat(fd, &st) == 0 &&
			        fchownat(fd, p, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
				warn("cannot give %s its owner: %s", path, strerror(errno));
		}
		*slash = '/';
		close(fd);
		fd = next;
	}
	*name = strrchr(path, '/') + 1;
	return fd;
}

static bool copy_bytes(int to, const char *bytes, size_t n)
{
	while (n) {
		ssize_t k = write(to, bytes, n);
		if (k <= 0)
			return false;
		bytes += k;
		n -= (size_t)k;
	}
	return true;
}

static char *slurp(int fd, size_t *n)
{
	struct stat st;
	char *bytes;

	if (fd < 0 || fstat(fd, &st) < 0 || !(bytes = malloc((size_t)st.st_size + 1)))
		return NULL;
	ssize_t got = pread(fd, bytes, (size_t)st.st_size, 0);
	*n = got > 0 ? (size_t)got : 0;
	bytes[*n] = '\0';
	return bytes;
}

struct seed_line {
	char flags[8], path[512];
	unsigned mode, uid, gid;
};

/* Replaces (tmp and rename, so that a link of the box is not followed) or appends what is not there
 * yet. */
static bool place(
        int dir, const char *name, const struct seed_line *line, const char *bytes, size_t n)
{
	bool append = strchr(line->flags, 'a') != NULL, first = strchr(line->flags, 'f') != NULL;
	size_t have_n = 0;
	int have = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *old = slurp(have, &have_n);
	bool done = (first && have_n) || (append && old && strstr(old, bytes));

	if (have >= 0)
		close(have);
	if (!done) {
		int fd = openat(dir, ".prov-seed",
		        O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
		done = fd >= 0;
		if (append && old && have_n)
			done = done && copy_bytes(fd, old, have_n) &&
			        (old[have_n - 1] == '\n' || copy_bytes(fd, "\n", 1));
		done = done && copy_bytes(fd, bytes, n) && fchown(fd, line->uid, line->gid) == 0 &&
		        fchmod(fd, line->mode) == 0 && renameat(dir, ".prov-seed", dir, name) == 0;
		if (fd >= 0)
			close(fd);
	}
	free(old);
	return done;
}

static void copy_seed(void)
{
	FILE *list = fopen(SEED "/list", "re");
	int root = open(NEWROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct seed_line line;
	char from[600];

	while (list &&
	        fscanf(list, "%7s %o %u %u %511[^\n]", line.flags, &line.mode, &line.uid, &line.gid,
	                line.path) == 5) {
		const char *name;
		size_t n = 0;
		snprintf(from, sizeof(from), SEED "%s", line.path);
		int in = open(from, O_RDONLY | O_CLOEXEC);
		char *bytes = slurp(in, &n);
		int dir = bytes ? open_parent(root, line.path, &name) : -1;
		if (dir < 0 || !place(dir, name, &line, bytes, n))
			warn("cannot place %s: %s", line.path, strerror(errno));
		free(bytes);
		if (in >= 0)
			close(in);
		if (dir >= 0)
			close(dir);
	}
	if (list)
		fclose(list);
	if (root >= 0)
		close(root);
}

/* --- network --- */

static bool link_of_mac(const char *mac, char name[IFNAMSIZ])
{
	DIR *dir = opendir("/sys/class/net");
	char path[300], address[32];
	bool found = false;

	for (struct dirent *e; dir && !found && (e = readdir(dir));) {
		snprintf(path, sizeof(path), "/sys/class/net/%s/address", e->d_name);
		if (e->d_name[0] == '.' || read_file(AT_FDCWD, path, address, sizeof(address)) <= 0)
			continue;
		trim(address);
		found = strcasecmp(address, mac) == 0;
		if (found)
			snprintf(name, IFNAMSIZ, "%.15s", e->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool set_address(
        int s, unsigned long request, const char *link, const char *text, uint32_t mask)
{
	struct ifreq ifr = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&ifr.ifr_addr;

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", link);
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = mask;
	if (text && inet_pton(AF_INET, text, &in->sin_addr) != 1)
		return false;
	return ioctl(s, (int)request, &ifr) == 0;
}

static bool set_up(int s, const char *link, int mtu)
{
	struct ifreq ifr = {0};

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", link);
	ifr.ifr_mtu = mtu;
	if (mtu > 0 && ioctl(s, SIOCSIFMTU, &ifr) < 0)
		warn("cannot set the MTU of %s to %d: %s", link, mtu, strerror(errno));
	ifr.ifr_flags = IFF_UP;
	return ioctl(s, SIOCSIFFLAGS, &ifr) == 0;
}

static bool add_gateway(int s, const char *gateway)
{
	struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
	struct sockaddr_in *in = (struct sockaddr_in *)&route.rt_gateway;

	route.rt_dst.sa_family = route.rt_genmask.sa_family = in->sin_family = AF_INET;
	return inet_pton(AF_INET, gateway, &in->sin_addr) == 1 && ioctl(s, SIOCADDRT, &route) == 0;
}

/* One line: MAC ADDRESS/PREFIX GATEWAY MTU; gateway "-" and MTU 0 mean none. */
static void configure_link(struct boot *b, int s, const char *mac, const char *address, int prefix,
        const char *gateway, int mtu)
{
	int64_t deadline = now_ms() + 5000;
	char link[IFNAMSIZ];

	while (!link_of_mac(mac, link))
		if (!next_uevent(b, deadline)) {
			warn("there is no network card %s", mac);
			return;
		}
	uint32_t mask = prefix > 0 && prefix <= 32 ? htonl(~0u << (32 - prefix)) : 0;
	if (!set_address(s, SIOCSIFADDR, link, address, 0) ||
	        !set_address(s, SIOCSIFNETMASK, link, NULL, mask) || !set_up(s, link, mtu))
		warn("cannot set up %s with %s/%d: %s", link, address, prefix, strerror(errno));
	else if (strcmp(gateway, "-") != 0 && !add_gateway(s, gateway))
		warn("cannot set the default route to %s: %s", gateway, strerror(errno));
}

static void configure_network(struct boot *b)
{
	FILE *list = fopen(SEED "/etc/prov/network", "re");
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char mac[18], address[16], gateway[16];
	int prefix, mtu;

	if (!set_up(s, "lo", 0))
		warn("cannot set up lo: %s", strerror(errno));
	while (list &&
	        fscanf(list, "%17s %15[0-9.]/%d %15s %d", mac, address, &prefix, gateway, &mtu) ==
	                5)
		configure_link(b, s, mac, address, prefix, gateway, mtu);
	if (list)
		fclose(list);
	close(s);
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
	configure_network(&b);
	phase(&b, "network\n");
	phase(&b, "switch\n");
	switch_root(&b);
}
