#include "lab/work.h"

void work_emit_end(
        struct event_sink *sink, const char *machine, const char *verb, const char *text, int code)
{
	event_emit(sink,
	        &(struct event){.kind = EVENT_VERB_END,
	                .machine = machine,
	                .step = verb,
	                .text = text,
	                .code = code});
}

void work_emit_error(struct event_sink *sink, const char *machine, const struct err *err)
{
	event_emit(sink,
	        &(struct event){.kind = EVENT_ERROR,
	                .machine = machine,
	                .text = err->message,
	                .hint = err->hint,
	                .code = err_exit_code(err)});
}

int work_run(struct job *job, const struct verb *verb)
{
	struct err err = {0};
	const char *selector = job->machine->spec.selector;

	event_emit(job->sink,
	        &(struct event){.kind = EVENT_VERB_BEGIN, .machine = selector, .text = verb->name});
	int rc = verb->run(job, &err);
	if (rc < 0 && !job->told && err.kind != ERR_INTERRUPTED)
		work_emit_error(job->sink, selector, &err);
	const char *text = rc == 0            ? job->outcome
	        : err.kind == ERR_INTERRUPTED ? "interrupted"
	                                      : "failed";
	work_emit_end(job->sink, selector, verb->name, text, rc < 0 ? err_exit_code(&err) : 0);
	return rc < 0 ? err_exit_code(&err) : 0;
}
