/*
 * The verbs over many machines: one forked process per machine, events back over a pipe. Dependants
 * start when their dependencies are ready; halt and destroy go the other way.
 */
#pragma once

#include "lab/prepare.h"

struct verb_options {
	bool recreate;
	bool no_provision;
	bool named; /* by the user: what cannot be done to one of them is an error */
	struct strv provision_with; /* empty: as the file says */
	const struct plug *plug;    /* of connect and disconnect (lab/network/plug.h) */
	int parallel;               /* running workers at most; 0: as schedule_abreast says */
};

struct job {
	const struct providers *providers;
	struct lab *lab;
	struct machine *machine;
	const struct verb_options *options;
	struct event_sink *sink;
	const volatile int *stop;
	const char *outcome; /* set by the verb: "done", "unchanged" … for EVENT_VERB_END */
	bool told;           /* the verb's error was emitted already: core/run does */
};

/* What one verb does to one machine, inside its worker. */
struct verb {
	const char *name;
	bool up_order; /* dependencies first; otherwise dependants first */
	int (*run)(struct job *job, struct err *err);
};

extern const struct verb verb_up, verb_halt, verb_reload, verb_destroy, verb_provision,
        verb_suspend, verb_resume, verb_connect, verb_disconnect;

/* How the caller watches: where events go, and how often the user asked to stop. */
struct watch {
	struct event_sink *sink;
	const volatile int *stop;
};

struct outcome {
	size_t changed, unchanged, failed, interrupted, skipped;
	int exit_code; /* of the first machine that failed or was interrupted */
};

/*
 * Runs verb on the chosen machines. -1 only where the workers could not be run or were interrupted;
 * failures of single machines are in *out and were emitted as events.
 */
MUST_CHECK int workers_run(const struct job *pattern, const struct verb *verb,
        struct machine *const *chosen, size_t n, const struct watch *watch, struct outcome *out,
        struct err *err);

/* A machine's provider opened, its steps listed, its world asked: what plan, status, exec and the
 * verbs begin with. */
struct access {
	const struct provider *provider;
	const struct machine_spec *spec;
	const struct names *names;
	void *session;
	struct status world;
	struct step *steps; /* the provider's, then provisioning */
	size_t n_steps;
	struct machine_spec stored; /* of the journal, where that is used */
	struct step *provision;
	size_t n_provision;
};
enum access_spec { ACCESS_DECLARED, ACCESS_STORED };
MUST_CHECK int access_open(const struct providers *providers, const struct machine *machine,
        enum access_spec which, const struct strv *provision_with, struct access *out,
        struct err *err);
void access_close(struct access *access);
