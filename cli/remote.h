/* A running machine, joined for one command: what exec, ssh and those behind other tools' ssh have
 * in common. */
#pragma once

#include "cli/cli.h"

#include "core/transport.h"

/* The code of ssh where it, and not the command, failed. */
#define REMOTE_SSH_FAILED 255

struct remote {
	struct lab lab; /* opened by the caller */
	struct access access;
	struct transport *transport;
};

/* Opens the machine that name selects (NULL: the only one). ERR_FAILED: it does not run. */
MUST_CHECK int remote_open(
        const struct cli *cli, struct remote *r, const char *name, struct err *err);
MUST_CHECK int remote_open_machine(
        const struct cli *cli, struct remote *r, const struct machine *machine, struct err *err);
/* Makes *spec, of machine, one with the networks that it is in now, where it runs and some were
 * connected or disconnected; ERR_FAILED: no network is left. */
MUST_CHECK int remote_look(const struct cli *cli, struct remote *r, const struct machine *machine,
        struct machine_spec *spec, struct err *err);
/* Clears the lab, too; may be called at any time. */
void remote_close(struct remote *r);
/* -1: machine never came up; *err says so. */
MUST_CHECK int remote_made(const struct machine *machine, struct err *err);

/* Runs cmd; descriptors and stop are filled in, an in_fd of -1 is standard input. Says it where the
 * kernel killed for lack of memory. */
MUST_CHECK int remote_run(const struct cli *cli, struct remote *r, struct transport_cmd *cmd,
        bool tty, int *status, struct err *err);
/* Prints; returns code, but where the user interrupted it. */
int remote_fail(const struct cli *cli, const struct err *err, int code);
