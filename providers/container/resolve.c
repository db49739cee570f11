/* Which name server a running container asks, after a network was connected or disconnected. */
#include "providers/container/plug.h"

#include "base/io.h"
#include "core/seed.h"
#include "engine/enter.h"
#include "providers/container/session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define RESOLV_CONF "/etc/resolv.conf"
#define MAX_BYTES   (64 * 1024)

struct resolver {
	const char *text, *domain;
};

/* What somebody inside wrote, or a link to it, or a pipe that nobody writes to, stays. */
static bool is_own(const char *domain)
{
	AUTO_FD int fd = open(RESOLV_CONF, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	AUTO_STR text = {0};

	if (fd < 0)
		return errno == ENOENT;
	return io_read_plain(fd, MAX_BYTES, &text) == 0 &&
	        seed_is_resolver(str_text(&text), domain);
}

static int write_inside(void *arg, struct err *err)
{
	const struct resolver *resolver = arg;
	struct seed seed = {0};

	if (!is_own(resolver->domain))
		return 0;
	seed_add(&seed, RESOLV_CONF, 0644, resolver->text, strlen(resolver->text));
	int rc = container_seed_inside(&seed, err);
	seed_clear(&seed);
	return rc;
}

int container_resolve(void *session, const char *text, struct err *err)
{
	const struct session *s = session;
	struct resolver resolver = {text, s->spec->domain};
	pid_t pid;
	AUTO_FD int pidfd = container_open(s, &pid);

	return pidfd < 0 ? 0 : engine_enter(pidfd, pid, write_inside, &resolver, err);
}
