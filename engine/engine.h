/*
 * Starts a container from its plan. The child reports one struct err over a close-on-exec pipe; the
 * end of that pipe without one means that PID 1 executes.
 */
#pragma once

#include "engine/cgroup_tree.h"
#include "engine/plan.h"

struct engine_start {
	const struct container_plan *plan;
	const struct cgroup_join *join;
	int netns;        /* network namespace to enter; -1: the caller's own */
	const char *mon;  /* path of prov-mon, used if plan->log */
	const char *init; /* path of prov-init, used if plan->guest_init */
};

struct engine_result {
	pid_t pid;  /* PID 1, seen from here */
	pid_t mon;  /* prov-mon; 0: none */
	int commit; /* to prov-mon, see engine_commit; closed without it, the container ends; -1:
	               there is no prov-mon */
};

/*
 * On success the container runs. Where there is no prov-mon it is a child of the caller, who need
 * not wait for it. Killed before the container executes, the caller takes it along.
 */
MUST_CHECK int engine_start(
        const struct engine_start *start, struct engine_result *out, struct err *err);

/* Tells prov-mon that the container is recorded, and waits until it knows. Closes result->commit.
 */
MUST_CHECK int engine_commit(struct engine_result *result, struct err *err);

/* What the child gets. */
struct engine_child {
	const struct engine_start *start;
	int report; /* write end */
	int log;    /* standard output and error; -1: /dev/null */
	int init;   /* prov-init as an O_PATH descriptor; -1: none */
};
_Noreturn void engine_child(const struct engine_child *child);
