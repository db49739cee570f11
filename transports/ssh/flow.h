/*
 * A command in its channel: bytes from a descriptor to it, its bytes to a callback or to
 * descriptors, and how it ended. Used by run, by the terminal and by the copying of files.
 */
#pragma once

#include "core/transport.h"
#include "transports/ssh/link.h"

#include <libssh/callbacks.h>

struct flow {
	struct link *link;
	ssh_channel channel;
	struct ssh_channel_callbacks_struct callbacks;
	const struct transport_cmd *cmd; /* for its output fields */
	int in_fd;                       /* -1: at its end */
	bool tty;                        /* the end of in_fd is typed as ^D, not sent as EOF */
	bool eof, closed;                /* said by the other side */
	bool has_status;
	int status;
	/* How long it was listened to, since it last said something and since its status came. */
	int64_t silent_ns, lingered_ns;
	struct err output_err; /* of writing its output */
};

/* Opens the channel. ssh_flow_close() whatever the result. */
MUST_CHECK int ssh_flow_open(
        struct flow *flow, struct link *link, const struct transport_cmd *cmd, struct err *err);
MUST_CHECK int ssh_flow_exec(struct flow *flow, const char *line, struct err *err);
MUST_CHECK int ssh_flow_pty(
        struct flow *flow, const char *term, int columns, int rows, struct err *err);
MUST_CHECK int ssh_flow_login_shell(struct flow *flow, struct err *err);
/* One wait of at most wait_ms, which also ends when wake_fd (-1: none) can be read, and what it
 * brings. -1: see ssh_link_wait(), or the output could not be written. */
MUST_CHECK int ssh_flow_step(struct flow *flow, int wake_fd, int wait_ms, struct err *err);
/* The command has ended, and so has its output (or only what it left behind still holds it). */
bool ssh_flow_ended(const struct flow *flow);
/* Steps to the end. */
MUST_CHECK int ssh_flow_finish(struct flow *flow, int *status, struct err *err);
void ssh_flow_close(struct flow *flow);
