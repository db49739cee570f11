/* exec (as root) and ssh (as the login user): the command's own exit code, or a code of prov's that
 * no command is likely to use. */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXEC_FAILED = 125, SSH_FAILED = 255 };

struct remote {
	struct lab lab;
	struct access access;
	struct transport *transport;
};

static int not_running(const struct machine *m, const struct access *a, struct err *err)
{
	err_set(err, ERR_FAILED, "'%s' is %s", m->spec.selector,
	        m->state.exists ? machine_state_name(a->world.state) : "not up");
	return err_hint(err, "prov %s %s", a->world.state == MACHINE_SUSPENDED ? "resume" : "up",
	        m->spec.selector);
}

static int open_machine(const struct cli *cli, struct remote *r, const char *name, struct err *err)
{
	struct machine *m;

	if (lab_select_one(&r->lab, name, &m, err) < 0)
		return -1;
	if (!m->state.exists)
		return not_running(m, &r->access, err);
	if (access_open(cli->providers, m, ACCESS_STORED, NULL, &r->access, err) < 0)
		return -1;
	if (r->access.world.state != MACHINE_RUNNING)
		return not_running(m, &r->access, err);
	return r->access.provider->connect(
	        r->access.session, 10 * INT64_C(1000000000), cli->stop, &r->transport, err);
}

static void close_remote(struct remote *r)
{
	if (r->transport)
		r->transport->ops->close(r->transport);
	access_close(&r->access);
	lab_clear(&r->lab);
}

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

static int64_t oom_kills(const struct access *a)
{
	return a->provider->oom_kills ? a->provider->oom_kills(a->session) : -1;
}

/* What the kernel killed does not know why, and its shell says "Killed" at most. */
static void say_oom(const struct access *a, int64_t before)
{
	int64_t killed = oom_kills(a) - (before > 0 ? before : 0);
	AUTO_STR limit = {0};

	if (before < 0 || killed <= 0)
		return;
	str_add_size(&limit, a->spec->memory_bytes);
	fprintf(stderr,
	        "prov: the kernel killed %d process%s of '%s' for lack of memory ('memory' is "
	        "%s)\n",
	        (int)killed, killed == 1 ? "" : "es", a->spec->selector, str_text(&limit));
}

static int act(const struct cli *cli, struct remote *r, struct transport_cmd *cmd, bool tty,
        int *status, struct err *err)
{
	AUTO_STRV env = {0};

	if (environment(cli, r->access.spec, &env, err) < 0)
		return -1;
	cmd->env = (const char *const *)env.v;
	cmd->in_fd = STDIN_FILENO;
	cmd->out_fd = STDOUT_FILENO;
	cmd->err_fd = STDERR_FILENO;
	cmd->stop = cli->stop;
	int64_t killed = oom_kills(&r->access);
	int rc = tty ? r->transport->ops->shell(r->transport, cmd, status, err)
	             : r->transport->ops->run(r->transport, cmd, status, err);
	if (rc == 0 && *status != 0)
		say_oom(&r->access, killed);
	return rc;
}

static int fail_with(const struct cli *cli, const struct err *err, int code)
{
	int own = cli_fail(cli, err);

	return err->kind == ERR_INTERRUPTED ? own : code;
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
	};
	if (!argv[0])
		code = cli_fail_usage(cli, "exec needs a command");
	else if (open_machine(cli, &r, cli->operands.v[0], &err) < 0)
		code = fail_with(cli, &err, EXEC_FAILED);
	else if (act(cli, &r, &cmd, wants_terminal(cli), &status, &err) < 0)
		code = fail_with(cli, &err, EXEC_FAILED);
	else
		code = status;
	close_remote(&r);
	return code;
}

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

	if (cli_open_lab_for(cli, name, &r.lab))
		return SSH_FAILED;
	AUTO_FREE char *line = command_line(cli);
	const char *argv[] = {"/bin/sh", "-c", line, NULL};
	if (open_machine(cli, &r, name, &err) < 0) {
		code = fail_with(cli, &err, SSH_FAILED);
		close_remote(&r);
		return code;
	}
	struct transport_cmd cmd = {.argv = line ? argv : NULL, .user = r.access.spec->user};
	bool tty = line ? cli_has(cli, "tty") && isatty(STDIN_FILENO) : isatty(STDIN_FILENO);
	const char *shell[] = {"/bin/sh", "-l", NULL};
	if (!line && !tty)
		cmd.argv = shell; /* a script on standard input */
	if (act(cli, &r, &cmd, tty, &status, &err) < 0)
		code = fail_with(cli, &err, SSH_FAILED);
	else
		code = status;
	close_remote(&r);
	return code;
}

static const struct option_row exec_options[] = {
        {'i', "interactive", NULL, "pass standard input on (the default)"},
        {'t', "tty", NULL, "with a terminal (the default where there is one)"},
        {'T', "no-tty", NULL, "without a terminal"},
        {'u', "user", "USER", "as this user instead of root"},
        {'e', "env", "NAME[=VALUE]", "add to the environment; without a value, prov's own"},
        {'w', "workdir", "DIR", "start in this folder"},
};
static const struct option_row ssh_options[] = {
        {'c', "command", "LINE", "run a line of shell instead of a login shell"},
        {'t', "tty", NULL, "with a terminal, also for a command"},
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
const struct command cmd_ssh = {
        .name = "ssh",
        .alias = "shell",
        .usage = "[MACHINE] [-c LINE | -- COMMAND…]",
        .summary = "log in as the machine's user",
        .options = ssh_options,
        .n_options = ARRAY_SIZE(ssh_options),
        .run = run_ssh,
};
