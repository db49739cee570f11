/* `start`: a word through the container's FIFO, and what becomes of it through the other. */
#include "oci/create.h"

#include "base/clock.h"
#include "base/fs.h"
#include "engine/process.h"
#include "oci/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define END_LIMIT_NS 10000000000

static int open_fifo(const struct oci_container *c, const char *name, int flags, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", c->home.path, name);
	int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENXIO)
		return err_set(err, ERR_FAILED, "container '%s' has ended", c->state.id);
	return fd < 0 ? err_sys(err, "open '%s'", path) : fd;
}

/* The end of it without a word: the program is executed, or was so quick that it has ended. */
static int hear(int report, struct err *err)
{
	struct pollfd wait = {report, POLLIN, 0};
	struct err why;
	size_t got = 0;

	for (;;) {
		ssize_t n = read(report, (char *)&why + got, sizeof(why) - got);
		if (n == 0)
			break;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_sys(err, "read the container's report");
		if (n < 0)
			poll(&wait, 1, -1);
		else
			got += (size_t)n;
	}
	if (!got)
		return 0;
	if (got != sizeof(why))
		return err_set(err, ERR_FAILED, "the container's report is torn");
	if (err)
		*err = why;
	return -1;
}

static int go(const struct oci_container *c, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/" OCI_FIFO_START, c->home.path);
	AUTO_FD int report = open_fifo(c, OCI_FIFO_REPORT, O_RDONLY, err);
	AUTO_FD int word = report < 0 ? -1 : open_fifo(c, OCI_FIFO_START, O_WRONLY, err);

	if (word < 0)
		return -1;
	/* From here on it counts as started, whatever becomes of it. */
	if (fs_unlink(path, err) < 0)
		return -1;
	if (write(word, "", 1) != 1)
		return err_sys(err, "tell container '%s' to start", c->state.id);
	util_close_fd(&word);
	return hear(report, err);
}

/* It would wait for ever. */
static int end_without_process(const struct oci_container *c, struct err *err)
{
	AUTO_FD int pidfd = oci_container_pidfd(c, err);

	if (pidfd < 0)
		return -1;
	process_signal(pidfd, SIGKILL);
	process_wait(pidfd, clock_mono_ns() + END_LIMIT_NS, NULL);
	return err_set(err, ERR_CONFIG, "process: is missing, there is nothing to start");
}

static int run_poststart(
        const struct oci_call *call, struct oci_container *c, struct oci_config *config)
{
	struct err why = {0};

	oci_container_look(c);
	json_t *state = oci_state_json(&c->state, OCI_RUNNING);
	int rc = hooks_run(&config->hooks, HOOK_POSTSTART, state, c->state.bundle, oci_log_warning,
	        (void *)(uintptr_t)call, &why);
	json_decref(state);
	return rc;
}

int container_start(const struct oci_call *call, struct err *err)
{
	AUTO_CONTAINER c = {.home.fd = -1};
	struct oci_config config;

	if (oci_container_open(call, call->operands.v[0], true, &c, err) < 0)
		return -1;
	if (c.status != OCI_CREATED)
		return err_set(err, ERR_FAILED, "container '%s' is %s, not created", c.state.id,
		        oci_status_name(c.status));
	if (oci_container_config(&c, &config, err) < 0)
		return -1;
	int rc = config.has_process ? go(&c, err) : end_without_process(&c, err);
	if (rc == 0)
		rc = run_poststart(call, &c, &config);
	config_clear(&config);
	return rc;
}
