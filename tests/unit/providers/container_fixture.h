/*
 * A container of busybox, driven through the runner as the lab does it, in a home of its own. What
 * cannot run here (no root, no busybox) skips with its reason.
 */
#pragma once

#include "core/run.h"
#include "providers/container/container.h"
#include "providers/container/session.h"
#include "tests/fake/check_util.h"

struct ctr {
	char *home;
	struct machine_spec spec;
	struct names names;
	struct journal *journal;
	struct runner runner;
	struct str notes; /* warnings and notes, a line each */
	struct str out;   /* of ctr_sh: standard output, then error */
	bool changed;
};
extern struct ctr ctr;
/* Of the last verb; a name that `ck_ok` can use. */
extern struct err ctr_err;

/* Makes the box once for the program; -1 and a SKIP line where nothing can run. The caller ends
 * main with ctr_world_end(). */
int ctr_world_begin(void);
void ctr_world_end(void);
const char *ctr_box(void); /* the box's rootfs */

/* Fixture of each test: a spec that is complete, and a runner. ctr_end destroys and checks that
 * nothing is left. */
void ctr_begin(void);
void ctr_end(void);
/* A process that goes on where the last one was killed: journal and session anew. */
void ctr_reopen(void);

int ctr_up(void); /* the runner's verbs, by what inspect says; ctr_err tells */
int ctr_halt(void);
struct status ctr_status(void);
pid_t ctr_pid(void); /* PID 1 */
/* Runs a shell script in the container; its exit status. */
int ctr_sh(const char *script);
/* Likewise, and expects success and this output. */
void ctr_says(const char *script, const char *output);
int ctr_sh_as(const char *user, const char *script);
/* Waits until the condition holds; false after 10 s. */
bool ctr_until(bool (*holds)(void));
/* Nothing of the machine is on this host: cgroups, link, mounts. */
void ctr_nothing_left(void);
