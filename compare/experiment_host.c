/* The host that all numbers belong to, and what an engineer would ask about them. */
#include "compare/experiment_parts.h"

#include "base/clock.h"
#include "base/fs.h"
#include "compare/measure.h"
#include "compare/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* What follows "key" and its separator in a file of lines; quotes are taken off. NULL: not there.
 */
static char *value_of(const char *path, const char *key, char separator)
{
	AUTO_STR text = {0};

	if (fs_read(path, 1 << 20, &text, NULL) < 0)
		return NULL;
	const char *at = strstr(str_text(&text), key);
	at = at ? strchr(at, separator) : NULL;
	if (!at)
		return NULL;
	at += 1 + strspn(at + 1, " \t\"");
	return xstrndup(at, strcspn(at, "\"\n"));
}

static char *today(void)
{
	char text[32];
	time_t now = (time_t)(clock_wall_ns() / 1000000000);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return xstrdup(text);
}

void experiment_describe_host(struct experiment *e)
{
	struct host_info *host = &e->result->host;
	AUTO_STR meminfo = {0};
	struct utsname name;

	if (uname(&name) == 0)
		host->kernel = xstrdup(name.release);
	host->cpu = value_of("/proc/cpuinfo", "model name", ':');
	host->distribution = value_of("/etc/os-release", "PRETTY_NAME", '=');
	host->date = today();
	host->cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	host->prov_version = xstrdup(VERSION);
	if (fs_read("/proc/meminfo", 65536, &meminfo, NULL) == 0)
		host->memory_mib = memory_field(str_text(&meminfo), "MemTotal");
	measure_fact(e->result,
	        &(struct fact){.id = "identity.kernel",
	                .kind = "host",
	                .title = "kernel release",
	                .group = "identity",
	                .value = host->kernel,
	                .method = "uname -r"});
}

/* The provider's own words: "tcg: /dev/kvm measured: 548 ns an iteration: …". */
static void describe_accelerator(struct experiment *e)
{
	struct host_info *host = &e->result->host;
	const char *said = e->recorder.accelerator;

	if (!said)
		return;
	host->accelerator = xstrndup(said, strcspn(said, ":"));
	host->emulated = str_starts(said, "tcg") || strstr(said, "emulated");
	if (host->emulated)
		host->emulated_note =
		        xasprintf("virtual machines run under %s here (%s): where KVM runs at the "
		                  "hardware's speed they start and run several times faster",
		                host->accelerator, said);
}

/* What all machines of a kind share: read from the store, where it takes its place. */
static void box_size(struct experiment *e, const struct compare_kind *kind)
{
	const struct box_use *box = &experiment_machine(e, kind, 0)->spec.box;
	bool container = str_eq(kind->provider, "container");
	const char *const files[] = {container ? box->rootfs : box->disk,
	        container ? NULL : box->kernel, container ? NULL : box->initrd};
	double sum = 0, mib;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (files[i] && memory_disk(files[i], &mib, NULL) == 0)
			sum += mib;
	if (sum > 0)
		measure_add(e->result, "disk.box", kind->name, sum, NAN, NULL);
}

/* What is the same for every run of this prov. */
static const char *const method_notes[] = {
        "Transport bias: t5 uses SSH for the virtual machine and setns for the container. It is "
        "therefore also given over SSH in both (t5ssh: the container's own SSH server, started "
        "for it) and without SSH in both (t5direct). Not measured: a command run in the virtual "
        "machine without SSH; its t5direct is the last line of its start on a virtio-serial "
        "channel.",
        "Page cache: memory is compared by MemAvailable, which counts clean page cache as free. "
        "Disks of virtual machines use the cache mode of their libvirt definition; what the guest "
        "itself caches is guest RAM and counts, what a container caches is the host's and does "
        "not.",
        "Guest RAM that was never touched costs the host nothing and is not counted.",
        "Both kinds have a network: a veth and a tap on the same bridge. The process has none.",
        "User namespace, system call filter and capabilities of the container are as prov up gives "
        "them: the table of isolation is read from the running machine and says which there are.",
        "TCP probes talk to the same program on the host, and on a second machine of the kind.",
        "Stamps are taken by the host's monotonic clock when a fact arrives there; guests' clocks "
        "are not asked.",
        "Rounds alternate the order of kinds. Runs beside which others kept more than 0.25 CPUs "
        "busy, or more than 0.05 were stolen, are marked as disturbed and counted all the same.",
};

void experiment_notes(struct experiment *e)
{
	AUTO_STR ksm = {0};

	describe_accelerator(e);
	if (!e->result->host.kernel)
		return; /* nothing was begun */
	for (size_t i = 0; i < ARRAY_SIZE(method_notes); i++)
		strv_add(&e->result->notes, method_notes[i]);
	memory_ksm(&ksm);
	strv_add(&e->result->notes, str_text(&ksm));
	strv_add(&e->result->notes,
	        e->options->cold ? "Page cache: dropped before each start (cold)."
	                         : "Page cache: as the round before left it (warm).");
}

static void differ(struct experiment *e, const struct compare_kind *kind, const char *id,
        const char *title, const char *value)
{
	measure_fact(e->result,
	        &(struct fact){.id = id,
	                .kind = kind->name,
	                .title = title,
	                .group = "difference",
	                .value = value,
	                .method = "the provider's check of the machine, and its spec"});
}

/* What the provider itself refuses ends the kind in its first round; these are what it runs
 * differently. */
static void differ_machine(struct experiment *e, const struct compare_kind *kind)
{
	const struct machine_spec *spec = &experiment_machine(e, kind, 0)->spec;
	bool container = str_eq(spec->provider, "container");
	AUTO_FREE char *cpus = container
	        ? xasprintf("%g CPUs as a quota of the cgroup", spec->cpus)
	        : xasprintf("%.0f virtual CPUs for %g", ceil(spec->cpus), spec->cpus);

	differ(e, kind, "difference.cpus", "cpus", cpus);
	differ(e, kind, "difference.memory", "memory",
	        container ? "a limit: what is not used is free for others, page cache included"
	                  : "a size: the guest's kernel and page cache live in it");
	differ(e, kind, "difference.init", "first process",
	        !container || kind->adapt           ? "the box's init with all its services"
	                : spec->container.command.n ? "the declared command"
	                                            : "prov-init alone");
	if (spec->disk_bytes || container)
		differ(e, kind, "difference.disk", "disk",
		        container ? "not limited" : "limited to the declared size");
}

void experiment_differences(struct experiment *e)
{
	for (size_t k = 0; k < e->n_kinds; k++)
		if (e->kinds[k]->provider) {
			differ_machine(e, e->kinds[k]);
			box_size(e, e->kinds[k]);
		}
	for (size_t i = 0; i < n_compare_kinds; i++)
		if (compare_kinds[i].absent)
			strv_addf(&e->result->notes, "%s is not offered yet: %s.",
			        compare_kinds[i].name, compare_kinds[i].absent);
}
