/* Whether a program of the user's, as PID 1 or beneath prov-init, outlives its start. */
#include "providers/container/session.h"

#include "base/clock.h"
#include "base/proc.h"
#include "engine/process.h"
#include "providers/container/container.h"
#include "providers/container/systemd.h"

#include <poll.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#define LEAST_LIFE_NS INT64_C(100000000)   /* a mistake in a command shows within it, mostly */
#define WORD_LIMIT_NS INT64_C(20000000000) /* prov-mon has only a few bytes left to write */
#define TICK_MS       20                   /* where no event can be had */

/* prov-init alone does nothing that could fail, and systemd says by itself how its boot ended. */
static bool has_own_program(const struct machine_spec *spec)
{
	const char *init = spec->container.init ? spec->container.init : "auto";

	return spec->container.command.n || (!str_eq(init, "auto") && !systemd_is_init(spec));
}

/* How long the process still has to live until it has lived long enough. */
static int64_t left_of_youth(pid_t pid)
{
	struct timespec now;
	uint64_t ticks;

	if (proc_start_time(pid, &ticks, NULL) < 0 || clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		return 0;
	int64_t began = (int64_t)ticks * (1000000000 / sysconf(_SC_CLK_TCK));
	int64_t age = now.tv_sec * INT64_C(1000000000) + now.tv_nsec - began;
	return age < LEAST_LIFE_NS ? LEAST_LIFE_NS - age : 0;
}

/* Its supervisor writes how it ended right behind its end. */
static int look_until_known(
        const struct session *s, const volatile int *stop, struct status *out, struct err *err)
{
	int64_t deadline = clock_mono_ns() + WORD_LIMIT_NS;
	struct pollfd fd = {inotify_init1(IN_CLOEXEC | IN_NONBLOCK), POLLIN, 0};
	char events[4096];
	int rc;

	if (fd.fd >= 0)
		(void)!inotify_add_watch(fd.fd, s->names->dir, IN_MOVED_TO | IN_CREATE);
	while ((rc = container_provider.inspect((void *)(uintptr_t)s, out, err)) == 0 &&
	        (out->state == MACHINE_HALTED || out->state == MACHINE_CREATED) &&
	        out->exit_status < 0 && clock_mono_ns() < deadline && !(stop && *stop)) {
		if (poll(&fd, 1, TICK_MS) > 0)
			(void)!read(fd.fd, events, sizeof(events));
	}
	if (fd.fd >= 0)
		close(fd.fd);
	return rc;
}

int container_settle(void *session, const volatile int *stop, struct status *out, struct err *err)
{
	const struct session *s = session;
	pid_t pid;

	*out = (struct status){.state = MACHINE_RUNNING, .exit_status = -1};
	if (!has_own_program(s->spec))
		return 0;
	AUTO_FD int pidfd = container_open(s, &pid);
	if (pidfd >= 0 &&
	        process_wait(pidfd, clock_mono_ns() + left_of_youth(pid), stop) != WAIT_ENDED)
		return 0;
	return look_until_known(s, stop, out, err);
}
