/* What the parts of the exec transport share. */
#pragma once

#include "engine/confine.h"
#include "engine/entry.h"
#include "transports/exec.h"
#include "transports/exec_user.h"

enum { EXEC_REPORT_FD = 3, EXEC_STUB_FD }; /* of the child, until it executes */

struct exec_transport {
	struct transport base;
	struct entry entry; /* pid 0: the host itself */
	struct confine confine;
	int stub;   /* prov-exec, where root inside is the host's, see engine/stub.h; -1: none */
	char *user; /* login user of shell() */
	struct strv env;
	const volatile int *stop;
	char *cgroup;
	struct cgroup_tree tree; /* only where cgroup is set */
};

/* Everything that the child does, as plain data; borrowed from the caller. */
struct exec_start {
	const struct exec_transport *transport;
	const char *const *argv; /* executed as given */
	const char *file;        /* NULL: argv[0], looked up in PATH */
	struct strv env;
	const struct exec_user *user;
	const char *cwd; /* NULL: the user's home, or "/" if that cannot be entered */
	int fds[3];
	bool terminal; /* fds[0] becomes the controlling one, and the user's */
	bool tracked;  /* all that it starts stays its descendant, so that exec_kill finds it */
};

struct exec_child {
	pid_t pid;
	int pidfd;
};

/* Sets env and user: as root where cmd->user is NULL. exec_start_clear in any case. */
MUST_CHECK int exec_start_init(const struct exec_transport *t, const struct transport_cmd *cmd,
        const char *user_name, struct exec_user *user, struct exec_start *start, struct err *err);
void exec_start_clear(struct exec_start *start);

/* The child: reports a struct err, or executes. */
struct exec_job {
	const struct exec_start *start;
	const struct cgroup_join *join;
	int report;
};
void exec_child_main(void *job);

/* On success the command executes in a session of its own, or its child says on fds[2] why it
 * cannot (enter its folder, execute) and ends with 126 or 127. */
MUST_CHECK int exec_spawn(
        const struct exec_start *start, struct exec_child *child, struct err *err);
/* SIGKILL to the command and to all that it started and that still belongs to it: its session, and
 * its descendants; which, where it was tracked, is all. */
void exec_kill(const struct exec_child *child);
/* Reaps; exit code or 128 + n. */
int exec_wait(struct exec_child *child);

int exec_run(struct transport *t, const struct transport_cmd *cmd, int *status, struct err *err);
int exec_shell(struct transport *t, const struct transport_cmd *cmd, int *status, struct err *err);
