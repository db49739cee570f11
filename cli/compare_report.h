/* What `prov compare` measured, in the forms that its options ask for. */
#pragma once

#include "cli/cli.h"
#include "compare/result.h"

/* Prints the result and writes it to the files that --html and --output name. */
MUST_CHECK int compare_report(const struct cli *cli, const struct result *result, struct err *err);
/* --diff A.json B.json: two results beside each other. Returns the command's exit code. */
int compare_diff(const struct cli *cli);
