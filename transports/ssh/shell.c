/* A terminal in the machine, joined to this process's. */
#include "transports/ssh/command.h"
#include "transports/ssh/flow.h"
#include "transports/terminal.h"
#include "transports/ssh/transport.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOGIN_TIMEOUT_NS (60 * INT64_C(1000000000))
#define STEP_MS          100

/*
 * The login user logs in by a connection of its own: a real login (PAM, environment, group of
 * processes), which su would not be. Root and anybody else use the one that is there.
 */
static int choose_link(
        struct ssh_transport *ssh, struct transport_cmd *cmd, struct link **out, struct err *err)
{
	const char *login = ssh->target.user ? ssh->target.user : "root";
	/* As everywhere, a command without a user is root's; a login shell without one is not. */
	bool as_login = cmd->user ? strcmp(cmd->user, login) == 0 : !cmd->argv;

	if (as_login)
		cmd->user = NULL;
	*out = &ssh->root;
	if (!as_login || strcmp(login, "root") == 0)
		return 0;
	*out = &ssh->login;
	if (ssh->login.session)
		return 0;
	return ssh_link_open(&ssh->login, &ssh->target, login, LOGIN_TIMEOUT_NS, cmd->stop, err);
}

static int begin(struct flow *flow, const struct transport_cmd *cmd, struct err *err)
{
	const char *term = getenv("TERM");
	AUTO_STR line = {0};
	int columns, rows;

	terminal_size(&columns, &rows);
	if (ssh_flow_pty(flow, term && *term ? term : "dumb", columns, rows, err) < 0)
		return -1;
	if (!cmd->argv && !cmd->user && !cmd->cwd && !(cmd->env && cmd->env[0]))
		return ssh_flow_login_shell(flow, err);
	if (ssh_command_build(cmd, NULL, true, &line, err) < 0)
		return -1;
	return ssh_flow_exec(flow, str_text(&line), err);
}

/* True: a signal asks to end. */
static bool follow_signals(struct terminal *terminal, struct flow *flow)
{
	int columns, rows;

	if (terminal_signals(terminal)) {
		terminal_size(&columns, &rows);
		ssh_channel_change_pty_size(flow->channel, columns, rows);
	}
	return terminal->ending != 0;
}

static int converse(struct terminal *terminal, struct flow *flow, int *status, struct err *err)
{
	while (!ssh_flow_ended(flow)) {
		if (ssh_flow_step(flow, terminal->signals, STEP_MS, err) < 0)
			return -1;
		if (follow_signals(terminal, flow))
			return err_set(err, ERR_INTERRUPTED, "ended by signal '%s'",
			        strsignal(terminal->ending));
	}
	return ssh_flow_finish(flow, status, err);
}

int ssh_shell(struct transport *t, const struct transport_cmd *asked, int *status, struct err *err)
{
	struct ssh_transport *ssh = (struct ssh_transport *)t;
	struct transport_cmd cmd = *asked;
	struct terminal terminal;
	struct flow flow = {0};
	struct link *link;

	cmd.in_fd = STDIN_FILENO;
	cmd.out_fd = STDOUT_FILENO;
	cmd.err_fd = STDERR_FILENO;
	cmd.output = NULL;
	if (choose_link(ssh, &cmd, &link, err) < 0 || terminal_hold(&terminal, err) < 0)
		return -1;
	link->stop = cmd.stop;
	int rc = ssh_flow_open(&flow, link, &cmd, err);
	if (rc == 0)
		rc = begin(&flow, &cmd, err);
	if (rc == 0)
		rc = terminal_raw(&terminal, err);
	if (rc == 0)
		rc = converse(&terminal, &flow, status, err);
	ssh_flow_close(&flow);
	link->stop = NULL;
	terminal_restore(&terminal);
	return rc;
}
