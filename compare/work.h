/*
 * What an experiment does with one machine, inside that machine's worker: bring it up without
 * provisioning, let it answer, look at it from the host and from inside, provision it, load it.
 * What it finds is left as a result in JSON for the process that started the workers.
 */
#pragma once

#include "compare/probes.h"
#include "lab/verbs.h"

enum work_task {
	WORK_LOOK = 1,      /* memory, disk, identity, after settling */
	WORK_PROVISION = 2, /* and the disk after it */
	WORK_PROBES = 4,    /* the probe program */
	WORK_ISOLATION = 8, /* facts, once a kind */
	WORK_SSH = 16,      /* a container's own SSH server */
	WORK_LIMITS = 32,   /* what the claims say of groups */
	WORK_SERVE = 64,    /* be the server of the TCP probes between machines */
	WORK_PEER = 128,    /* those probes, against options.peer */
};

/* The options of verb_work's workers; base is first, it is cast. */
struct work_options {
	struct verb_options base;
	unsigned tasks;
	const char *kind;   /* of the series */
	const char *folder; /* where the results are left */
	bool quick;
	struct probe_address peer;
	int64_t settle_ns; /* time limit for memory to stand still */
};

extern const struct verb verb_work;

/* Reads and removes what the worker of this machine left; nothing is an empty result. */
MUST_CHECK int work_collect(
        const char *folder, const char *selector, struct result *out, struct err *err);

/* What a task sees. */
struct work {
	const struct job *job;
	const struct work_options *options;
	struct access *access;
	struct runner *runner;
	struct transport *transport; /* open since t5 */
	struct result *result;
};
/* compare/look.c */
MUST_CHECK int work_look(struct work *w, struct err *err);
MUST_CHECK int work_disk(struct work *w, const char *measure, struct err *err);
/* Runs argv over t; its output to out. -1 too if it does not end with 0. */
MUST_CHECK int work_ask(
        struct transport *t, const char *const *argv, struct str *out, struct err *err);
/* compare/limits.c: facts of group "claim". */
MUST_CHECK int work_limits(struct work *w, struct err *err);
/* compare/look.c: is the disk as the box left it; what the default provisioning has made. */
MUST_CHECK int work_repeat(struct work *w, struct err *err);
/* compare/overssh.c: t5 over SSH for a container; a note where that cannot be. */
void work_over_ssh(struct work *w);
