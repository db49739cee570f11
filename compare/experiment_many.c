/* Several machines of one kind at once: what each costs in memory, how long a storm of starts
 * takes, how many fit. */
#include "compare/experiment_parts.h"

#include "base/clock.h"
#include "compare/measure.h"
#include "compare/memory.h"

#include <math.h>
#include <stdlib.h>

/* So many starts at a time: more only wait for the same CPUs. */
#define ABREAST 4

/* Small machines are lost in the noise of a few: their ladder goes higher. */
static const struct ladder {
	const char *provider;
	int top, quick_top;
} ladders[] = {
        {"container", 32, 16},
        {"kvm", 4, 2},
};

int experiment_ladder_top(const struct experiment *e, const struct compare_kind *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(ladders); i++)
		if (str_eq(ladders[i].provider, kind->provider))
			return e->options->quick ? ladders[i].quick_top : ladders[i].top;
	return 0;
}

static struct team team_of(struct experiment *e, const struct compare_kind *kind, int first, int n)
{
	struct team team = {.machines = xcalloc((size_t)n + 1, sizeof(struct machine *))};

	for (int i = first; i < first + n; i++)
		team.machines[team.n++] = experiment_machine(e, kind, i);
	return team;
}

/* Starts machines first … first+n-1, and nothing more than that. */
static int start(struct experiment *e, const struct compare_kind *kind, int first, int n,
        int abreast, struct err *err)
{
	const struct work_options options = {
	        .base = {.parallel = abreast}, .kind = kind->name, .folder = e->folder};
	struct team team = team_of(e, kind, first, n);
	struct err second = {0};

	recorder_reset(&e->recorder);
	int rc = experiment_verb(e, &verb_work, &options, &team, err);
	for (size_t i = 0; i < team.n; i++) {
		struct result found;
		/* Their CPU time counts in no round. */
		if (work_collect(e->folder, team.machines[i]->spec.selector, &found, &second) < 0 &&
		        rc == 0) {
			*err = second;
			rc = -1;
		}
		result_clear(&found);
	}
	free(team.machines);
	return rc;
}

/* The error of what came before is the one to tell. */
static int finish(
        struct experiment *e, const struct compare_kind *kind, int n, int rc, struct err *err)
{
	struct team team = team_of(e, kind, 0, n);
	struct err second = {0};
	int last = n ? experiment_destroy(e, &team, &second) : 0;

	free(team.machines);
	if (rc == 0 && last < 0) {
		*err = second;
		return -1;
	}
	return rc;
}

/* *disturbed: others were busy meanwhile, and their memory moved with them. */
static int fall(struct experiment *e, double before, double *out, bool *disturbed, struct err *err)
{
	struct load_sample begun, ended;
	struct load_use use;
	double now;

	if (load_read(&begun, err) < 0 ||
	        memory_settle(e->options->settle_ns, e->env->stop, err) < 0 ||
	        memory_available(&now, err) < 0 || load_read(&ended, err) < 0)
		return -1;
	load_judge(&begun, &ended, 0, &use);
	*out = before - now;
	*disturbed = use.disturbed;
	return 0;
}

static void add(struct experiment *e, const struct compare_kind *kind, const char *id, double value,
        double x)
{
	measure_add(e->result, id, kind->name, value, x, NULL);
}

static void add_flagged(
        struct experiment *e, const struct compare_kind *kind, double delta, int n, bool disturbed)
{
	struct result one = {0};

	measure_add(&one, "memory.delta", kind->name, delta, n, NULL);
	measure_merge(e->result, &one, disturbed);
	result_clear(&one);
}

/* Machines of a kind, more and more of them beside each other. */
struct pile {
	const struct compare_kind *kind;
	double available; /* memory before the first one, in MiB */
	int up;           /* also what started only in part, as it is to be removed */
};

/* Adds machines by add_more to a host at rest; whatever comes of it, they are gone afterwards. */
static int pile_up(struct experiment *e, struct pile *pile,
        int (*add_more)(struct experiment *e, struct pile *pile, struct err *err), struct err *err)
{
	double ignored;
	bool busy;

	if (fall(e, 0, &ignored, &busy, err) < 0 || memory_available(&pile->available, err) < 0)
		return -1;
	if (!e->available_mib)
		e->available_mib = pile->available;
	int rc = add_more(e, pile, err);
	return finish(e, pile->kind, pile->up, rc, err);
}

static int climb_ladder(struct experiment *e, struct pile *pile, struct err *err)
{
	int top = experiment_ladder_top(e, pile->kind);
	bool disturbed;
	double delta;

	for (int n = 1; n <= top; n *= 2) {
		int first = pile->up;
		pile->up = n;
		if (start(e, pile->kind, first, n - first, ABREAST, err) < 0 ||
		        fall(e, pile->available, &delta, &disturbed, err) < 0)
			return -1;
		add_flagged(e, pile->kind, delta, n, disturbed);
		if (n == 2 && experiment_peers(e, pile->kind, err) < 0)
			return -1;
	}
	return 0;
}

int experiment_ladder(struct experiment *e, size_t k, struct err *err)
{
	struct pile pile = {.kind = e->kinds[k]};

	return pile_up(e, &pile, climb_ladder, err);
}

int experiment_storm(struct experiment *e, size_t k, struct err *err)
{
	const struct compare_kind *kind = e->kinds[k];
	int n = e->options->parallel;
	int64_t t0_ns = clock_mono_ns();
	int rc = start(e, kind, 0, n, n, err);

	for (int i = 0; rc == 0 && i < n; i++) {
		const struct timeline *t =
		        recorder_of(&e->recorder, experiment_machine(e, kind, i)->spec.selector);
		if (t && t->phase_ns[PHASE_TRANSPORT])
			add(e, kind, "storm.t5",
			        (double)(t->phase_ns[PHASE_TRANSPORT] - t0_ns) / 1e9, NAN);
	}
	return finish(e, kind, n, rc, err);
}

/* One more batch, until the reserve, the number or the time is used up. */
static int fill_up(struct experiment *e, struct pile *pile, struct err *err)
{
	const struct compare_kind *kind = pile->kind;
	double reserve = e->result->host.memory_mib * e->options->reserve, delta = 0;
	int64_t begun_ns = clock_mono_ns();
	int batch = str_eq(kind->provider, "kvm") ? 2 : 32;

	while (pile->up < e->options->max && pile->available - delta > reserve) {
		int first = pile->up;
		int n = e->options->max - first < batch ? e->options->max - first : batch;
		pile->up += n;
		if (start(e, kind, first, n, ABREAST, err) < 0)
			return -1;
		double now, gone_s = (double)(clock_mono_ns() - begun_ns) / 1e9;
		if (memory_available(&now, err) < 0)
			return -1;
		delta = pile->available - now;
		add(e, kind, "density.delta", delta, pile->up);
		add(e, kind, "density.seconds", gone_s, pile->up);
		if (clock_mono_ns() - begun_ns > e->options->density_ns)
			break;
	}
	return 0;
}

int experiment_density(struct experiment *e, size_t k, struct err *err)
{
	struct pile pile = {.kind = e->kinds[k]};
	int rc = pile_up(e, &pile, fill_up, err);

	if (rc == 0)
		add(e, pile.kind, "density.started", pile.up, NAN);
	return rc;
}
