/* The one line that sshd hands to the login shell, made of a command's arguments, environment,
 * folder and user. Pure. */
#pragma once

#include "base/err.h"
#include "core/transport.h"

#define COMMAND_MARK "PROV_RUN" /* in the environment of whatever the command starts */

/*
 * mark: value of COMMAND_MARK, by which everything the command started is found again; NULL: none.
 * tty: the command will have a terminal, which a new session of su would take away. cmd->argv NULL
 * is the user's login shell. Words are quoted: nothing in them is read by the shell. Refuses what
 * the kernel would refuse as too long, and environment entries without a name.
 */
MUST_CHECK int ssh_command_build(const struct transport_cmd *cmd, const char *mark, bool tty,
        struct str *out, struct err *err);
/* A line that kills whatever carries the mark, until nothing is left. */
void ssh_command_kill(const char *mark, struct str *out);
