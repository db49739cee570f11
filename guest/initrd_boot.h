/* What the initrd's init says, reads and waits for: errors, phases for the host, the kernel's
 * messages about devices. */
#pragma once

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
#include <linux/netlink.h>
#include <sys/reboot.h>
#include <sys/socket.h>

#define NEWROOT   "/root"
#define SEED      "/prov-seed"
#define PORT_NAME "org.prov.phase"

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
