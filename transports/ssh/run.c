/* One command, one channel. */
#include "transports/ssh/transport.h"

#include "base/clock.h"
#include "transports/ssh/command.h"
#include "transports/ssh/flow.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define KILL_TIMEOUT_NS (15 * INT64_C(1000000000))
#define MARK_LEN        32

static int make_mark(char out[MARK_LEN + 1], struct err *err)
{
	unsigned char bytes[MARK_LEN / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_sys(err, "get random bytes");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int run_line(struct link *link, const struct transport_cmd *cmd, const char *line,
        int *status, struct err *err)
{
	struct flow flow;
	int rc = ssh_flow_open(&flow, link, cmd, err);

	if (rc == 0)
		rc = ssh_flow_exec(&flow, line, err);
	if (rc == 0)
		rc = ssh_flow_finish(&flow, status, err);
	ssh_flow_close(&flow);
	return rc;
}

/*
 * Closing a channel ends nothing, sshd refuses signals for root and su keeps them to itself, so
 * what was started is found by the mark in its environment. Best effort: the cause of the end is
 * what is reported.
 */
static void kill_marked(struct link *link, const char *mark)
{
	struct transport_cmd quiet = {.in_fd = -1, .out_fd = -1, .err_fd = -1};
	AUTO_STR line = {0};
	struct err ignored;
	int status;

	link->stop = NULL;
	link->deadline_ns = clock_mono_ns() + KILL_TIMEOUT_NS;
	ssh_command_kill(mark, &line);
	(void)!run_line(link, &quiet, str_text(&line), &status, &ignored);
}

int ssh_run(struct transport *t, const struct transport_cmd *cmd, int *status, struct err *err)
{
	struct link *link = &((struct ssh_transport *)t)->root;
	bool limited = cmd->timeout_ns || cmd->stop;
	char mark[MARK_LEN + 1];
	struct err why = {0};
	AUTO_STR line = {0};

	if ((limited && make_mark(mark, err) < 0) ||
	        ssh_command_build(cmd, limited ? mark : NULL, false, &line, err) < 0)
		return -1;
	link->stop = cmd->stop;
	link->deadline_ns = cmd->timeout_ns ? clock_mono_ns() + cmd->timeout_ns : 0;
	int rc = run_line(link, cmd, str_text(&line), status, &why);
	bool unread = rc < 0 && why.sys_errno == EPIPE;
	bool late = rc < 0 && link->deadline_ns && clock_mono_ns() >= link->deadline_ns;
	if (rc < 0 && limited && ssh_is_connected(link->session))
		kill_marked(link, mark);
	link->stop = NULL;
	link->deadline_ns = 0;
	if (unread) { /* as a command without prov in between would have ended */
		*status = 128 + SIGPIPE;
		return 0;
	}
	if (late)
		return err_set(err, ERR_FAILED, "'%s' ran longer than %" PRId64 " s", cmd->argv[0],
		        cmd->timeout_ns / 1000000000);
	if (rc < 0 && err)
		*err = why;
	return rc;
}
