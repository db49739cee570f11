#include "tests/fake/local_transport.h"

#include "base/proc.h"

#include <stdio.h>
#include <unistd.h>

static void add_all(struct strv *list, const char *const *words)
{
	for (; words && *words; words++)
		strv_add(list, *words);
}

static int run(struct transport *t, const struct transport_cmd *cmd, int *status, struct err *err)
{
	struct local_transport *local = (struct local_transport *)t;
	AUTO_STRV argv = {0};

	local->runs++;
	snprintf(local->user, sizeof(local->user), "%s", cmd->user ? cmd->user : "");
	if (local->fail_run)
		return err_set(err, ERR_FAILED, "%s", local->fail_run);
	strv_add(&argv, "env");
	add_all(&argv, cmd->env);
	add_all(&argv, cmd->argv);
	struct proc_cmd proc = {.argv = (const char *const *)argv.v,
	        .cwd = cmd->cwd,
	        .in_fd = cmd->in_fd,
	        .out_fd = cmd->out_fd,
	        .err_fd = cmd->err_fd,
	        .output = cmd->output,
	        .ctx = cmd->ctx,
	        .timeout_ns = cmd->timeout_ns,
	        .stop = cmd->stop};
	return proc_run(&proc, status, err);
}

static int put(struct transport *t, const struct transport_file *file, struct err *err)
{
	struct local_transport *local = (struct local_transport *)t;
	const char *const argv[] = {"cp", "-a", file->source, file->destination, NULL};
	char mode[8];

	local->puts++;
	snprintf(local->owner, sizeof(local->owner), "%s", file->owner ? file->owner : "");
	if (proc_check(argv, NULL, err) < 0)
		return -1;
	snprintf(mode, sizeof(mode), "%o", (unsigned)file->mode);
	const char *const chmod_argv[] = {"chmod", mode, file->destination, NULL};
	return file->mode < 0 ? 0 : proc_check(chmod_argv, NULL, err);
}

static void close_nothing(struct transport *t)
{
	(void)t;
}

void local_transport_init(struct local_transport *local)
{
	static const struct transport_ops ops = {
	        .run = run, .put = put, .get = put, .shell = run, .close = close_nothing};

	*local = (struct local_transport){.base.ops = &ops};
}
