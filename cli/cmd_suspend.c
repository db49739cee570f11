/* suspend and resume: every process of a machine stops, and goes on. Both go by the journals. */
#include "cli/cli.h"

static int run_verb(struct cli *cli, const struct verb *verb)
{
	struct lab lab = {0};
	struct err err = {0};
	struct verb_options options = {.named = cli->operands.n > 0};
	AUTO_FREE struct machine **chosen = NULL;
	size_t n = 0;
	int code = cli_open_lab_anyhow(cli, &lab);

	if (code)
		return code;
	if (lab_select(&lab, &cli->operands, &chosen, &n, &err) < 0 ||
	        (lab.id && lab_lock(&lab, &err) < 0) ||
	        cli_number(cli, "parallel", 1, 0, &options.parallel, &err) < 0) {
		code = cli_fail(cli, &err);
	} else {
		struct event_sink *sink = cli_sink(cli);
		code = cli_run_verb(cli, &lab, verb, chosen, n, &options, sink);
		sink->close(sink);
	}
	lab_clear(&lab);
	return code;
}

static int run_suspend(struct cli *cli)
{
	return run_verb(cli, &verb_suspend);
}

static int run_resume(struct cli *cli)
{
	return run_verb(cli, &verb_resume);
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
