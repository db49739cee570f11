/* The transport's own struct, shared by its slots. */
#pragma once

#include "transports/ssh/link.h"

struct ssh_transport {
	struct transport base;
	struct ssh_target target; /* copies */
	struct link root;         /* opened first: run, put, get */
	struct link login;        /* of shell(); opened by the first */
	const volatile int *stop; /* of open, for put and get: it outlives the transport */
};

int ssh_run(struct transport *t, const struct transport_cmd *cmd, int *status, struct err *err);
int ssh_put(struct transport *t, const struct transport_file *file, struct err *err);
int ssh_get(struct transport *t, const struct transport_file *file, struct err *err);
int ssh_shell(struct transport *t, const struct transport_cmd *cmd, int *status, struct err *err);
