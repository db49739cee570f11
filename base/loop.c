#include "base/loop.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 64 /* others take devices too, between the question for a free one and its use */

bool loop_find(const char *file, char device[LOOP_PATH])
{
	AUTO_FREE char *path = realpath(file, NULL);
	AUTO_STRV names = {0};

	if (!path || fs_list("/sys/block", &names, NULL) < 0)
		return false;
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *attr = xasprintf("/sys/block/%s/loop/backing_file", names.v[i]);
		AUTO_STR text = {0};
		if (!str_starts(names.v[i], "loop") || !fs_exists(attr) ||
		        fs_read(attr, PATH_MAX, &text, NULL) < 0 || !text.len)
			continue;
		if (text.buf[text.len - 1] == '\n')
			text.buf[--text.len] = '\0';
		if (!str_eq(str_text(&text), path))
			continue;
		snprintf(device, LOOP_PATH, "/dev/%.20s", names.v[i]);
		return true;
	}
	return false;
}

/* What was found may have been cleared, and taken by somebody else, before it was opened. */
static int open_attached(const char *file, char device[LOOP_PATH])
{
	struct loop_info64 info;
	struct stat st;

	if (!loop_find(file, device) || stat(file, &st) < 0)
		return -1;
	AUTO_FD int fd = open(device, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info) < 0 || info.lo_inode != st.st_ino ||
	        info.lo_device != st.st_dev)
		return -1;
	return util_steal_fd(&fd);
}

/* -1 with errno; EBUSY: somebody else was faster. */
static int configure(int control, int file, char device[LOOP_PATH])
{
	struct loop_config config = {
	        .fd = (unsigned)file, .info = {.lo_flags = LO_FLAGS_AUTOCLEAR}};
	int number = ioctl(control, LOOP_CTL_GET_FREE);

	if (number < 0)
		return -1;
	snprintf(device, LOOP_PATH, "/dev/loop%d", number);
	AUTO_FD int fd = open(device, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, LOOP_CONFIGURE, &config) < 0)
		return -1;
	return util_steal_fd(&fd);
}

int loop_open(const char *file, char device[LOOP_PATH], struct err *err)
{
	int fd = open_attached(file, device);

	if (fd >= 0)
		return fd;
	AUTO_FD int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (control < 0) {
		err_sys(err, "open '/dev/loop-control'");
		err->kind = ERR_HOST;
		return err_hint(err, "the kernel needs loop devices (modprobe loop)");
	}
	AUTO_FD int image = open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (image < 0)
		return err_sys(err, "open '%s'", file);
	for (int i = 0; i < TRIES; i++) {
		fd = configure(control, image, device);
		if (fd >= 0)
			return fd;
		if (errno != EBUSY)
			break;
	}
	return err_sys(err, "make a loop device of '%s'", file);
}
