/* What a long job says while it runs, and whether it should stop. */
#pragma once

#include "boxes/boxes.h"

void job_note(const struct box_job *job, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* done of total bytes or stages; total 0: not known. At most some 20 a second reach the sink, and
 * the last. */
struct job_meter {
	const char *what;
	int64_t done, total, next_ns;
};
void job_advance(const struct box_job *job, struct job_meter *meter, int64_t bytes);
/* -1 with ERR_INTERRUPTED once the user asked to stop. */
MUST_CHECK int job_go_on(const struct box_job *job, struct err *err);

/* A stage of the job, for recorders and people a step: begin ends the one before it as done, end
 * the last one. Stages are named as steps are: for ever. */
struct job_stage {
	const char *name; /* NULL: none has begun */
	int64_t begin_ns;
};
void job_stage_begin(const struct box_job *job, struct job_stage *stage, const char *name);
void job_stage_end(const struct box_job *job, struct job_stage *stage, bool good);

struct job_tool {
	const char *const *argv, *const *env; /* env: NULL is this process's */
	const char *cwd;
	bool show; /* its output reaches the sink */
};
/* Runs a tool that must exit 0; the last lines it printed become the error's text. Where the file
 * system of room is full, that is what the error says. */
MUST_CHECK int job_run(
        const struct box_job *job, const struct job_tool *tool, const char *room, struct err *err);
