/* The ready probe: asked again and again until it passes often enough, or time is over. */
#include "provisioners/internal.h"

#include "base/clock.h"
#include "base/proc.h"
#include "core/provider.h"
#include "provisioners/log_probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STOP_POLL_MS 100
#define SECOND_NS    INT64_C(1000000000)

struct probing {
	struct run *run;
	const struct ready_probe *probe;
	int64_t deadline_ns;
	struct log_probe log;
	char *last; /* what the last try ended with */
};

static bool is_stopped(const struct probing *p)
{
	const volatile int *stop = run_stop(p->run);

	return stop && *stop;
}

/* Waits until fd (-1: nothing) has events, until_ns has come (0) or the user wants to stop (-1). */
static int wait_fd(const struct probing *p, int fd, short events, int64_t until_ns)
{
	for (;;) {
		struct pollfd pfd = {fd, events, 0};
		int64_t left = (until_ns - clock_mono_ns() + 999999) / 1000000;
		if (is_stopped(p))
			return -1;
		if (left <= 0)
			return 0;
		if (poll(&pfd, 1, left < STOP_POLL_MS ? (int)left : STOP_POLL_MS) > 0)
			return 1;
	}
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void remember(struct probing *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void remember(struct probing *p, const char *fmt, ...)
{
	va_list ap;

	free(p->last);
	va_start(ap, fmt);
	p->last = xvasprintf(fmt, ap);
	va_end(ap);
}

/* The port is asked for from outside, by the host: that is who will use it. */
static int connect_once(struct probing *p, const char *address, int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int64_t patience = p->probe->interval_ns > SECOND_NS ? p->probe->interval_ns : SECOND_NS;
	int cause = 0;
	socklen_t n = sizeof(cause);

	if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return EINVAL;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	int64_t until = sooner(clock_mono_ns() + patience, p->deadline_ns);
	if (wait_fd(p, fd, POLLOUT, until) <= 0)
		return ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &n);
	return cause;
}

static int try_tcp(struct probing *p, bool *passed, struct err *err)
{
	const struct machine_spec *spec = p->run->spec;
	const char *address = spec->network_mode == NET_HOST    ? "127.0.0.1"
	        : spec->network_mode == NET_LAB && spec->n_nics ? spec->nics[0].address
	                                                        : NULL;

	if (!address) {
		err_set(err, ERR_CONFIG, "ready: tcp cannot reach '%s', which has no network",
		        spec->selector);
		return err_hint(err, "ask inside the machine, by ready: { exec: … }");
	}
	int cause = connect_once(p, address, p->probe->port);
	*passed = cause == 0;
	if (cause)
		remember(p, "tcp port %d of %s: %s", p->probe->port, address, strerror(cause));
	return 0;
}

static void keep_first_line(void *ctx, int stream, const char *data, size_t n)
{
	struct str *said = ctx;

	(void)stream;
	if (said->len < 200)
		str_addn(said, data, n > 200 ? 200 : n);
}

static int try_exec(struct probing *p, bool *passed, struct err *err)
{
	const char *const argv[] = {"/bin/sh", "-c", p->probe->text, NULL};
	AUTO_STR said = {0}, shown = {0};
	AUTO_STRV env = {0};
	struct provision_item none = {0};
	struct transport *t;
	struct err why = {0};
	int status = 0;

	provision_item_env(p->run->spec, &none, &env);
	struct transport_cmd cmd = {.argv = argv,
	        .env = (const char *const *)env.v,
	        .in_fd = -1,
	        .out_fd = -1,
	        .err_fd = -1,
	        .output = keep_first_line,
	        .ctx = &said,
	        .timeout_ns = p->deadline_ns - clock_mono_ns(),
	        .stop = run_stop(p->run)};
	if (run_transport(p->run, &t, err) < 0)
		return -1;
	if (cmd.timeout_ns <= 0)
		return 0;
	if (t->ops->run(t, &cmd, &status, &why) < 0) {
		/* That the last one had no time left says less than why those before failed. */
		if (!p->last || clock_mono_ns() < p->deadline_ns)
			remember(p, "exec: %s", why.message);
		return 0;
	}
	*passed = status == 0;
	str_add_escaped(&shown, str_text(&said), strcspn(str_text(&said), "\n"));
	AUTO_FREE char *code = proc_code_text(status);
	if (status)
		remember(p, "exec exited with %s%s%s", code, shown.len ? ": " : "",
		        str_text(&shown));
	return 0;
}

static int try_log(struct probing *p, bool *passed, struct err *err)
{
	if (provision_log_read(&p->log, passed, err) < 0)
		return -1;
	if (!*passed)
		remember(p, "log: nothing in '%s' matches '%s'", p->run->names->console,
		        p->probe->text);
	return 0;
}

static int (*const tries[])(struct probing *, bool *, struct err *) = {
        [READY_TCP] = try_tcp,
        [READY_EXEC] = try_exec,
        [READY_LOG] = try_log,
};

static int give_up(const struct probing *p, struct err *err)
{
	char limit[16];

	clock_format(limit, p->probe->timeout_ns);
	err_set(err, ERR_FAILED, "not ready after %s: %s", limit,
	        p->last ? p->last : "no answer came");
	if (p->probe->type == READY_LOG)
		return err_hint(err,
		        "what its first process printed is in '%s'; ready: { timeout: … } "
		        "gives it more time",
		        p->run->names->console);
	return err_hint(err, "%s; ready: { timeout: … } gives it more time",
	        p->probe->type == READY_EXEC
	                ? "'prov exec' tries the command by hand"
	                : "what listens on 127.0.0.1 in the machine is not reached from outside");
}

/* A machine that has ended never gets ready. */
static int look_at_machine(const struct probing *p, struct err *err)
{
	struct status status;

	for (bool again = true;; again = false) {
		if (run_inspect(p->run, &status, err) < 0)
			return -1;
		if (status.state == MACHINE_RUNNING || status.state == MACHINE_SUSPENDED)
			return 0;
		/* Its supervisor may be about to write how it ended. */
		if (status.exit_status >= 0 || !again ||
		        wait_fd(p, -1, 0, clock_mono_ns() + SECOND_NS / 5) < 0)
			break;
	}
	AUTO_FREE char *code = proc_code_text(status.exit_status);
	if (status.exit_status >= 0)
		err_set(err, ERR_FAILED, "PID 1 ended with %s", code);
	else
		err_set(err, ERR_FAILED, "the machine is no longer running");
	return err_hint(err, "what it printed is in '%s'", p->run->names->console);
}

static int probe_until_ready(struct probing *p, struct err *err)
{
	/* A line that was written stays written: once is enough. */
	int wanted = p->probe->type == READY_LOG ? 1 : p->probe->successes;
	int in_a_row = 0;

	for (;;) {
		bool passed = false;
		int64_t next = clock_mono_ns() + p->probe->interval_ns;
		int rc = tries[p->probe->type](p, &passed, err);
		/* The end of the machine explains more than what the probe says of it. */
		if ((rc < 0 || !passed) && !is_stopped(p) && look_at_machine(p, err) < 0)
			return -1;
		if (rc < 0)
			return -1;
		in_a_row = passed ? in_a_row + 1 : 0;
		if (passed && in_a_row >= wanted)
			return 0;
		if (wait_fd(p, p->log.watch_fd, POLLIN, sooner(next, p->deadline_ns)) < 0)
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		if (clock_mono_ns() >= p->deadline_ns)
			return give_up(p, err);
	}
}

int provision_ready(struct run *run, struct err *err)
{
	const struct ready_probe *probe = run->step->data;
	struct probing p = {.run = run,
	        .probe = probe,
	        .deadline_ns = clock_mono_ns() + probe->timeout_ns,
	        .log = LOG_PROBE_NONE};

	if (probe->type == READY_LOG &&
	        provision_log_open(&p.log, run->names->console, probe->text, err) < 0)
		return -1;
	int rc = probe_until_ready(&p, err);
	provision_log_close(&p.log);
	free(p.last);
	return rc;
}
