/* libvirt's daemon, where a lab needs it and nobody has started it yet. */
#include "lab/lab_session.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_FOLDER "/run/libvirt"
#define SOCKET        SOCKET_FOLDER "/libvirt-sock"
#define LIMIT_NS      (60 * INT64_C(1000000000)) /* for what never comes */

/* Somebody listens; whether it answers is seen by who asks. */
static bool listens(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = SOCKET};
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ||
	        (errno != ENOENT && errno != ECONNREFUSED);
}

/* A daemon has made its socket, or time is over. It binds and then listens: the last look is
 * repeated until a moment after the socket came. */
static bool await_socket(void)
{
	int64_t until = clock_mono_ns() + LIMIT_NS;
	AUTO_FD int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0 ||
	        (inotify_add_watch(fd, SOCKET_FOLDER, IN_CREATE | IN_ATTRIB) < 0 &&
	                inotify_add_watch(fd, "/run", IN_CREATE | IN_ATTRIB) < 0))
		return listens();
	while (!listens() && clock_mono_ns() < until) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		char events[4096];
		(void)!poll(&wait, 1, 50);
		while (read(fd, events, sizeof(events)) > 0)
			;
	}
	return listens();
}

static void say(struct event_sink *sink, const char *how)
{
	AUTO_FREE char *text = xasprintf("libvirt is not running: starting it (%s)", how);

	event_emit(sink, &(struct event){.kind = EVENT_NOTE, .machine = "", .text = text});
}

/* Debian's one daemon, or the modular ones of other systems. */
static int start_units(struct event_sink *sink, struct err *err)
{
	static const char *const one[] = {
	        "systemctl", "start", "virtlogd.socket", "libvirtd.socket", NULL};
	static const char *const modular[] = {"systemctl", "start", "virtlogd.socket",
	        "virtqemud.socket", "virtnetworkd.socket", "virtproxyd.socket", NULL};

	say(sink, "systemctl start libvirtd.socket");
	if (proc_check(one, NULL, err) == 0)
		return 0;
	return proc_check(modular, NULL, NULL) == 0 ? 0 : -1;
}

static int start_daemons(struct event_sink *sink, struct err *err)
{
	static const char *const log[] = {"virtlogd", "-d", NULL};
	static const char *const daemon[] = {"libvirtd", "-d", NULL};

	say(sink, "virtlogd -d, libvirtd -d");
	/* It may run already, and then says so. */
	(void)!proc_check(log, NULL, NULL);
	return proc_check(daemon, NULL, err);
}

static bool has_program(const char *name)
{
	const char *path = getenv("PATH");

	for (const char *p = path; p && *p; p += strcspn(p, ":"), p += *p == ':') {
		AUTO_FREE char *file = xasprintf("%.*s/%s", (int)strcspn(p, ":"), p, name);
		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

void lab_libvirt_start(const char *uri, struct event_sink *sink)
{
	bool systemd = fs_is_dir("/run/systemd/system");
	struct err err = {0};

	if (!str_eq(uri, "qemu:///system") || geteuid() != 0 || listens() ||
	        (!systemd && !has_program("libvirtd")))
		return;
	int rc = systemd ? start_units(sink, &err) : start_daemons(sink, &err);
	if (rc == 0 && await_socket())
		return;
	AUTO_FREE char *text = xasprintf("libvirt cannot be started: %s",
	        rc < 0 ? err.message : "its socket " SOCKET " does not come");
	event_emit(sink, &(struct event){.kind = EVENT_WARNING, .machine = "", .text = text});
}
