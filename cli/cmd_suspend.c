/* suspend and resume: every process of a machine stops, and goes on. Both go by the journals. */
#include "cli/cli.h"

static int run_suspend(struct cli *cli)
{
	return cli_verb_by_journals(cli, &verb_suspend);
}

static int run_resume(struct cli *cli)
{
	return cli_verb_by_journals(cli, &verb_resume);
}

static const struct option_row options_of_both[] = {
        {0, "parallel", "N", "at most N machines at once"},
};

const struct command cmd_suspend = {
        .name = "suspend",
        .alias = "pause",
        .usage = "[MACHINE…]",
        .summary = "stop every process of machines; their memory stays",
        .options = options_of_both,
        .n_options = ARRAY_SIZE(options_of_both),
        .run = run_suspend,
};
const struct command cmd_resume = {
        .name = "resume",
        .alias = "unpause",
        .usage = "[MACHINE…]",
        .summary = "let suspended machines go on",
        .options = options_of_both,
        .n_options = ARRAY_SIZE(options_of_both),
        .run = run_resume,
};
