/*
 * Makes a container from its plan, in two calls, so that what belongs between them (a veth, OCI's
 * hooks) is done from outside while nothing of the container's runs yet.
 *
 *   engine_create  the child exists in its namespaces and its cgroup, its ids are mapped; it waits
 *   engine_start   it makes its file tree, confines itself and executes
 *
 * The child reports one struct err over a close-on-exec pipe; the end of that pipe without one
 * means that PID 1 executes. Killed before that, the caller takes it along.
 */
#pragma once

#include "engine/cgroup/cgroup_tree.h"
#include "engine/plan.h"

struct engine_options {
	const struct container_plan *plan;  /* borrowed until engine_close */
	const struct cgroup_join *join;     /* borrowed likewise; NULL: the caller's groups */
	const struct cgroup_join *mon_join; /* of prov-mon, borrowed; NULL: the caller's */
	const char *mon;                    /* path of prov-mon, used if plan->log */
	const char *init;                   /* path of prov-init, used if plan->guest_init */
	const char *stub; /* path of prov-exec, used otherwise where root inside is the host's, see
	                     engine/stub.h; NULL: none */

	/* Of all namespaces that of the network takes longest to make: the child does it while the
	 * caller goes on, who calls engine_network before he needs it. */
	bool network_meanwhile;

	/* For OCI. */
	bool keep_streams;     /* 0, 1 and 2 are the caller's (without plan->log) */
	unsigned preserve_fds; /* from 3 on, PID 1 inherits so many */
	int terminal; /* connected socket that gets the terminal's master, with plan->terminal; 0:
	                 none */
	/* 0: none. Else engine_start returns once all is made but the last steps before execve(2),
	 * and PID 1 goes on when a byte can be read from here (a named pipe, opened for both). What
	 * fails after that is written to `late` as a struct err, or as an int by prov-exec, the
	 * errno of execve(2) (0: said on its standard error); it ends when PID 1 executes. */
	int hold, late;
	/* In the caller, within engine_start: when the child's tree is made and its root not yet
	 * changed. NULL: nothing, as for all of these. */
	int (*prepared)(void *ctx, struct err *err);
	/* In the child: after `prepared`, with the host's tree still reachable; when the root has
	 * changed, before the hold; right before it confines itself and executes. */
	int (*before_pivot)(void *ctx, struct err *err);
	int (*inside)(void *ctx, struct err *err);
	int (*before_exec)(void *ctx, struct err *err);
	void *ctx;
};

struct engine;

MUST_CHECK int engine_create(
        const struct engine_options *options, struct engine **out, struct err *err);
pid_t engine_pid(const struct engine *e); /* PID 1, seen from here */
/* Returns once PID 1 is in its network namespace. */
MUST_CHECK int engine_network(struct engine *e, struct err *err);
pid_t engine_mon(const struct engine *e); /* prov-mon; 0: none */

/*
 * On success the container runs. Where there is no prov-mon it is a child of the caller, who need
 * not wait for it.
 */
MUST_CHECK int engine_start(struct engine *e, struct err *err);

/* Tells prov-mon that the container is recorded, and waits until it knows: closed without it, the
 * container ends. Nothing to do where there is none. */
MUST_CHECK int engine_commit(struct engine *e, struct err *err);

/* Frees. A child that was created and not started ends. NULL is allowed. */
void engine_close(struct engine *e);
