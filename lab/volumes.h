/*
 * Volumes of a lab: steps of the lab's own journal ("lab.volume.NAME"), made by the first machine
 * that has them, and removed only where somebody asks for it. A lab that has a volume stays, with
 * its id, when its last machine is gone: the next `up` in that folder finds it.
 */
#pragma once

#include "lab/lab_plan.h"

struct volume_row {
	char *name, *path;
	int64_t size_bytes, used_bytes; /* -1: it is declared, and not made yet */
	bool declared;                  /* the file still has it */
	struct strv users;              /* selectors of machines that exist and have it */
};
struct volume_rows {
	struct volume_row *v;
	size_t n;
};

/* Those that exist, then those that the file declares, whether a machine has them or not. */
MUST_CHECK int volumes_look(const struct lab *lab, struct volume_rows *out, struct err *err);
void volume_rows_clear(struct volume_rows *rows);
/* How many exist; 0 also where that cannot be read. */
size_t volumes_count(const struct lab *lab);

/* Whether a machine that has it was started in this boot. */
bool volumes_in_use(const struct lab *lab, const char *volume);
/* lab_lock'ed: refuses what cannot run at the same time as what runs, or as another that is chosen,
 * naming both. */
MUST_CHECK int volumes_admit(
        const struct lab *lab, struct machine *const *chosen, size_t n, struct err *err);
/* lab/volume_steps.c. Makes and grows what the chosen machines have. Errors of steps are emitted to
 * sink as well. */
MUST_CHECK int volumes_up(struct lab *lab, struct machine *const *chosen, size_t n,
        struct event_sink *sink, const volatile int *stop, struct err *err);
/* Rows of what volumes_up would do. */
MUST_CHECK int volumes_plan(const struct lab *lab, struct machine *const *chosen, size_t n,
        struct lab_plan *out, struct err *err);
/* Removes them with all that is in them. No machine has them any more. */
MUST_CHECK int volumes_remove(
        struct lab *lab, const struct strv *names, struct event_sink *sink, struct err *err);
