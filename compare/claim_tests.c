/* Claims that the experiment's numbers answer. */
#include "compare/claims.h"

#include "compare/figure.h"

#include <math.h>
#include <string.h>

#define MINUTE_S 60.0

static void missing(struct answer *out)
{
	claim_say(out, VERDICT_NOT_TESTABLE, MISSING);
}

static void vm_minute(const struct result *r, struct answer *out)
{
	double start = claim_median(r, "start.t5", "kvm"),
	       stop = claim_median(r, "stop.halt", "kvm");
	double storm = claim_max(r, "storm.t5", "kvm");

	if (!claim_figure(out, r, "start.t5", "start", "kvm")) {
		missing(out);
		return;
	}
	claim_figure(out, r, "stop.halt", "stop", "kvm");
	if (!isnan(storm)) {
		str_addf(&out->figure, "; worst of %d at once ", r->parallel);
		figure_add(&out->figure, storm, "s");
	}
	bool all = start > MINUTE_S && !(stop <= MINUTE_S);
	bool any = start > MINUTE_S || stop > MINUTE_S || storm > MINUTE_S;
	claim_say(out, all ? VERDICT_CONFIRMED : any ? VERDICT_PARTLY : VERDICT_REFUTED, "%s", "");
}

static void container_second(const struct result *r, struct answer *out)
{
	double start = claim_median(r, "start.t5", "container");
	double stop = claim_median(r, "stop.halt", "container");
	double process = claim_median(r, "start.t5", "process");

	if (!claim_figure(out, r, "start.t5", "start", "container") ||
	        !claim_figure(out, r, "stop.halt", "stop", "container")) {
		missing(out);
		return;
	}
	claim_figure(out, r, "start.t5", "a process", "process");
	bool fast = start < 1 && stop < 1;
	/* "Practically like a process": an order of magnitude is left for it. */
	bool like = isnan(process) || start < 10 * process;
	claim_say(out,
	        !fast          ? VERDICT_REFUTED
	                : like ? VERDICT_CONFIRMED
	                       : VERDICT_PARTLY,
	        "%s", fast && !like ? "under a second, but not like a process" : "");
}

static void container_thousands(const struct result *r, struct answer *out)
{
	double started = claim_median(r, "density.started", "container");
	double fits = claim_median(r, "density.extrapolated", "container");
	double start = claim_median(r, "start.t5", "container");

	if (isnan(started) && isnan(fits)) {
		claim_say(out, VERDICT_NOT_TESTABLE,
		        "the cost of one container was lost in the noise of this host's memory");
		return;
	}
	claim_figure(out, r, "density.started", "really started", "container");
	claim_figure(out, r, "density.seconds", "in (median of the steps)", "container");
	claim_figure(out, r, "density.extrapolated", "extrapolated for memory", "container");
	if (!isnan(start))
		str_addf(&out->figure, "; one after the other %.0f a second", 1 / start);
	bool thousands = started >= 1000;
	claim_say(out,
	        thousands             ? VERDICT_CONFIRMED
	                : fits < 1000 ? VERDICT_REFUTED
	                              : VERDICT_PARTLY,
	        "%s", thousands ? "" : "not so many were really started (--density does)");
}

static void vm_cost(const struct result *r, struct answer *out)
{
	double vm = claim_median(r, "memory.total", "kvm");
	double container = claim_median(r, "memory.total", "container");

	if (!claim_figure(out, r, "memory.total", "memory: VM", "kvm") ||
	        !claim_figure(out, r, "memory.total", "container", "container")) {
		missing(out);
		return;
	}
	claim_figure(out, r, "start.cpu", "CPU time of a start: VM", "kvm");
	claim_figure(out, r, "start.cpu", "container", "container");
	claim_say(out, vm > 10 * container ? VERDICT_CONFIRMED : VERDICT_REFUTED, "%s", "");
}

static void container_memory(const struct result *r, struct answer *out)
{
	double total = claim_median(r, "memory.total", "container");

	if (!claim_figure(out, r, "memory.total", "cgroup and supervisor", "container")) {
		missing(out);
		return;
	}
	claim_figure(out, r, "memory.pss.init", "of it PID 1", "container");
	claim_figure(out, r, "memory.pss.mon", "supervisor", "container");
	claim_say(out, total < r->host.memory_mib / 1000 ? VERDICT_CONFIRMED : VERDICT_REFUTED,
	        "%.3f %% of this host's memory", total / r->host.memory_mib * 100);
}

static void container_services(const struct result *r, struct answer *out)
{
	double bare = claim_median(r, "start.t5", "container");
	double full = claim_median(r, "start.t5", "container+init");

	if (!claim_figure(out, r, "start.t5", "bare", "container") ||
	        !claim_figure(out, r, "start.t5", "with the box's init", "container+init")) {
		str_reset(&out->figure);
		claim_say(
		        out, VERDICT_NOT_TESTABLE, "no container with the box's init was compared");
		return;
	}
	claim_figure(out, r, "memory.total", "memory bare", "container");
	claim_figure(out, r, "memory.total", "with init", "container+init");
	claim_say(out, full > bare ? VERDICT_CONFIRMED : VERDICT_REFUTED, "%s", "");
}

/* Time for the same work against the host, whichever way the unit counts. */
static double slowness(const struct series *of, const struct series *host)
{
	struct summary a, b;

	stats_summary(of->values, of->n, &a);
	stats_summary(host->values, host->n, &b);
	return of->higher_is_better ? b.median / a.median : a.median / b.median;
}

static void container_speed(const struct result *r, struct answer *out)
{
	size_t faster = 0, all = 0, much = 0;

	for (size_t i = 0; i < r->n_series; i++) {
		const struct series *c = &r->series[i];
		const struct series *vm = result_find(r, c->id, "kvm");
		const struct series *host = result_find(r, c->id, "host");
		if (!str_starts(c->id, "probe.") || !str_eq(c->kind, "container") || !vm || !host ||
		        !c->n || !vm->n || !host->n)
			continue;
		double in_container = slowness(c, host), in_vm = slowness(vm, host);
		all++;
		faster += in_container < in_vm;
		much += in_container * 2 < in_vm;
		str_addf(&out->figure, "%s%s %.2f× of the host, VM %.2f×",
		        out->figure.len ? "; " : "", c->title, in_container, in_vm);
	}
	if (!all) {
		missing(out);
		return;
	}
	claim_say(out,
	        much == all              ? VERDICT_CONFIRMED
	                : much || faster ? VERDICT_PARTLY
	                                 : VERDICT_REFUTED,
	        "at least twice as fast in %zu of %zu probes", much, all);
}

static void provision_speed(const struct result *r, struct answer *out)
{
	double container = claim_median(r, "start.provision", "container");
	double vm = claim_median(r, "start.provision", "kvm");

	if (!claim_figure(out, r, "start.provision", "container", "container") ||
	        !claim_figure(out, r, "start.provision", "VM", "kvm")) {
		missing(out);
		return;
	}
	claim_say(out,
	        vm > 2 * container       ? VERDICT_CONFIRMED
	                : vm > container ? VERDICT_PARTLY
	                                 : VERDICT_REFUTED,
	        "the same script, %.1f×", vm / container);
}

static void layers_shared(const struct result *r, struct answer *out)
{
	double box = claim_median(r, "disk.box", "container");
	double own = claim_median(r, "disk.delta", "container");

	if (!claim_figure(out, r, "disk.box", "box, once", "container") ||
	        !claim_figure(out, r, "disk.delta", "each container", "container")) {
		missing(out);
		return;
	}
	claim_say(out, own < box / 2 ? VERDICT_PARTLY : VERDICT_REFUTED,
	        "layers are shared; the time of a copy-up is not measured");
}

static void company_rate(const struct result *r, struct answer *out)
{
	double start = claim_median(r, "start.t5", "container");

	claim_say(out, VERDICT_NOT_TESTABLE, "a company's own figure, 3,300 a second");
	if (!isnan(start))
		str_addf(
		        &out->figure, "; this host, one after the other: %.0f a second", 1 / start);
}

const struct claim_test claim_tests[] = {
        {"vm.minute", vm_minute},
        {"container.second", container_second},
        {"container.thousands", container_thousands},
        {"vm.cost", vm_cost},
        {"container.memory", container_memory},
        {"container.services", container_services},
        {"container.speed", container_speed},
        {"provision.speed", provision_speed},
        {"layers.shared", layers_shared},
        {"company.rate", company_rate},
};
const size_t n_claim_tests = ARRAY_SIZE(claim_tests);
