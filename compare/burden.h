/* What running costs: the probe program in a machine, and on the host. */
#pragma once

#include "compare/work.h"

struct burden {
	const char *folder; /* on the disk that holds the machines */
	bool quick;
	const volatile int *stop;
};

/* Adds the probes' series for the kind "host". */
MUST_CHECK int burden_host(const struct burden *burden, struct result *result, struct err *err);
/* Adds those of the worker's machine, and its facts of isolation if that is among its tasks. */
MUST_CHECK int burden_machine(struct work *w, struct err *err);
/* The worker's machine serves another one; its port is left in FOLDER/BURDEN_PORT. */
#define BURDEN_PORT "peer.port"
MUST_CHECK int burden_serve(struct work *w, struct err *err);
/* Adds the probes between machines, against w->options->peer. */
MUST_CHECK int burden_peer(struct work *w, struct err *err);
