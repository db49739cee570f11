/* Rows of `prov network`: connect and disconnect. */
#pragma once

#include "cli/cli.h"

/* The operands are the command, NETWORK and MACHINE; the exit code. */
int cli_network_plug(struct cli *cli, bool in);
