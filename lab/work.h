/* What a worker does with its one machine, and the words in which a verb on a machine ends, which
 * the parent speaks for workers that cannot. */
#pragma once

#include "lab/verbs.h"

/* From the event that the verb begins to the one that it ended; the exit code. */
int work_run(struct job *job, const struct verb *verb);
/* text: how it ended. */
void work_emit_end(
        struct event_sink *sink, const char *machine, const char *verb, const char *text, int code);
void work_emit_error(struct event_sink *sink, const char *machine, const struct err *err);
