/* create, start and run. */
#include "oci/commands.h"

#include "oci/console.h"
#include "oci/create.h"
#include "oci/wait.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

int cmd_create(const struct oci_call *call, struct err *err)
{
	AUTO_FD int console = -1;

	if (call->o.console_socket &&
	        (console = console_connect(call->o.console_socket, "console socket", err)) < 0)
		return -1;
	return container_create(call, console, NULL, err);
}

int cmd_start(const struct oci_call *call, struct err *err)
{
	return container_start(call, err);
}

static int remove_container(const struct oci_call *call, struct err *err)
{
	struct oci_container c;

	if (oci_container_open(call, call->operands.v[0], true, &c, err) < 0)
		return -1;
	int rc = oci_container_remove(call, &c, err);
	oci_container_close(&c);
	return rc;
}

/* Its own terminal, if it wants one and nobody else is to have it. */
static int open_own_console(const struct oci_call *call, int pair[2], struct err *err)
{
	struct oci_config config;

	if (call->o.console_socket) {
		pair[1] = console_connect(call->o.console_socket, "console socket", err);
		return pair[1] < 0 ? -1 : 0;
	}
	if (oci_config_load(call->o.bundle ? call->o.bundle : ".", call->o.config, &config, err) <
	        0)
		return -1;
	bool wanted = config.process.terminal && !call->o.detach;
	config_clear(&config);
	if (wanted && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "make a pair of sockets");
	return 0;
}

static int run_foreground(const struct oci_call *call, int pair[2], struct err *err)
{
	struct err why = {0};
	int status = 1, master = -1;
	pid_t pid;

	wait_block_signals();
	if (container_create(call, pair[1], &pid, err) < 0)
		return -1;
	if (pair[0] >= 0)
		master = console_receive(pair[0], err);
	int rc = pair[0] >= 0 && master < 0 ? -1 : container_start(call, err);
	if (rc == 0)
		rc = wait_foreground(pid, master, &status, err);
	if (!call->o.keep && remove_container(call, rc < 0 ? &why : err) < 0)
		rc = -1;
	return rc < 0 ? -1 : status;
}

int cmd_run(const struct oci_call *call, struct err *err)
{
	int pair[2] = {-1, -1}, rc;

	if (open_own_console(call, pair, err) < 0)
		return -1;
	/* What the container leaves behind is this process's to wait for. */
	if (!call->o.detach) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		rc = run_foreground(call, pair, err);
	} else {
		rc = container_create(call, pair[1], NULL, err);
		if (rc == 0 && (rc = container_start(call, err)) < 0)
			(void)!remove_container(call, NULL);
	}
	util_close_fd(&pair[0]);
	util_close_fd(&pair[1]);
	return rc;
}
