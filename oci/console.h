/* The ends of a console socket: where a terminal's master comes through (runc's docs/terminals). */
#pragma once

#include "oci/process.h"

/* The unix socket at path, connected; a path of any length. `what` names it in errors. */
MUST_CHECK int console_connect(const char *path, const char *what, struct err *err);
/* The other side: the master that comes. */
MUST_CHECK int console_receive(int socket, struct err *err);

/* Called in the container, as the leader of a session: a new terminal becomes the streams and the
 * controlling one; its master goes to socket. */
MUST_CHECK int console_take(int socket, const struct oci_process *process, struct err *err);
