/* exec, as root: the command's own exit code, or a code of prov's that no command is likely to use.
 */
#include "cli/commands.h"

#include "cli/remote.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXEC_FAILED = 125 };

/* NAME alone is what prov itself has of it, for both kinds. */
static int add_env(const char *text, struct strv *out, struct err *err)
{
	const char *value = getenv(text);

	if (*text == '=' || !*text)
		return err_set(err, ERR_USAGE, "--env: '%s' is not NAME=VALUE", text);
	if (!strchr(text, '=') && !value)
		return err_set(err, ERR_USAGE,
		        "--env: '%s' has no '=', and there is no such variable here", text);
	if (strchr(text, '='))
		strv_add(out, text);
	else
		strv_addf(out, "%s=%s", text, value);
	return 0;
}

/* The machine's environment, then what the command line adds. */
static int environment(
        const struct cli *cli, const struct machine_spec *spec, struct strv *out, struct err *err)
{
	strv_copy(out, &spec->env);
	for (size_t i = 0; i < cli->n_values; i++)
		if (str_eq(cli->values[i].row->name, "env") &&
		        add_env(cli->values[i].value, out, err) < 0)
			return -1;
	return 0;
}

static bool wants_terminal(const struct cli *cli)
{
	if (cli_has(cli, "no-tty"))
		return false;
	return isatty(STDIN_FILENO) && (cli_has(cli, "tty") || isatty(STDOUT_FILENO));
}

static int run_exec(struct cli *cli)
{
	struct remote r = {0};
	struct err err = {0};
	AUTO_STRV env = {0};
	int status = 0;
	int code = cli_check_operands(cli, 2, SIZE_MAX);

	if (code)
		return code;
	if (cli_open_lab_for(cli, cli->operands.v[0], &r.lab))
		return EXEC_FAILED;
	char **argv = cli->operands.v + 1;
	if (str_eq(argv[0], "--"))
		argv++;
	struct transport_cmd cmd = {
	        .argv = (const char *const *)argv,
	        .user = cli_value(cli, "user"),
	        .cwd = cli_value(cli, "workdir"),
	        .in_fd = -1,
	};
	if (!argv[0])
		code = cli_fail_usage(cli, "exec needs a command");
	else if (remote_open(cli, &r, cli->operands.v[0], &err) < 0 ||
	        environment(cli, r.access.spec, &env, &err) < 0)
		code = remote_fail(cli, &err, EXEC_FAILED);
	else {
		cmd.env = (const char *const *)env.v;
		code = remote_run(cli, &r, &cmd, wants_terminal(cli), &status, &err) < 0
		        ? remote_fail(cli, &err, EXEC_FAILED)
		        : status;
	}
	remote_close(&r);
	return code;
}

static const struct option_row exec_options[] = {
        {'i', "interactive", NULL, "pass standard input on (the default)"},
        {'t', "tty", NULL, "with a terminal (the default where there is one)"},
        {'T', "no-tty", NULL, "without a terminal"},
        {'u', "user", "USER[:GROUP]", "as this user instead of root, by name or number"},
        {'e', "env", "NAME[=VALUE]", "add to the environment; without a value, prov's own"},
        {'w', "workdir", "DIR", "start in this folder"},
};
const struct command cmd_exec = {
        .name = "exec",
        .usage = "MACHINE [--] COMMAND [ARGUMENT…]",
        .summary = "run a command in a machine as root; its exit code is prov's",
        .options = exec_options,
        .n_options = ARRAY_SIZE(exec_options),
        .flags = COMMAND_STOP_AT_OPERAND,
        .run = run_exec,
};
