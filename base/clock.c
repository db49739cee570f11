#include "base/clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t clock_mono_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

void clock_format(char out[16], int64_t ns)
{
	double ms = (double)ns / 1e6;
	int64_t seconds = (ns / 500000000 + 1) / 2;

	/* Each limit is where the next form would round up to its own first value. */
	if (ms < 9.95)
		snprintf(out, 16, "%.1f ms", ms);
	else if (ms < 999.5)
		snprintf(out, 16, "%.0f ms", ms);
	else if (ms < 59950)
		snprintf(out, 16, "%.1f s", ms / 1000);
	else
		snprintf(out, 16, "%" PRId64 " min %02d s", seconds / 60 % 100000,
		        (int)(seconds % 60));
}

int clock_boot_id(char out[BOOT_ID_LEN + 1], struct err *err)
{
	static const char path[] = "/proc/sys/kernel/random/boot_id";
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	if (read(fd, out, BOOT_ID_LEN) != BOOT_ID_LEN)
		return err_set(err, ERR_FAILED, "'%s' is shorter than a boot id", path);
	out[BOOT_ID_LEN] = '\0';
	return 0;
}
