/* version and help. */
#include "cli/cli.h"

#include <jansson.h>

static int run_version(struct cli *cli)
{
	AUTO_STR out = {0};
	int code = cli_check_operands(cli, 0, 0);

	if (code)
		return code;
	if (cli_has(cli, "json"))
		return cli_print_json(json_pack("{s:i, s:s}", "schema", 1, "version", VERSION));
	str_add(&out, "prov " VERSION "\n");
	cli_print(&out);
	return 0;
}

static int run_help(struct cli *cli)
{
	AUTO_STR out = {0};
	const struct command *command =
	        cli->operands.n ? cli_find_command(cli->operands.v[0]) : NULL;

	if (cli->operands.n && !command)
		return cli_unknown_command(cli, cli->operands.v[0]);
	if (command)
		cli_usage(command, &out);
	else
		cli_overview(&out);
	cli_print(&out);
	return 0;
}

const struct command cmd_version = {
        .name = "version",
        .usage = "",
        .summary = "print prov's version",
        .run = run_version,
};
const struct command cmd_help = {
        .name = "help",
        .usage = "[COMMAND]",
        .summary = "list the commands, or explain one",
        .run = run_help,
};
