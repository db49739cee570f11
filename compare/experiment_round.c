/* One start of one kind: phases, cost, what it looks like, its provisioning, its end. */
#include "compare/experiment_parts.h"

#include "base/clock.h"
#include "base/fs.h"
#include "compare/baseline.h"
#include "compare/burden.h"
#include "compare/measure.h"

#include <math.h>
#include <poll.h>
#include <unistd.h>

/* A start of a few milliseconds is judged by what surrounds it: ticks of the CPUs' times are 10 ms.
 */
#define WINDOW_MS 200

struct round {
	struct experiment *e;
	const struct compare_kind *kind;
	struct machine *machine;
	struct result found; /* of this round only */
	int64_t t0_ns;
	struct load_sample before;
};

static void add(struct round *r, const char *id, double value)
{
	measure_add(&r->found, id, r->kind->name, value, NAN, NULL);
}

static double since(const struct round *r, int64_t t_ns)
{
	return t_ns ? (double)(t_ns - r->t0_ns) / 1e9 : NAN;
}

/* Clean pages go; dirty ones are written first, or they would stay. */
static int drop_caches(struct err *err)
{
	sync();
	if (fs_write_attr("/proc/sys/vm/drop_caches", "3", err) < 0)
		return err_wrap(err, "start with a cold page cache");
	return 0;
}

static int open_window(struct round *r, struct err *err)
{
	if (r->e->options->cold && drop_caches(err) < 0)
		return -1;
	if (load_read(&r->before, err) < 0)
		return -1;
	poll(NULL, 0, WINDOW_MS);
	return 0;
}

static bool judge(struct round *r, const struct load_sample *after, double own_s)
{
	struct load_use use;

	if (!after->t_ns)
		return false;
	load_judge(&r->before, after, own_s, &use);
	add(r, "load.other", use.other);
	add(r, "load.steal", use.steal);
	return use.disturbed;
}

static double first_value(const struct result *result, const char *id, const char *kind)
{
	const struct series *s = result_find(result, id, kind);

	return s && s->n ? s->values[0] : NAN;
}

static void take_phases(struct round *r, const struct timeline *t)
{
	static const struct {
		enum phase phase;
		const char *id;
	} rows[] = {
	        {PHASE_CREATE, "start.t1"},
	        {PHASE_KERNEL, "start.t2"},
	        {PHASE_INIT, "start.t3"},
	        {PHASE_NETWORK, "start.t4"},
	        {PHASE_TRANSPORT, "start.t5"},
	};
	bool own_kernel = t->phase_ns[PHASE_KERNEL] != 0;
	double t5 = since(r, t->phase_ns[PHASE_TRANSPORT]);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		add(r, rows[i].id, since(r, t->phase_ns[rows[i].phase]));
	if (t->provision_ns) {
		add(r, "start.t6", t5 + (double)t->provision_ns / 1e9);
		add(r, "start.provision", (double)t->provision_ns / 1e9);
	}
	add(r, "start.t5direct", own_kernel ? since(r, t->channel_ns) : t5);
	/* The virtual machine's transport is SSH; a container's server was started beside it. */
	add(r, "start.t5ssh",
	        own_kernel ? t5 : t5 + first_value(&r->found, "start.ssh", r->kind->name));
}

static unsigned tasks_of(const struct experiment *e, int run)
{
	unsigned tasks = WORK_LOOK | WORK_PROVISION | WORK_PROBES | WORK_SSH;

	/* What does not change from round to round is looked at once. */
	if (run == 0)
		tasks |= WORK_ISOLATION;
	if (run == 0 && e->options->claims)
		tasks |= WORK_LIMITS;
	return tasks;
}

static int start(struct round *r, int run, struct err *err)
{
	struct experiment *e = r->e;
	const struct work_options options = {.tasks = tasks_of(e, run),
	        .kind = r->kind->name,
	        .folder = e->folder,
	        .quick = e->options->quick,
	        .settle_ns = e->options->settle_ns};
	const struct team team = {&r->machine, 1};
	struct err second = {0};

	recorder_reset(&e->recorder);
	recorder_watch(&e->recorder, r->machine->spec.selector, r->machine->names.phases);
	r->t0_ns = clock_mono_ns();
	int rc = experiment_verb(e, &verb_work, &options, &team, err);
	if (work_collect(e->folder, r->machine->spec.selector, &r->found, &second) < 0 && rc == 0) {
		*err = second;
		return -1;
	}
	return rc;
}

static int end(struct round *r, const char *id, bool destroy, struct err *err)
{
	const struct team team = {&r->machine, 1};
	const struct work_options options = {0};

	recorder_reset(&r->e->recorder);
	r->t0_ns = clock_mono_ns();
	int rc = destroy ? experiment_destroy(r->e, &team, err)
	                 : experiment_verb(r->e, &verb_halt, &options, &team, err);
	const struct timeline *t = recorder_of(&r->e->recorder, r->machine->spec.selector);
	if (rc == 0 && t)
		add(r, id, since(r, t->end_ns));
	return rc;
}

static int machine_round(struct round *r, int run, bool *disturbed, struct err *err)
{
	struct compare_recorder *recorder = &r->e->recorder;
	struct err second = {0};

	if (open_window(r, err) < 0)
		return -1;
	int rc = start(r, run, err);
	const struct timeline *t = recorder_of(recorder, r->machine->spec.selector);
	if (t && t->phase_ns[PHASE_TRANSPORT]) {
		take_phases(r, t);
		*disturbed = judge(
		        r, &recorder->answered, first_value(&r->found, "start.cpu", r->kind->name));
	}
	if (rc == 0)
		rc = end(r, "stop.halt", false, err);
	if (end(r, "stop.destroy", true, &second) < 0 && rc == 0) {
		*err = second;
		rc = -1;
	}
	return rc;
}

static int process_round(struct round *r, bool *disturbed, struct err *err)
{
	struct baseline baseline;
	struct load_sample after;

	if (open_window(r, err) < 0 || baseline_run(&baseline, err) < 0 ||
	        load_read(&after, err) < 0)
		return -1;
	add(r, "start.t3", baseline.exec_s);
	add(r, "start.t5", baseline.done_s);
	add(r, "start.cpu", baseline.cpu_s);
	*disturbed = judge(r, &after, baseline.cpu_s);
	const struct burden burden = {
	        .folder = r->e->home, .quick = r->e->options->quick, .stop = r->e->env->stop};
	if (burden_host(&burden, &r->found, err) == 0 || err->kind == ERR_INTERRUPTED)
		return err->kind == ERR_INTERRUPTED ? -1 : 0;
	strv_addf(&r->found.notes, "host: probes: %s", err->message);
	err_clear(err);
	return 0;
}

int experiment_round(struct experiment *e, size_t k, int run, struct err *err)
{
	struct round r = {.e = e, .kind = e->kinds[k]};
	bool disturbed = false;
	int rc;

	if (e->env->stop && *e->env->stop)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	if (r.kind->provider) {
		r.machine = experiment_machine(e, r.kind, 0);
		rc = machine_round(&r, run, &disturbed, err);
	} else {
		rc = process_round(&r, &disturbed, err);
	}
	/* What is reported is whole: an interrupted round is not. */
	if (rc == 0)
		measure_merge(e->result, &r.found, disturbed);
	result_clear(&r.found);
	return rc;
}
