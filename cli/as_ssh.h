/* prov in the place of ssh, for rsync, git and Ansible. */
#pragma once

#include "cli/cli.h"

/* The operands are ssh's own command line. Returns the exit code: the command's, or 255. */
int as_ssh(struct cli *cli);
