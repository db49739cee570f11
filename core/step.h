/*
 * A machine is a list of steps. `up` climbs it, `halt` undoes the volatile ones, `destroy` undoes
 * them all, in reverse. Providers supply steps, not verbs; core/run is the only code that calls
 * them.
 */
#pragma once

#include "base/digest.h"
#include "core/derive.h"
#include "core/event.h"
#include "core/spec.h"

#define STEP_VOLATILE \
	1u /* undone by halt, void after a reboot or when the world says it is not running */
#define STEP_ALWAYS 2u /* applied by every up (provision with run: always, the ready probe) */
#define STEP_QUIET  4u /* not worth a line on the terminal */
#define STEP_PROBE  8u /* only looks: an up that applied nothing else is "unchanged" */
#define STEP_PLUGS \
	16u /* stale also while the machine is in other networks than the file says, by connect */

/* What a step that is done, but with another digest, needs. */
enum change {
	CHANGE_LIVE,     /* apply again, on the running machine, without revert */
	CHANGE_RESTART,  /* halt, revert of this step, then up: for what loses no data */
	CHANGE_RECREATE, /* refused without --recreate, which destroys all and climbs again */
	CHANGE_MANUAL,   /* provisioning: said by plan and status, run again only by `provision` */
};

struct run;

struct step {
	const char *name; /* in journals for ever: "kvm.define", "provision:nginx" */
	enum phase phase; /* the row it counts towards in `prov compare` */
	unsigned flags;
	enum change stale;
	/* The part of the spec that this step depends on. NULL: nothing. */
	void (*inputs)(const struct run *run, struct digest *digest);
	/* May be repeated. NULL: nothing to do. */
	int (*apply)(struct run *run, struct err *err);
	/* Safe if apply never ran or was cut short. NULL: nothing to undo. */
	int (*revert)(struct run *run, struct err *err);
	/* The mechanism in a sentence, then the shell commands that do the same by hand, a line
	 * each. NULL: none. */
	void (*explain)(const struct run *run, struct str *out);
	const void *data; /* of a step made at run time: its provision item */
};

struct transport;

/* What a step's functions see. */
struct run {
	const struct machine_spec *spec; /* NULL in a lab's own steps */
	const struct names *names;       /* NULL in a lab's own steps */
	void *session;                   /* of the provider or the lab */
	const struct step *step;         /* the one being called */
	bool resumed;    /* an earlier apply of this step did not get to its end: killed, failed */
	bool destroying; /* a revert need not spare what the machine holds: it goes for good */
	struct runner *runner; /* for the functions below only */
};

/* A line that the user should read; progress of a long step; bytes that a script printed; a phase
 * reached now (t_ns 0) or then. */
void run_note(struct run *run, const char *fmt, ...) PRINTF_LIKE(2, 3);
void run_warning(struct run *run, const char *fmt, ...) PRINTF_LIKE(2, 3);
void run_progress(struct run *run, const char *what, int64_t done, int64_t total);
void run_output(struct run *run, int stream, const char *data, size_t n);
void run_phase(struct run *run, enum phase phase, int64_t t_ns);
/* Said by an apply that succeeds without reaching its step's phase: it is not reported. */
void run_no_phase(struct run *run);

/* Facts that cannot be derived (a pid with its start time, a chosen accelerator), kept in the
 * journal. NULL value: forget. */
MUST_CHECK int run_record(struct run *run, const char *key, const char *value, struct err *err);
const char *run_fact(const struct run *run, const char *key); /* NULL: not recorded */

/* The transport to this machine, opened on first use and kept for the whole run. Borrowed. */
MUST_CHECK int run_transport(struct run *run, struct transport **out, struct err *err);
/* What the world says of this machine now. */
struct status;
MUST_CHECK int run_inspect(struct run *run, struct status *out, struct err *err);
/* Said by an apply that is about to fail: it touched nothing, so that a step which had not begun
 * before need not be reverted. */
void run_untouched(struct run *run);
/* Said by an apply or revert whose work another step's did along: it took ns. That one says as much
 * with a minus, so that each is told with its own time. */
void run_took(struct run *run, int64_t ns);
/* Non-zero once the user asked to stop: long waits poll it or hand it on. */
const volatile int *run_stop(const struct run *run);
