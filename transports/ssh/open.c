/* Opening and closing the transport; the table of its slots. */
#include "transports/ssh/module.h"
#include "transports/ssh/transport.h"

#include <stdlib.h>

static void target_copy(struct ssh_target *to, const struct ssh_target *from)
{
	*to = (struct ssh_target){.host = xstrdup(from->host),
	        .port = from->port,
	        .user = xstrdup(from->user),
	        .key = xstrdup(from->key),
	        .known_hosts = xstrdup(from->known_hosts),
	        .known_as = xstrdup(from->known_as)};
}

static void target_clear(struct ssh_target *target)
{
	const char *const owned[] = {
	        target->host, target->user, target->key, target->known_hosts, target->known_as};

	for (size_t i = 0; i < ARRAY_SIZE(owned); i++)
		free((void *)(uintptr_t)owned[i]);
}

static void ssh_close(struct transport *t)
{
	struct ssh_transport *ssh = (struct ssh_transport *)t;

	ssh_link_close(&ssh->login);
	ssh_link_close(&ssh->root);
	target_clear(&ssh->target);
	free(ssh);
}

static const struct transport_ops ops = {
        .run = ssh_run,
        .put = ssh_put,
        .get = ssh_get,
        .shell = ssh_shell,
        .close = ssh_close,
};

static int ssh_open(const struct ssh_target *target, int64_t timeout_ns, const volatile int *stop,
        struct transport **out, struct err *err)
{
	struct ssh_transport *ssh = xcalloc(1, sizeof(*ssh));

	ssh->base.ops = &ops;
	ssh->stop = stop;
	target_copy(&ssh->target, target);
	if (ssh_link_open(&ssh->root, target, "root", timeout_ns, stop, err) < 0) {
		ssh_close(&ssh->base);
		return -1;
	}
	*out = &ssh->base;
	return 0;
}

const struct ssh_ops prov_ssh = {.open = ssh_open};
