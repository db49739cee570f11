#include "provisioners/internal.h"

#include "base/clock.h"
#include "base/io.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int provision_output_open(struct output *out, struct run *run, struct err *err)
{
	time_t now = (time_t)(clock_wall_ns() / 1000000000);
	struct tm utc;
	char when[32], line[512];

	*out = (struct output){run, -1};
	int fd = open(run->names->logs, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "open '%s'", run->names->logs);
	gmtime_r(&now, &utc);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
	int n = snprintf(line, sizeof(line), "--- %s %.400s\n", when, run->step->name);
	if (io_write_all(fd, line, (size_t)n, err) < 0) {
		close(fd);
		return err_wrap(err, "write '%s'", run->names->logs);
	}
	out->log_fd = fd;
	return 0;
}

void provision_output_write(void *output, int stream, const char *data, size_t n)
{
	struct output *out = output;
	struct err err = {0};

	run_output(out->run, stream, data, n);
	if (out->log_fd >= 0 && io_write_all(out->log_fd, data, n, &err) < 0) {
		/* A full disk of the host is no reason to cut a script short in the middle. */
		run_warning(out->run, "the output is not kept: '%s': %s", out->run->names->logs,
		        err.message);
		util_close_fd(&out->log_fd);
	}
}

void provision_output_close(struct output *out)
{
	util_close_fd(&out->log_fd);
}
