#include "boxes/transfer/job.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define METER_NS  50000000
#define KEEP_TAIL 600
#define FULL      (8 * 1024 * 1024) /* less than this is free: the disk is what stopped a tool */

void job_note(const struct box_job *job, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	AUTO_FREE char *text = xvasprintf(fmt, ap);
	va_end(ap);
	event_emit(job->sink, &(struct event){.kind = EVENT_NOTE, .machine = "", .text = text});
}

void job_stage_end(const struct box_job *job, struct job_stage *stage, bool good)
{
	int64_t now = clock_mono_ns();

	if (stage->name)
		event_emit(job->sink,
		        &(struct event){.kind = EVENT_STEP_END,
		                .machine = "",
		                .step = stage->name,
		                .text = good ? "done" : "failed",
		                .t_ns = now,
		                .duration_ns = now - stage->begin_ns});
	stage->name = NULL;
}

void job_stage_begin(const struct box_job *job, struct job_stage *stage, const char *name)
{
	job_stage_end(job, stage, true);
	*stage = (struct job_stage){.name = name, .begin_ns = clock_mono_ns()};
	event_emit(job->sink,
	        &(struct event){.kind = EVENT_STEP_BEGIN,
	                .machine = "",
	                .step = name,
	                .text = "apply",
	                .t_ns = stage->begin_ns});
}

void job_advance(const struct box_job *job, struct job_meter *meter, int64_t bytes)
{
	int64_t now = clock_mono_ns();

	meter->done += bytes;
	if (now < meter->next_ns && meter->done != meter->total)
		return;
	meter->next_ns = now + METER_NS;
	event_emit(job->sink,
	        &(struct event){.kind = EVENT_PROGRESS,
	                .machine = "",
	                .text = meter->what,
	                .done = meter->done,
	                .total = meter->total});
}

static void emit_output(const struct box_job *job, int stream, const char *data, size_t n)
{
	event_emit(job->sink,
	        &(struct event){.kind = EVENT_OUTPUT,
	                .machine = "",
	                .text = data,
	                .text_n = n,
	                .stream = stream});
}

int job_go_on(const struct box_job *job, struct err *err)
{
	return job->stop && *job->stop ? err_set(err, ERR_INTERRUPTED, "interrupted") : 0;
}

struct tool_run {
	const struct box_job *job;
	bool show;
	struct str tail;
};

static void on_output(void *ctx, int stream, const char *data, size_t n)
{
	struct tool_run *run = ctx;

	if (run->show)
		emit_output(run->job, stream, data, n);
	str_addn(&run->tail, data, n);
	if (run->tail.len > 16 * KEEP_TAIL) {
		AUTO_STR last = {0};
		str_addn(&last, run->tail.buf + run->tail.len - KEEP_TAIL, KEEP_TAIL);
		str_reset(&run->tail);
		str_addn(&run->tail, last.buf, last.len);
	}
}

static void on_tick(void *ctx)
{
	struct event_sink *sink = ((struct tool_run *)ctx)->job->sink;

	if (sink && sink->tick && sink->tick_ms)
		sink->tick(sink);
}

/* The last line that says something. */
static void last_line(const struct str *tail, struct str *out)
{
	const char *text = str_text(tail), *end = text + tail->len;

	while (end > text && strchr("\r\n\t ", end[-1]))
		end--;
	const char *start = end;
	while (start > text && start[-1] != '\n' && end - start < KEEP_TAIL)
		start--;
	str_add_escaped(out, start, (size_t)(end - start));
}

static int failed(
        const struct tool_run *run, const char *tool, int status, const char *room, struct err *err)
{
	uint64_t left = UINT64_MAX;
	AUTO_STR said = {0};

	last_line(&run->tail, &said);
	if (fs_free_bytes(room, &left, NULL) == 0 && left < FULL) {
		err_set(err, ERR_FAILED,
		        "no space left on the file system of '%s': '%s' exited with %d", room, tool,
		        status);
		err->sys_errno = ENOSPC;
		return -1;
	}
	err_set(err, ERR_FAILED, "'%s' exited with %d: %s", tool, status, str_text(&said));
	err->code = status;
	return -1;
}

int job_run(
        const struct box_job *job, const struct job_tool *tool, const char *room, struct err *err)
{
	struct tool_run run = {.job = job, .show = tool->show};
	struct proc_cmd cmd = {.argv = tool->argv,
	        .env = tool->env,
	        .cwd = tool->cwd,
	        .in_fd = -1,
	        .out_fd = -1,
	        .err_fd = -1,
	        .output = on_output,
	        .tick = on_tick,
	        .ctx = &run,
	        .stop = job->stop};
	int status, rc = proc_run(&cmd, &status, err);

	if (rc == 0 && status != 0)
		rc = job_go_on(job, err) < 0 ? -1 : failed(&run, tool->argv[0], status, room, err);
	str_clear(&run.tail);
	return rc;
}
