/* A transport whose machine is this host and whose root is this user: commands run here, files are
 * copied here. For what is tested without a machine and without privileges. */
#pragma once

#include "core/transport.h"

struct local_transport {
	struct transport base;
	char user[64];  /* asked for by the last run; "" is root */
	char owner[64]; /* by the last put; "" is root */
	size_t runs, puts;
	const char *fail_run; /* NULL, or the message with which every run fails */
};

void local_transport_init(struct local_transport *local);
