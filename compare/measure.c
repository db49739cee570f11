#include "compare/measure.h"

#include <math.h>

static const struct measure measures[] = {
        {"start.t1", "created", "start", "s",
                "from the command's start until the last step that makes files and definitions is "
                "done"},
        {"start.t2", "kernel running", "start", "s",
                "the first line of the initrd's init on the virtio-serial channel, on arrival at "
                "the host"},
        {"start.t3", "init executed", "start", "s",
                "container: PID 1 was executed; VM: its init's first line on the virtio-serial "
                "channel; process: exec succeeded"},
        {"start.t4", "network up", "start", "s",
                "container: its end of the veth is on the bridge; VM: the line of the initrd on "
                "the channel"},
        {"start.t5", "until a command runs", "start", "s",
                "`true` has run over prov's own transport: SSH into the VM, setns into the "
                "container, fork and exec on the host"},
        {"start.t5ssh", "until a command runs, over SSH in both", "start", "s",
                "container: t5 and the time until its SSH server was started and ran `true` by a "
                "login; VM: t5"},
        {"start.ssh", "SSH server started, first login", "start", "s",
                "container: the box's SSH server is started by exec, until `true` has run by a "
                "login"},
        {"start.t5direct", "until a command runs, without SSH in both", "start", "s",
                "container: t5; VM: the last line of its start on the virtio-serial channel, "
                "looked at every 20 ms"},
        {"start.t6", "provisioned", "start", "s",
                "t5 and the durations of the provisioning steps, which are the same in both kinds"},
        {"start.provision", "the same provisioning", "start", "s",
                "sum of the provisioning steps' durations, over the transport that t5 opened"},
        {"start.again", "one more command, transport open", "start", "s",
                "`true` once more over the transport that is open already"},
        {"start.login", "one more command, new transport", "start", "s",
                "a transport is opened (SSH login; setns), runs `true` and is closed"},
        {"start.cpu", "CPU time of a start on the host", "start", "s",
                "until t5: user and system time of QEMU or of the container's cgroup, and of "
                "prov's worker; libvirtd not counted"},
        {"stop.halt", "halted", "start", "s",
                "prov halt: asked to shut down, until nothing of it runs"},
        {"stop.destroy", "destroyed", "start", "s",
                "prov destroy of a halted machine, until nothing of it is left"},
        {"storm.t5", "all at once: until a command runs", "storm", "s",
                "started at the same moment, one value for each machine, from the common start"},
        {"memory.delta", "fall of MemAvailable", "memory", "MiB",
                "MemAvailable before less after settling, by number of instances; prov's workers "
                "have ended"},
        {"memory.each", "paid for each instance", "memory", "MiB",
                "what the provider accounts for (a container's cgroup and supervisor; PSS of "
                "QEMU): "
                "the fall of MemAvailable was disturbed or not measured"},
        {"memory.slope", "fall of MemAvailable for one more", "memory", "MiB",
                "slope of the least-squares line through the fall of MemAvailable over the number "
                "of instances"},
        {"memory.total", "what the provider accounts for", "memory", "MiB",
                "see the provider's usage"},
        {"memory.pss.guest", "guest RAM touched", "memory", "MiB",
                "PSS of QEMU's mapping of the guest's size in /proc/PID/smaps"},
        {"memory.pss.tcg", "TCG's translation cache", "memory", "MiB",
                "PSS of QEMU's mappings that are writable and executable"},
        {"memory.pss.vmm", "the rest of QEMU", "memory", "MiB",
                "PSS of QEMU less guest RAM and translation cache"},
        {"memory.pss.init", "PID 1 and its services", "memory", "MiB",
                "PSS of PID 1 and its descendants, smaps_rollup on the host"},
        {"memory.pss.mon", "supervisor", "memory", "MiB", "PSS of prov-mon, smaps_rollup"},
        {"memory.cgroup", "cgroup's use", "memory", "MiB",
                "usage of the memory cgroup less inactive file pages"},
        {"memory.kernel", "kernel memory", "memory", "MiB",
                "kernel memory that the cgroup accounts for: page tables, stacks, slabs"},
        {"memory.guest", "what the guest believes it uses", "memory", "MiB",
                "MemTotal less MemAvailable of /proc/meminfo inside"},
        {"density.extrapolated", "instances until the host's reserve is reached", "density",
                "count",
                "extrapolated: (MemAvailable less the reserve) over the memory for each, the "
                "larger "
                "figure where it is known in two ways; other limits (bridge ports, processes) come "
                "earlier"},
        {"density.started", "really started", "density", "count", "instances that ran `true`"},
        {"density.delta", "fall of MemAvailable", "density", "MiB",
                "by number of instances, all running at once"},
        {"density.seconds", "time for all of them", "density", "s",
                "from the first start, by number of instances that run"},
        {"disk.box", "box, shared by all its machines", "disk", "MiB",
                "allocated blocks of the box's artefacts that this kind uses"},
        {"disk.delta", "own, after the start", "disk", "MiB",
                "allocated blocks of the machine's folder at t5"},
        {"disk.provisioned", "own, after provisioning", "disk", "MiB", "the same after t6"},
        {"peer.start", "made, until a command has run in it", "peers", "s",
                "whole commands from fork to exit, without network, same root file system: make "
                "and start, then run `true` in it; container: prov up, prov exec"},
        {"peer.exec", "one more command", "peers", "s",
                "the tool's command that runs `true` in it, from fork to exit"},
        {"peer.stop", "stopped and removed", "peers", "s",
                "the tool's commands that end and remove it, from fork to exit; container: prov "
                "destroy"},
        {"peer.pss", "processes that serve one", "peers", "MiB",
                "PSS (smaps_rollup) of PID 1 and of the monitor or shim that stays with it; a "
                "daemon for all is not counted"},
        {"peer.monitor", "what stays beside PID 1", "peers", "MiB",
                "PSS of the monitor or shim that serves this one alone; 0: none stays"},
        {"peer.cgroup", "its cgroup's use", "peers", "MiB",
                "memory cgroup of PID 1, usage less inactive file pages; in part the same memory "
                "as PSS"},
        {"peer.delta", "fall of MemAvailable", "peers", "MiB",
                "MemAvailable before less after settling, by number of instances"},
        {"load.other", "CPUs kept busy by others", "load", "count",
                "busy time of /proc/stat from 0.2 s before the start until t5, less what the start "
                "itself used"},
        {"load.steal", "CPUs stolen by the hypervisor", "load", "count",
                "steal time of /proc/stat, likewise"},
};

const struct measure *measure_find(const char *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(measures); i++)
		if (str_eq(measures[i].id, id))
			return &measures[i];
	return NULL;
}

struct series measure_series(const struct measure *m, const char *kind)
{
	return (struct series){.id = m->id,
	        .kind = kind,
	        .title = m->title,
	        .group = m->group,
	        .unit = m->unit,
	        .method = m->method,
	        /* Of instances, more is better; of nothing else here. */
	        .higher_is_better = str_eq(m->group, "density") && str_eq(m->unit, "count")};
}

void measure_add(struct result *result, const char *id, const char *kind, double value, double x,
        const char *method)
{
	const struct measure *m = measure_find(id);

	if (!m || !isfinite(value))
		return;
	struct series described = measure_series(m, kind);
	if (method)
		described.method = method;
	series_add(result_series(result, &described), value, x, false);
}

void measure_fact(struct result *result, const struct fact *fact)
{
	if (fact->value && *fact->value)
		result_fact(result, fact);
}

/* What each round must find again: one that differs stays different. */
static void merge_fact(struct result *into, const struct fact *fact)
{
	const struct fact *known = result_fact_of(into, fact->id, fact->kind);
	struct fact copy = *fact;

	if (known && str_starts(fact->id, "repeat.") && !str_eq(known->value, fact->value))
		copy.value = "differs between rounds";
	result_fact(into, &copy);
}

void measure_merge(struct result *into, const struct result *from, bool disturbed)
{
	for (size_t i = 0; i < from->n_series; i++) {
		const struct series *s = &from->series[i];
		for (size_t k = 0; k < s->n; k++)
			series_add(result_series(into, s), s->values[k], s->x ? s->x[k] : NAN,
			        disturbed || s->disturbed[k]);
	}
	for (size_t i = 0; i < from->n_facts; i++)
		merge_fact(into, &from->facts[i]);
	for (size_t i = 0; i < from->notes.n; i++)
		if (!strv_has(&into->notes, from->notes.v[i]))
			strv_add(&into->notes, from->notes.v[i]);
}
