#include "compare/experiment_parts.h"

#include "base/clock.h"
#include "compare/host_claims.h"
#include "compare/memory_each.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* As exact as an estimate can be: 40 s, 3 min. */
static char *about(double seconds)
{
	return seconds < 90 ? xasprintf("%.0f s", ceil(seconds / 10) * 10)
	                    : xasprintf("%.0f min", ceil(seconds / 60));
}

/* Tells the user what happens now; left_s: seconds until the end, below 0: not known. */
PRINTF_LIKE(3, 4)
static void say(struct experiment *e, double left_s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	AUTO_FREE char *what = xvasprintf(fmt, ap);
	va_end(ap);
	double gone_s = (double)(clock_mono_ns() - e->begun_ns) / 1e9;
	AUTO_FREE char *left = about(left_s);
	AUTO_FREE char *text =
	        left_s > 0 ? xasprintf("%s (about %s left)", what, left) : xstrdup(what);
	event_emit(e->env->sink, &(struct event){.kind = EVENT_NOTE, .machine = "", .text = text});
	event_emit(e->env->sink,
	        &(struct event){.kind = EVENT_PROGRESS,
	                .machine = "",
	                .text = what,
	                .done = (int64_t)gone_s,
	                .total = (int64_t)(gone_s + (left_s > 0 ? left_s : 0))});
}

/* What is still to be done, by what it took so far: the rounds, then several at once, which take as
 * long as their starts. */
static double left(const struct experiment *e, int run, size_t next)
{
	double sum = 0;

	for (size_t k = 0; k < e->n_kinds; k++) {
		double rounds = e->options->runs - run - (k < next ? 1 : 0);
		if (e->broken[k])
			continue;
		double many = e->kinds[k]->provider
		        ? experiment_ladder_top(e, e->kinds[k]) + e->options->parallel
		        : 0;
		sum += e->round_s[k] * rounds + e->round_s[k] * 0.4 * many;
	}
	return sum;
}

/* A kind that fails is said so and left out; the others go on. Only an interruption ends it all. */
static int outcome(struct experiment *e, size_t k, int rc, struct err *err)
{
	if (rc == 0 || err->kind == ERR_INTERRUPTED)
		return rc;
	e->broken[k] = true;
	strv_addf(&e->result->notes, "%s failed and was left out from then on: %s",
	        e->kinds[k]->name, err->message);
	AUTO_FREE char *text = xasprintf("%s is left out: %s", e->kinds[k]->name, err->message);
	event_emit(e->env->sink,
	        &(struct event){
	                .kind = EVENT_WARNING, .machine = "", .text = text, .hint = err->hint});
	return 0;
}

static int one_round(struct experiment *e, int run, size_t k, size_t position, struct err *err)
{
	int64_t start_ns = clock_mono_ns();

	if (e->broken[k])
		return 0;
	say(e, left(e, run, position), "round %d of %d: %s", run + 1, e->options->runs,
	        e->kinds[k]->name);
	int rc = outcome(e, k, experiment_round(e, k, run, err), err);
	double took_s = (double)(clock_mono_ns() - start_ns) / 1e9;
	/* The first round does what is done once. */
	e->round_s[k] = run < 2 ? took_s : (e->round_s[k] + took_s) / 2;
	return rc;
}

/* Odd rounds go the other way, so that no kind always runs on what another one left warm. */
static int rounds(struct experiment *e, struct err *err)
{
	for (int run = 0; run < e->options->runs; run++)
		for (size_t i = 0; i < e->n_kinds; i++) {
			size_t k = run % 2 ? e->n_kinds - 1 - i : i;
			if (one_round(e, run, k, i, err) < 0)
				return -1;
		}
	return 0;
}

static const struct many {
	const char *what;
	int (*run)(struct experiment *e, size_t kind, struct err *err);
} many[] = {
        {"memory", experiment_ladder},
        {"boot storm", experiment_storm},
        {"density", experiment_density},
};

static int several(struct experiment *e, struct err *err)
{
	for (size_t m = 0; m < ARRAY_SIZE(many); m++) {
		bool storm = many[m].run == experiment_storm;
		bool density = many[m].run == experiment_density;
		if ((storm && !e->options->parallel) || (density && !e->options->density))
			continue;
		for (size_t k = 0; k < e->n_kinds; k++) {
			if (e->broken[k] || !e->kinds[k]->provider)
				continue;
			say(e, -1, "%s: %s", many[m].what, e->kinds[k]->name);
			if (outcome(e, k, many[m].run(e, k, err), err) < 0)
				return -1;
		}
	}
	return 0;
}

static void begin(struct experiment *e)
{
	const struct experiment_options *o = e->options;

	e->begun_ns = clock_mono_ns();
	e->home = prov_home();
	e->broken = xcalloc(e->n_kinds, sizeof(*e->broken));
	e->round_s = xcalloc(e->n_kinds, sizeof(*e->round_s));
	e->instances = o->parallel > 1 ? o->parallel : 1;
	for (size_t k = 0; k < e->n_kinds; k++) {
		int top = experiment_ladder_top(e, e->kinds[k]);
		e->round_s[k] = e->kinds[k]->guess_s * (o->quick ? 0.3 : 1);
		e->instances = top > e->instances ? top : e->instances;
	}
	if (o->density && o->max > e->instances)
		e->instances = o->max;
	e->result->runs = o->runs;
	e->result->parallel = o->parallel;
	e->result->cold = o->cold;
	e->result->box = xstrdup(o->n_declared ? o->declared[0]->box.name : o->box);
	e->result->machine =
	        xstrdup(o->n_declared ? o->declared[0]->name : "a machine of defaults");
	recorder_init(&e->recorder, e->env->sink);
}

static int experiment(struct experiment *e, struct err *err)
{
	if (experiment_prepare(e, err) < 0)
		return -1;
	experiment_describe_host(e);
	say(e, left(e, 0, 0), "comparing with box %s, %d runs", e->result->box, e->options->runs);
	if (experiment_open(e, err) < 0)
		return -1;
	experiment_differences(e);
	if (rounds(e, err) < 0 || several(e, err) < 0)
		return -1;
	e->result->complete = true;
	return 0;
}

int experiment_run(const struct experiment_options *options, const struct experiment_env *env,
        struct result *result, struct err *err)
{
	struct experiment e = {.options = options, .env = env, .result = result};
	struct err local = {0};

	*result = (struct result){0};
	if (kinds_choose(options->kinds, &e.kinds, &e.n_kinds, err) < 0)
		return -1;
	begin(&e);
	int rc = experiment(&e, &local);
	memory_each(result, e.available_mib - result->host.memory_mib * options->reserve);
	experiment_notes(&e);
	experiment_close(&e);
	if (options->claims) {
		host_claims(result);
		claims_answer(options->claims, result);
	}
	recorder_clear(&e.recorder);
	free(e.home);
	free(e.broken);
	free(e.round_s);
	free(e.kinds);
	if (rc < 0 && err)
		*err = local;
	return rc;
}
