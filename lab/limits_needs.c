/* What the machines of a lab need together of the host. */
#include "lab/limits.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* Measured: a container is one process with prov-init, two with prov-mon, a handful with an init
 * system; QEMU has its vCPUs, an I/O thread and a few workers. */
enum {
	TASKS_OF_CONTAINER = 4,
	TASKS_OF_VM = 8,
	FILES_OF_CONTAINER = 16,
	FILES_OF_VM = 128,
	INOTIFY_OF_SYSTEMD = 4,
};
#define MIB                       (INT64_C(1) << 20)
#define KERNEL_BYTES_OF_CONTAINER MIB        /* namespaces, mounts and control groups */
#define HOST_BYTES_OF_VM          (64 * MIB) /* QEMU itself */

static bool runs_already(const struct machine *m, const char *boot_id)
{
	for (size_t i = 0; i < m->state.n_steps; i++) {
		const struct step_record *r = &m->state.steps[i];
		if (r->is_volatile && r->state == STEP_DONE && str_eq(r->boot_id, boot_id))
			return true;
	}
	return false;
}

static bool is_init_system(const char *init)
{
	const char *slash = init ? strrchr(init, '/') : NULL;

	return init &&
	        (str_eq(init, "systemd") || (slash && str_eq(slash + 1, "systemd")) ||
	                str_eq(init, "/sbin/init"));
}

static void count_container(const struct machine_spec *spec, bool runs, struct lab_needs *out)
{
	bool system = is_init_system(spec->container.init);

	out->containers++;
	out->inotify += system ? INOTIFY_OF_SYSTEMD : 0;
	out->root_keys += !spec->container.id_base;
	if (runs)
		return;
	out->new_containers++;
	out->new_ptys += system;
	out->new_files += FILES_OF_CONTAINER;
	out->new_tasks += TASKS_OF_CONTAINER;
	out->new_memory_bytes += KERNEL_BYTES_OF_CONTAINER;
	out->new_users += !spec->container.privileged;
	out->new_networks += spec->network_mode != NET_HOST;
}

static void count_vm(const struct machine_spec *spec, bool runs, struct lab_needs *out)
{
	out->vms++;
	if (runs)
		return;
	out->new_vms++;
	out->new_ptys++;
	out->new_files += FILES_OF_VM;
	out->new_tasks += TASKS_OF_VM + (int64_t)spec->cpus;
	out->new_memory_bytes += spec->memory_bytes + HOST_BYTES_OF_VM;
}

static int compare_numbers(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Containers of one id range share its users' quota of keys. */
static int64_t largest_range(struct machine *const *machines, size_t n)
{
	AUTO_FREE int64_t *bases = xcalloc(n + 1, sizeof(*bases));
	int64_t most = 0, same = 0;

	for (size_t i = 0; i < n; i++)
		bases[i] = machines[i]->spec.container.id_base;
	qsort(bases, n, sizeof(*bases), compare_numbers);
	for (size_t i = 0; i < n; i++) {
		same = i && bases[i] == bases[i - 1] ? same + 1 : 1;
		if (bases[i] && same > most)
			most = same;
	}
	return most;
}

/* How many machines each network has: its bridge needs as many ports. */
struct crowd {
	struct strv networks;
	size_t counts[64];
};

static size_t join(struct crowd *crowd, const char *network)
{
	size_t i = 0;

	while (i < crowd->networks.n && !str_eq(crowd->networks.v[i], network))
		i++;
	if (i == ARRAY_SIZE(crowd->counts))
		return 0; /* who has so many networks has few machines in each */
	if (i == crowd->networks.n)
		strv_add(&crowd->networks, network);
	return ++crowd->counts[i];
}

static void count_networks(
        const struct machine_spec *spec, bool kvm, struct crowd *crowd, struct lab_needs *out)
{
	/* A spec of an earlier version may say nothing of the one that it joins. */
	for (size_t i = 0; i < spec->n_nics || i == 0; i++) {
		size_t ports = join(crowd, spec->n_nics ? spec->nics[i].network : "default");
		if (ports > (size_t)out->ports)
			out->ports = (int64_t)ports;
		/* The host's own, and the gateway as the container knows it: the namespaces share
		 * one table, a virtual machine has a kernel of its own. */
		out->neighbours += kvm ? 1 : 2;
	}
}

void lab_needs_count(
        struct machine *const *machines, size_t n, const char *boot_id, struct lab_needs *out)
{
	struct crowd crowd = {0};

	*out = (struct lab_needs){0};
	for (size_t i = 0; i < n; i++) {
		const struct machine_spec *spec = &machines[i]->spec;
		bool runs = runs_already(machines[i], boot_id);
		bool kvm = str_eq(spec->provider, "kvm");
		if (kvm)
			count_vm(spec, runs, out);
		else
			count_container(spec, runs, out);
		if (spec->network_mode == NET_LAB)
			count_networks(spec, kvm, &crowd, out);
	}
	strv_clear(&crowd.networks);
	out->keys = largest_range(machines, n);
}

int lab_needs_of(const struct lab *lab, struct machine *const *chosen, size_t n,
        struct lab_needs *out, struct err *err)
{
	AUTO_FREE struct machine **all = xcalloc(n + lab->n + 1, sizeof(*all));
	char boot_id[BOOT_ID_LEN + 1];
	size_t n_all = n, next = 0;

	if (clock_boot_id(boot_id, err) < 0)
		return -1;
	if (n)
		memcpy(all, chosen, n * sizeof(*all));
	/* The chosen ones are in the lab's order. */
	for (size_t i = 0; i < lab->n; i++) {
		struct machine *m = &lab->machines[i];
		if (next < n && chosen[next] == m)
			next++;
		else if (runs_already(m, boot_id))
			all[n_all++] = m;
	}
	lab_needs_count(all, n_all, boot_id, out);
	return 0;
}
