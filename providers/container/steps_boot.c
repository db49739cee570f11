/*
 * container.boot: with systemd as PID 1 a machine that executes is not yet one that serves. systemd
 * says READY=1 on a socket (sd_notify(3)) once its boot is finished, well or not.
 */
#include "providers/container/session.h"

#include "base/clock.h"
#include "base/fs.h"
#include "core/transport.h"
#include "providers/container/systemd.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BOOT_LIMIT_NS INT64_C(120000000000)
#define TICK_MS       100 /* how soon a request to stop is noticed */

/* By its folder's descriptor: a socket's name is short. */
int boot_listen(const struct names *names, int *out, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	AUTO_FREE char *path = boot_socket(names);
	AUTO_FD int dir = open(names->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (dir < 0 || fd < 0)
		return err_sys(err, "make the socket '%s'", path);
	if (fs_unlink(path, err) < 0)
		return -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/notify", dir);
	/* The machine's root is nobody here, and nobody else gets into the folder. */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, 0666) < 0)
		return err_sys(err, "make the socket '%s'", path);
	*out = util_steal_fd(&fd);
	return 0;
}

char *boot_socket(const struct names *names)
{
	return xasprintf("%s/notify", names->dir);
}

static bool says_ready(int fd)
{
	char text[4096];
	ssize_t n;

	/* Who talks without end must not keep the clock from being looked at. */
	for (int i = 0; i < 64 && (n = recv(fd, text, sizeof(text) - 1, 0)) >= 0; i++) {
		text[n] = '\0';
		if (str_starts(text, "READY=1") || strstr(text, "\nREADY=1"))
			return true;
	}
	return false;
}

static int wait_for_word(const struct run *run, int fd, int pidfd, struct err *err)
{
	int64_t deadline = clock_mono_ns() + BOOT_LIMIT_NS;
	struct pollfd fds[2] = {{fd, POLLIN, 0}, {pidfd, POLLIN, 0}};

	while (clock_mono_ns() < deadline) {
		if (*run_stop(run))
			return err_set(err, ERR_INTERRUPTED, "interrupted while systemd booted");
		poll(fds, 2, TICK_MS);
		if (says_ready(fd))
			return 0;
		if (fds[1].revents)
			return err_set(err, ERR_FAILED, "systemd ended while it booted");
	}
	return err_set(err, ERR_FAILED, "systemd did not finish its boot within %d s",
	        (int)(BOOT_LIMIT_NS / 1000000000));
}

/* Another prov listened, and was killed: the word is lost, so systemd is asked. */
static int ask(struct run *run, struct err *err)
{
	static const char *const argv[] = {"systemctl", "is-system-running", "--wait", NULL};
	const struct transport_cmd cmd = {
	        .argv = argv, .in_fd = -1, .timeout_ns = BOOT_LIMIT_NS, .stop = run_stop(run)};
	struct transport *t;

	if (run_transport(run, &t, err) < 0)
		return -1;
	return transport_ask(t, &cmd, NULL, NULL, err) < 0 ? -1 : 0;
}

int container_boot_apply(struct run *run, struct err *err)
{
	struct session *s = run->session;
	pid_t pid;

	if (!systemd_is_init(run->spec))
		return 0;
	AUTO_FD int pidfd = container_open(s, &pid);
	if (pidfd < 0)
		return err_set(err, ERR_FAILED, "systemd ended while it booted");
	int rc = s->notify < 0 ? ask(run, err) : wait_for_word(run, s->notify, pidfd, err);
	util_close_fd(&s->notify);
	if (rc < 0)
		err_hint(err, "prov logs %s", run->spec->selector);
	return rc;
}

int container_boot_revert(struct run *run, struct err *err)
{
	AUTO_FREE char *path = boot_socket(run->names);

	return fs_unlink(path, err);
}

void container_boot_explain(const struct run *run, struct str *out)
{
	if (systemd_is_init(run->spec))
		str_add(out,
		        "systemd says on a socket when it has booted (NOTIFY_SOCKET)\n"
		        "systemctl is-system-running --wait\n");
	else
		str_add(out, "PID 1 is ready when it executes: nothing is waited for\n");
}
