/*
 * A box in the making: a staging folder on the store's file system, in which artefacts are
 * completed and verified, then published by renaming under the store's lock. Whatever happens
 * before leaves the store as it was.
 */
#pragma once

#include "boxes/transfer/tree.h"

struct stage {
	const struct box_job *job;
	char *dir; /* its free place for scratch; also holds blobs/ and trees/ */
};
#define AUTO_STAGE __attribute__((cleanup(stage_close))) struct stage

/* Makes the folder, sweeps those of processes that are gone. */
MUST_CHECK int stage_open(struct stage *stage, const struct box_job *job, struct err *err);
void stage_close(struct stage *stage); /* removes what was not published; keeps errno */
char *stage_path(const struct stage *stage, const char *name); /* the caller frees */

/* ERR_FAILED that names the need and what is there, if the store's file system has less than bytes
 * free. */
MUST_CHECK int stage_need(
        const struct stage *stage, int64_t bytes, const char *what, struct err *err);

/* Moves a finished file or tree into the stage and adds it to the box as an artefact. */
MUST_CHECK int stage_blob(struct stage *stage, const char *path, const char *kind,
        const char *format, struct box *box, struct err *err);
MUST_CHECK int stage_tree(struct stage *stage, const char *path, const struct tree_sum *sum,
        struct box *box, struct err *err);

/* Writes the manifest; the box's digest is set. A box of the same name that differs is superseded.
 */
MUST_CHECK int stage_publish(struct stage *stage, struct box *box, struct err *err);
