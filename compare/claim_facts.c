/* Claims that facts answer: read from running machines, or tried on the host. */
#include "compare/claims.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A fact that the host or a machine answers with yes. */
static bool is_yes(const char *fact)
{
	return str_starts(fact, "yes");
}

static bool tried(const char *fact, struct answer *out)
{
	if (fact && !str_starts(fact, "not tried"))
		return true;
	claim_say(out, VERDICT_NOT_TESTABLE, "%s", fact ? fact : MISSING);
	return false;
}

static void add_kernels(const struct result *r, struct answer *out)
{
	static const char *const kinds[] = {"host", "container", "kvm"};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *kernel = claim_fact(r, "identity.kernel", kinds[i]);
		if (kernel)
			str_addf(&out->figure, "%s%s %s", out->figure.len ? ", " : "", kinds[i],
			        kernel);
	}
}

static void kernel_differs(const struct result *r, struct answer *out)
{
	const char *host = claim_fact(r, "identity.kernel", "host");
	const char *container = claim_fact(r, "identity.kernel", "container");
	const char *vm = claim_fact(r, "identity.kernel", "kvm");

	add_kernels(r, out);
	if (!container || !vm) {
		str_reset(&out->figure);
		claim_say(out, VERDICT_NOT_TESTABLE, MISSING);
		return;
	}
	bool both = !str_eq(host, container) && !str_eq(host, vm);
	bool one = !str_eq(host, container) || !str_eq(host, vm);
	claim_say(out, both ? VERDICT_CONFIRMED : one ? VERDICT_PARTLY : VERDICT_REFUTED, "%s", "");
}

static void kernel_shared(const struct result *r, struct answer *out)
{
	const char *container = claim_fact(r, "identity.kernel", "container");

	if (!container) {
		claim_say(out, VERDICT_NOT_TESTABLE, MISSING);
		return;
	}
	add_kernels(r, out);
	claim_say(out,
	        str_eq(container, claim_fact(r, "identity.kernel", "host")) ? VERDICT_CONFIRMED
	                                                                    : VERDICT_REFUTED,
	        "%s", "");
}

static void provision_repeat(const struct result *r, struct answer *out)
{
	const char *container = claim_fact(r, "repeat.digest", "container");
	const char *vm = claim_fact(r, "repeat.digest", "kvm");

	if (!container || !vm || r->runs < 2) {
		claim_say(out, VERDICT_NOT_TESTABLE,
		        "needs two rounds of both kinds with compare's own provisioning");
		return;
	}
	bool same = str_eq(container, vm) && !str_starts(container, "differs");
	claim_say(out, same ? VERDICT_CONFIRMED : VERDICT_REFUTED,
	        "%d machines made and provisioned of each kind: digests of the files %s (%.12s)",
	        r->runs, same ? "are all the same" : "differ", container);
}

static void chroot_container(const struct result *r, struct answer *out)
{
	const char *escape = claim_fact(r, "claim.chroot.escape", "host");
	const char *seen = claim_fact(r, "claim.chroot.processes", "host");
	const char *inside = claim_fact(r, "identity.processes", "container");

	if (!tried(escape, out) || !tried(seen, out) || !inside)
		return;
	claim_say(out, is_yes(escape) && str_starts(seen, "all") ? VERDICT_PARTLY : VERDICT_REFUTED,
	        "root leaves a chroot: %s; processes seen there: %s; in the container: %s. The "
	        "same escape inside a container is not tried yet",
	        escape, seen, inside);
}

static void chroot_escape(const struct result *r, struct answer *out)
{
	const char *escape = claim_fact(r, "claim.chroot.escape", "host");

	if (tried(escape, out))
		claim_say(out, is_yes(escape) ? VERDICT_REFUTED : VERDICT_CONFIRMED,
		        "root leaves a chroot: %s", escape);
}

static void chroot_processes(const struct result *r, struct answer *out)
{
	const char *seen = claim_fact(r, "claim.chroot.processes", "host");
	const char *inside = claim_fact(r, "identity.processes", "container");

	if (!tried(seen, out))
		return;
	claim_say(out, str_starts(seen, "all") ? VERDICT_CONFIRMED : VERDICT_REFUTED,
	        "in the chroot: %s%s%s", seen, inside ? "; in a container: " : "",
	        inside ? inside : "");
}

static void namespace_uts(const struct result *r, struct answer *out)
{
	const char *changed = claim_fact(r, "claim.namespace.uts", "host");

	if (tried(changed, out))
		claim_say(out, is_yes(changed) ? VERDICT_CONFIRMED : VERDICT_REFUTED,
		        "release or version changed: %s", changed);
}

static void namespace_end(const struct result *r, struct answer *out)
{
	const char *outlives = claim_fact(r, "claim.namespace.end", "host");

	if (tried(outlives, out))
		claim_say(out, is_yes(outlives) ? VERDICT_PARTLY : VERDICT_CONFIRMED,
		        "it outlives its last process: %s", outlives);
}

static void two_pids(const struct result *r, struct answer *out)
{
	const char *inside = claim_fact(r, "pid.inside", "container");
	const char *outside = claim_fact(r, "pid.outside", "container");
	const char *vm = claim_fact(r, "pid.outside", "kvm");

	if (!inside || !outside) {
		claim_say(out, VERDICT_NOT_TESTABLE, MISSING);
		return;
	}
	claim_say(out, VERDICT_CONFIRMED, "one process is %s inside and %s on the host; VM: %s",
	        inside, outside, vm ? vm : "not measured");
}

static void group_limits(const struct result *r, struct answer *out)
{
	const char *memory = claim_fact(r, "claim.limit.memory", "container");
	const char *cpu = claim_fact(r, "claim.limit.cpu", "container");

	if (!memory || !cpu) {
		claim_say(out, VERDICT_NOT_TESTABLE, MISSING);
		return;
	}
	bool kept = is_yes(memory) && is_yes(cpu);
	claim_say(out, kept ? VERDICT_CONFIRMED : VERDICT_REFUTED,
	        "memory: %s; processor time: %s; limits of input/output and nested groups are not "
	        "tried yet",
	        memory, cpu);
}

static void group_knowledge(const struct result *r, struct answer *out)
{
	const char *memory = claim_fact(r, "identity.memory", "container");
	const char *cpus = claim_fact(r, "identity.cpus", "container");
	const char *group = claim_fact(r, "claim.limit.seen", "container");

	if (!memory || !cpus) {
		claim_say(out, VERDICT_NOT_TESTABLE, MISSING);
		return;
	}
	claim_say(out, is_yes(group) ? VERDICT_PARTLY : VERDICT_CONFIRMED,
	        "a process sees %s and %s CPUs; limit readable in /sys/fs/cgroup: %s", memory, cpus,
	        group ? group : "not looked at");
}

static void group_control(const struct result *r, struct answer *out)
{
	const char *cpu = claim_fact(r, "claim.limit.cpu", "container");

	if (!cpu) {
		claim_say(out, VERDICT_NOT_TESTABLE, MISSING);
		return;
	}
	claim_say(out, VERDICT_PARTLY,
	        "accounted for: %s; freezing and weights are not offered by prov yet", cpu);
}

static void layers_gone(const struct result *r, struct answer *out)
{
	const char *fresh = claim_fact(r, "repeat.fresh", "container");

	if (!fresh || r->runs < 2) {
		claim_say(out, VERDICT_NOT_TESTABLE, MISSING);
		return;
	}
	claim_say(out, is_yes(fresh) ? VERDICT_PARTLY : VERDICT_REFUTED,
	        "files of the machine destroyed before are gone: %s; what volumes keep (they "
	        "outlive destroy) is not measured",
	        fresh);
}

static void container_init(const struct result *r, struct answer *out)
{
	const char *pid1 = claim_fact(r, "identity.pid1", "container");
	const char *n = claim_fact(r, "identity.processes", "container");
	const char *vm_pid1 = claim_fact(r, "identity.pid1", "kvm");
	const char *vm_n = claim_fact(r, "identity.processes", "kvm");

	if (!pid1 || !n) {
		claim_say(out, VERDICT_NOT_TESTABLE, MISSING);
		return;
	}
	claim_say(out, VERDICT_PARTLY,
	        "a container to log in to has one PID 1, %s (%s processes with the three that "
	        "ask); "
	        "VM: %s (%s)",
	        pid1, n, vm_pid1 ? vm_pid1 : "not measured", vm_n ? vm_n : "-");
}

#define NOT_YET(function, reason)                                                 \
	static void function(const struct result *r, struct answer *out)          \
	{                                                                         \
		(void)r;                                                          \
		claim_say(out, VERDICT_NOT_TESTABLE, "no means yet: %s", reason); \
	}
NOT_YET(crash_neighbours, "its test would crash machines beside others that are measured")
NOT_YET(group_leaves, "its test would change how the host's own groups are delegated")
NOT_YET(layers_instructions, "prov builds no images from a Dockerfile")
NOT_YET(folders_outside, "shared folders are not offered yet")
NOT_YET(folders_easy, "shared folders are not offered yet")
NOT_YET(container_nested, "no container inside a virtual machine is part of the experiment yet")

const struct claim_test claim_facts[] = {
        {"kernel.differs", kernel_differs},
        {"kernel.shared", kernel_shared},
        {"provision.repeat", provision_repeat},
        {"chroot.container", chroot_container},
        {"chroot.escape", chroot_escape},
        {"chroot.processes", chroot_processes},
        {"namespace.uts", namespace_uts},
        {"namespace.end", namespace_end},
        {"process.two_pids", two_pids},
        {"group.limits", group_limits},
        {"group.knowledge", group_knowledge},
        {"group.control", group_control},
        {"group.leaves", group_leaves},
        {"layers.gone", layers_gone},
        {"layers.instructions", layers_instructions},
        {"container.init", container_init},
        {"container.nested", container_nested},
        {"crash.neighbours", crash_neighbours},
        {"folders.outside", folders_outside},
        {"folders.easy", folders_easy},
};
const size_t n_claim_facts = ARRAY_SIZE(claim_facts);
