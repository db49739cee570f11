/* Rows of `prov box`: list, inspect and remove, which need the store of boxes alone. */
#pragma once

#include "boxes/boxes.h"
#include "cli/cli.h"

/* The providers that a box has a tree or disk for: "container, kvm". */
const char *box_store_kinds(const struct box *box);

/* The operands are the command and, but for list, a box's NAME. Removing one that a machine of any
 * lab of this home uses is refused. */
MUST_CHECK int box_store_list(const struct cli *cli, const char *home, struct err *err);
MUST_CHECK int box_store_inspect(const struct cli *cli, const char *home, struct err *err);
MUST_CHECK int box_store_remove(const struct cli *cli, const char *home, struct err *err);
