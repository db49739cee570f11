/* ssh: as the login user. */
#include "cli/commands.h"

#include "cli/as_ssh.h"
#include "cli/remote.h"

#include <unistd.h>

/* As ssh does: the words behind -- make one line for the shell. */
static char *command_line(const struct cli *cli)
{
	AUTO_STR line = {0};

	if (cli_value(cli, "command"))
		return xstrdup(cli_value(cli, "command"));
	for (size_t i = 1; i < cli->operands.n; i++)
		if (i > 1 || !str_eq(cli->operands.v[i], "--"))
			str_addf(&line, "%s%s", line.len ? " " : "", cli->operands.v[i]);
	return line.len ? str_steal(&line) : NULL;
}

static int run_ssh(struct cli *cli)
{
	struct remote r = {0};
	struct err err = {0};
	int status = 0;
	const char *name = cli->operands.n ? cli->operands.v[0] : NULL;
	int code;

	if (cli_has(cli, "as-ssh"))
		return as_ssh(cli);
	if (cli_open_lab_for(cli, name, &r.lab))
		return REMOTE_SSH_FAILED;
	AUTO_FREE char *line = command_line(cli);
	const char *argv[] = {"/bin/sh", "-c", line, NULL};
	if (remote_open(cli, &r, name, &err) < 0) {
		code = remote_fail(cli, &err, REMOTE_SSH_FAILED);
		remote_close(&r);
		return code;
	}
	AUTO_STRV env = {0};
	strv_copy(&env, &r.access.spec->env);
	struct transport_cmd cmd = {.argv = line ? argv : NULL,
	        .env = (const char *const *)env.v,
	        .user = r.access.spec->user,
	        .in_fd = -1};
	bool tty = line ? cli_has(cli, "tty") && isatty(STDIN_FILENO) : isatty(STDIN_FILENO);
	const char *shell[] = {"/bin/sh", "-l", NULL};
	if (!line && !tty)
		cmd.argv = shell; /* a script on standard input */
	if (remote_run(cli, &r, &cmd, tty, &status, &err) < 0)
		code = remote_fail(cli, &err, REMOTE_SSH_FAILED);
	else
		code = status;
	remote_close(&r);
	return code;
}

static const struct option_row ssh_options[] = {
        {'c', "command", "LINE", "run a line of shell instead of a login shell"},
        {'t', "tty", NULL, "with a terminal, also for a command"},
        {0, "as-ssh", NULL, "first of all: what follows is the command line of OpenSSH's ssh"},
};

const struct command cmd_ssh = {
        .name = "ssh",
        .alias = "shell",
        .usage = "[MACHINE] [-c LINE | -- COMMAND…] | --as-ssh [SSH-OPTION…] HOST [COMMAND…]",
        .summary = "log in as the machine's user",
        .options = ssh_options,
        .n_options = ARRAY_SIZE(ssh_options),
        .flags = COMMAND_AS_OTHER,
        .run = run_ssh,
};
