#include "compare/work.h"

#include "base/clock.h"
#include "base/fs.h"
#include "compare/burden.h"
#include "compare/measure.h"
#include "compare/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define SECOND_NS INT64_C(1000000000)

int work_ask(struct transport *t, const char *const *argv, struct str *out, struct err *err)
{
	const struct transport_cmd cmd = {.argv = argv, .in_fd = -1, .timeout_ns = 120 * SECOND_NS};
	int status = transport_ask(t, &cmd, out, NULL, err);

	if (status <= 0)
		return status;
	return err_set(err, ERR_FAILED, "'%s' ends with %d in the machine", argv[0], status);
}

static int run_true(struct transport *t, struct err *err)
{
	const char *const argv[] = {"true", NULL};
	AUTO_STR out = {0};

	return work_ask(t, argv, &out, err);
}

static double rusage_s(int who)
{
	struct rusage use;

	if (getrusage(who, &use) < 0)
		return 0;
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	        (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

/* Containers have no step that waits for the transport: it is there when PID 1 is. */
static bool answers_by_itself(const struct access *a)
{
	for (size_t i = 0; i < a->n_steps; i++)
		if (a->steps[i].phase == PHASE_TRANSPORT)
			return false;
	return true;
}

static int answer(struct work *w, struct err *err)
{
	struct run run = {.spec = w->access->spec,
	        .names = w->access->names,
	        .session = w->access->session,
	        .runner = w->runner};

	if (run_transport(&run, &w->transport, err) < 0)
		return -1;
	if (!answers_by_itself(w->access))
		return 0;
	if (run_true(w->transport, err) < 0)
		return -1;
	event_emit(w->job->sink,
	        &(struct event){.kind = EVENT_PHASE,
	                .machine = w->access->spec->selector,
	                .phase = PHASE_TRANSPORT});
	return 0;
}

/* At t5 and no later: what the start has cost. */
static void take_cpu(struct work *w)
{
	double own = rusage_s(RUSAGE_SELF) + rusage_s(RUSAGE_CHILDREN);
	struct usage use = {0};

	if (w->access->provider->usage(w->access->session, &use, NULL) == 0 && use.cpu_ns >= 0)
		measure_add(w->result, "start.cpu", w->options->kind,
		        (double)use.cpu_ns / 1e9 + own, NAN, NULL);
}

/* The cost of one more command, with and without a new transport. */
static int take_commands(struct work *w, struct err *err)
{
	const struct access *a = w->access;
	struct transport *fresh = NULL;
	int64_t start_ns = clock_mono_ns();

	if (run_true(w->transport, err) < 0)
		return -1;
	measure_add(w->result, "start.again", w->options->kind,
	        (double)(clock_mono_ns() - start_ns) / 1e9, NAN, NULL);
	start_ns = clock_mono_ns();
	if (a->provider->connect(a->session, 60 * SECOND_NS, w->job->stop, &fresh, err) < 0)
		return -1;
	int rc = run_true(fresh, err);
	fresh->ops->close(fresh);
	measure_add(w->result, "start.login", w->options->kind,
	        (double)(clock_mono_ns() - start_ns) / 1e9, NAN, NULL);
	return rc;
}

static int provision(struct work *w, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < w->access->n_steps; i++)
		if (str_starts(w->access->steps[i].name, "provision:"))
			rc = run_step(w->runner, &w->access->steps[i], err);
	if (rc < 0 || work_disk(w, "disk.provisioned", err) < 0)
		return -1;
	return work_repeat(w, err);
}

/* A probe that cannot run takes nothing from what was measured before. */
static int burden(struct work *w, struct err *err)
{
	if (burden_machine(w, err) == 0)
		return 0;
	if (err->kind == ERR_INTERRUPTED)
		return -1;
	strv_addf(&w->result->notes, "%s: probes: %s", w->options->kind, err->message);
	err_clear(err);
	return 0;
}

static int do_tasks(struct work *w, struct err *err)
{
	unsigned tasks = w->options->tasks;

	if (tasks & WORK_LOOK &&
	        (take_commands(w, err) < 0 || work_disk(w, "disk.delta", err) < 0 ||
	                memory_settle(w->options->settle_ns, w->job->stop, err) < 0 ||
	                work_look(w, err) < 0))
		return -1;
	if (tasks & WORK_SSH && answers_by_itself(w->access))
		work_over_ssh(w);
	if (tasks & WORK_PROVISION && provision(w, err) < 0)
		return -1;
	if (tasks & (WORK_PROBES | WORK_ISOLATION) && burden(w, err) < 0)
		return -1;
	if (tasks & WORK_SERVE && burden_serve(w, err) < 0)
		return -1;
	if (tasks & WORK_PEER && burden_peer(w, err) < 0)
		return -1;
	/* Last: it drives the machine to its limits. */
	return tasks & WORK_LIMITS && answers_by_itself(w->access) ? work_limits(w, err) : 0;
}

static char *result_path(const char *folder, const char *selector)
{
	return xasprintf("%s/%s.json", folder, selector);
}

static int leave_result(const struct work *w, struct err *err)
{
	AUTO_FREE char *path = result_path(w->options->folder, w->access->spec->selector);
	AUTO_STR text = {0};

	result_write_json(w->result, &text);
	return fs_replace(path, str_text(&text), text.len, 0600, err);
}

static int climb(struct job *job, struct access *a, struct journal *journal, struct err *err)
{
	struct result result = {0};
	struct runner runner = {.provider = a->provider,
	        .spec = a->spec,
	        .names = a->names,
	        .session = a->session,
	        .journal = journal,
	        .sink = job->sink,
	        .machine = a->spec->selector,
	        .steps = a->steps,
	        .n_steps = a->n_steps,
	        .stop = job->stop};
	struct work w = {.job = job,
	        .options = (const struct work_options *)job->options,
	        .access = a,
	        .runner = &runner,
	        .result = &result};
	const struct up_options options = {.no_provision = true};
	bool changed;

	int rc = run_up(&runner, &a->world, &options, &changed, err);
	if (rc == 0)
		rc = answer(&w, err);
	if (rc == 0) {
		take_cpu(&w);
		rc = do_tasks(&w, err);
	}
	job->told = runner.error_said;
	/* What was found before something failed is found all the same. */
	struct err second = {0};
	if (leave_result(&w, &second) < 0 && rc == 0) {
		*err = second;
		rc = -1;
	}
	runner_clear(&runner);
	result_clear(&result);
	return rc;
}

static int work(struct job *job, struct err *err)
{
	struct access a;
	struct journal *j = NULL;
	int rc = access_open(job->providers, job->machine, ACCESS_DECLARED, NULL, &a, err);

	if (rc == 0)
		rc = journal_open_after(job->machine->names.journal, 10 * SECOND_NS, &j, err);
	if (rc == 0)
		rc = climb(job, &a, j, err);
	journal_close(j);
	access_close(&a);
	return rc;
}

const struct verb verb_work = {"up", true, work};

int work_collect(const char *folder, const char *selector, struct result *out, struct err *err)
{
	AUTO_FREE char *path = result_path(folder, selector);
	AUTO_STR text = {0};

	*out = (struct result){0};
	if (!fs_exists(path))
		return 0;
	if (fs_read(path, 16 << 20, &text, err) < 0 || fs_unlink(path, err) < 0)
		return -1;
	return result_read_json(str_text(&text), text.len, out, err);
}
