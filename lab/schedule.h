/*
 * In which order machines are worked on: a dependant after all that it depends on, or, going down,
 * before it; and how many at once. Pure: knows nothing of processes. Every call costs the same for
 * two machines and for thousands.
 */
#pragma once

#include "lab/lab.h"

struct schedule;

/* Borrows the machines. up_order: dependencies first; a machine whose dependency failed is skipped.
 * Otherwise dependants first, and a dependant that failed keeps nothing up. */
struct schedule *schedule_new(struct machine *const *machines, size_t n, bool up_order);
void schedule_free(struct schedule *s);

/* The next machine that may start, in the order in which they became free: the file's at first.
 * SIZE_MAX: none at the moment. light, heavy: how many of the containers and of the virtual
 * machines may still be begun. */
size_t schedule_next(struct schedule *s, size_t light, size_t heavy);
/* A machine that schedule_next returned has ended. */
void schedule_done(struct schedule *s, size_t machine, bool ok);
/* A machine that can no longer start, since *because failed: each is returned once. SIZE_MAX:
 * none. */
size_t schedule_skipped(struct schedule *s, size_t *because);
/* Of those that neither were returned nor skipped: none of them starts any more. SIZE_MAX: none is
 * left. */
size_t schedule_drop(struct schedule *s);
bool schedule_is_heavy(const struct machine *m); /* a virtual machine: it boots a kernel */

/* Workers at once where the user names no number. */
struct abreast {
	size_t light, heavy;
};
struct abreast schedule_abreast(long cpus);
/* How many this process can have: the limit of its open files, as each has a pipe here. */
size_t schedule_pipes(void);
