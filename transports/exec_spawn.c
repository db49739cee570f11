/* A command in the machine, from outside: what its child needs, and what that says. */
#include "transports/exec_internal.h"

#include "base/io.h"
#include "base/proc.h"
#include "transports/exec_env.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* On the host itself a caller who is not root has no choice but to stay who he is. */
static const char *default_user(const struct exec_transport *t, char number[16])
{
	if (t->entry.pid || geteuid() == 0)
		return "root";
	snprintf(number, 16, "%u", geteuid());
	return number;
}

int exec_start_init(const struct exec_transport *t, const struct transport_cmd *cmd,
        const char *user_name, struct exec_user *user, struct exec_start *start, struct err *err)
{
	static const char *const keys[] = {"HOME", "USER", "LOGNAME", "SHELL"};
	char number[16];

	*start = (struct exec_start){.transport = t,
	        .argv = cmd->argv,
	        .user = user,
	        .cwd = cmd->cwd,
	        .fds = {-1, -1, -1}};
	if (exec_user_find(
	            user_name ? user_name : default_user(t, number), t->entry.root, user, err) < 0)
		return -1;
	const char *values[] = {user->home, user->name, user->name, user->shell};
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		AUTO_FREE char *setting = xasprintf("%s=%s", keys[i], values[i]);
		env_set(&start->env, setting);
	}
	env_machine(&start->env, &t->env);
	for (size_t i = 0; cmd->env && cmd->env[i]; i++)
		env_set(&start->env, cmd->env[i]);
	return 0;
}

void exec_start_clear(struct exec_start *start)
{
	strv_clear(&start->env);
}

static int hear_report(int fd, struct exec_child *child, struct err *err)
{
	struct err why;
	ssize_t n = io_read_full(fd, &why, sizeof(why));

	if (n == 0)
		return 0;
	exec_wait(child);
	if (n != sizeof(why))
		return err_set(err, ERR_FAILED, "the process in the machine did not report");
	if (err)
		*err = why;
	return -1;
}

int exec_spawn(const struct exec_start *start, struct exec_child *child, struct err *err)
{
	const struct exec_transport *t = start->transport;
	struct cgroup_join join = {.folder = -1};
	int report[2];

	if (t->cgroup && cgroup_join_open(&t->tree, t->cgroup, &join, err) < 0)
		return err_wrap(err, "the machine has stopped");
	if (pipe2(report, O_CLOEXEC) < 0) {
		cgroup_join_close(&join);
		return err_sys(err, "make a pipe");
	}
	struct exec_job job = {start, &join, report[1]};
	char **own = environ;
	child->pid = entry_spawn(t->entry.pid ? &t->entry : NULL, t->cgroup ? &join : NULL,
	        exec_child_main, &job, &child->pidfd, err);
	environ = own;
	cgroup_join_close(&join);
	util_close_fd(&report[1]);
	int rc = child->pid < 0 ? -1 : hear_report(report[0], child, err);
	if (t->entry.pid)
		entry_settle(&t->entry);
	util_close_fd(&report[0]);
	return rc;
}

int exec_wait(struct exec_child *child)
{
	int status = 0;

	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	util_close_fd(&child->pidfd);
	return proc_exit_status(status);
}
