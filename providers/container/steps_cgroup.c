/* container.cgroup: the group and its limits, also of a container that runs. */
#include "providers/container/confine.h"
#include "providers/container/session.h"

#include "base/fs.h"
#include "engine/cgroup/cgroup.h"
#include "providers/common/cpus.h"
#include "providers/container/devices.h"
#include "providers/container/systemd.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define CPU_PERIOD_US  100000
#define LEAST_QUOTA_US 1000 /* the kernel's */
#define USUAL_WEIGHT   100

static const char limits_fact[] = "container.limits";

void container_group_inputs(const struct run *run, struct digest *d)
{
	const struct machine_spec *spec = run->spec;

	digest_number(d, "memory", spec->memory_bytes);
	digest_number(d, "cpus", (int64_t)(spec->cpus * 1000 + 0.5));
	digest_number(d, "pids", spec->container.pids);
	digest_number(d, "swap", spec->container.swap_bytes);
	digest_number(d, "reservation", spec->container.memory_reservation_bytes);
	digest_number(d, "cpu_weight", spec->cpu_weight);
	digest_number(d, "io_weight", spec->io_weight);
	digest_field(d, "cpuset", spec->cpuset);
}

static void limit_memory(const struct machine_spec *spec, bool runs, struct cgroup_limits *limits)
{
	int64_t bytes = spec->memory_bytes, kept = spec->container.memory_reservation_bytes;

	limits->memory.bytes = LIMIT(bytes ? bytes : -1);
	limits->memory.with_swap = LIMIT(bytes ? bytes + spec->container.swap_bytes : -1);
	if (kept || runs)
		limits->memory.reservation = LIMIT(kept ? kept : -1);
}

/* What is as the kernel has it anyway is written only where something else may stand there. */
static void limit_cpu(
        const struct machine_spec *spec, bool runs, bool has_set, struct cgroup_limits *limits)
{
	int64_t quota = (int64_t)(spec->cpus * CPU_PERIOD_US + 0.5);
	AUTO_STR all = {0};

	limits->cpu.period = LIMIT(CPU_PERIOD_US);
	limits->cpu.quota = LIMIT(quota <= 0     ? -1
	                : quota < LEAST_QUOTA_US ? LEAST_QUOTA_US
	                                         : quota);
	if (runs || spec->cpu_weight != USUAL_WEIGHT)
		limits->cpu.weight = LIMIT(spec->cpu_weight);
	if (runs || spec->io_weight != USUAL_WEIGHT)
		limits->io.weight = LIMIT(spec->io_weight);
	if (!spec->cpuset && runs && has_set)
		cpus_online(&all);
	if (spec->cpuset || all.len)
		limits->cpu.cpus = xstrdup(spec->cpuset ? spec->cpuset : str_text(&all));
}

static unsigned access_of(const struct device_use *use)
{
	return (strchr(use->access, 'r') ? DEVICE_READ : 0) |
	        (strchr(use->access, 'w') ? DEVICE_WRITE : 0) |
	        (strchr(use->access, 'm') ? DEVICE_MKNOD : 0);
}

/* Devices come with the mounts: a change restarts, so that nothing need be taken away here. */
static void limit_devices(const struct machine_spec *spec, struct cgroup_limits *limits)
{
	struct stat st;

	if (spec->container.privileged)
		return;
	device_rules_default(limits);
	for (size_t i = 0; i < spec->container.devices.n; i++) {
		struct device_use use;
		if (device_parse(spec->container.devices.v[i], &use, NULL) < 0)
			continue;
		/* One that is missing is named by what binds it. */
		if (stat(use.host, &st) == 0)
			device_rule_add(limits,
			        &(struct device_rule){true, S_ISBLK(st.st_mode) ? 'b' : 'c',
			                major(st.st_rdev), minor(st.st_rdev), access_of(&use)});
		device_clear(&use);
	}
}

static void fill(const struct run *run, bool runs, struct cgroup_limits *limits)
{
	const struct session *s = run->session;

	*limits = (struct cgroup_limits){.pids = LIMIT(run->spec->container.pids)};
	limit_memory(run->spec, runs, limits);
	limit_cpu(run->spec, runs, cgroup_has(&s->tree, run->names->cgroup, CG_CPUSET), limits);
	if (!runs)
		limit_devices(run->spec, limits);
}

/* "memory 512 MiB; cpus 1.5; …": kept in the journal, so that a change can say what it was. */
static void describe(const struct machine_spec *spec, struct str *out)
{
	const struct {
		const char *name;
		int64_t bytes;
	} sizes[] = {{"memory", spec->memory_bytes}, {"swap", spec->container.swap_bytes},
	        {"memory_reservation", spec->container.memory_reservation_bytes}};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		str_addf(out, "%s%s ", i ? "; " : "", sizes[i].name);
		if (sizes[i].bytes)
			str_add_size(out, sizes[i].bytes);
		else
			str_add(out, i ? "none" : "unlimited");
	}
	str_addf(out, "; cpus %g; cpu_weight %" PRId64 "; io_weight %" PRId64, spec->cpus,
	        spec->cpu_weight, spec->io_weight);
	str_addf(out, "; cpuset %s; pids %" PRId64, spec->cpuset ? spec->cpuset : "all",
	        spec->container.pids);
}

/* One part of a description, "memory 512 MiB", and what follows it. */
static char *next_part(const char **at)
{
	size_t n = strcspn(*at, ";");
	char *part = xstrndup(*at, n);

	*at += n + ((*at)[n] == ';') + ((*at)[n] == ';' && (*at)[n + 1] == ' ');
	return part;
}

/* Both have the same parts in the same order, unless another prov wrote the old one. */
static void say_changes(struct run *run, const char *old, const char *now)
{
	AUTO_STR text = {0};

	while (*old && *now) {
		AUTO_FREE char *was = next_part(&old);
		AUTO_FREE char *is = next_part(&now);
		size_t name = strcspn(is, " ");
		if (!str_eq(was, is) && strncmp(was, is, name + 1) == 0)
			str_addf(&text, "%s%s -> %s", text.len ? ", " : "", was, is + name + 1);
	}
	if (text.len)
		run_note(run, "limits changed: %s", str_text(&text));
}

/* The kernel would kill for it (v2) or refuse after a while (v1): neither is what an edit of a file
 * should do to what runs. */
static int check_memory(const struct run *run, struct err *err)
{
	const struct session *s = run->session;
	int64_t wanted = run->spec->memory_bytes;
	AUTO_STR limit = {0}, held = {0};
	struct cgroup_use use;

	if (!wanted || cgroup_usage(&s->tree, run->names->cgroup, &use, NULL) < 0 ||
	        use.held_bytes <= wanted)
		return 0;
	str_add_size(&limit, wanted);
	str_add_size(&held, use.held_bytes);
	err_set(err, ERR_FAILED, "memory: %s is less than the %s that it holds", str_text(&limit),
	        str_text(&held));
	return err_hint(err, "end processes in it, or 'prov reload %s' starts it anew",
	        run->spec->selector);
}

static void warn_of_weights(struct run *run)
{
	const struct session *s = run->session;

	if (run->spec->io_weight != USUAL_WEIGHT && !cgroup_offers_io_weight(&s->tree))
		run_warning(run,
		        "io_weight has no effect on this host: no disk has the scheduler bfq (see "
		        "prov doctor)");
	if (run->spec->container.swap_bytes && !cgroup_offers_swap(&s->tree))
		run_warning(run,
		        "swap is not counted on this host, so that it has no limit (see "
		        "prov doctor)");
}

/* Who may mount sees a hierarchy from the group in which its namespace began: where the machine has
 * none of its own, that is the host's root, with the names of all that is below. */
static bool may_mount(const struct machine_spec *spec)
{
	struct err ignored;
	uint64_t caps = 0;

	return container_caps(spec, &caps, &ignored) == 0 && caps & UINT64_C(1) << CAP_SYS_ADMIN;
}

/* By which a systemd of the host knows who belongs to a session or a service, where it does not use
 * v2 alone: what is left in the caller's group there ends with his session (KillUserProcesses=) or
 * service. */
static unsigned tracked(const struct session *s)
{
	bool booted = !s->tree.v2 && fs_is_dir("/run/systemd/system"); /* sd_booted(3) */

	return booted ? CG_SYSTEMD | CG_CORE : 0;
}

static unsigned needs(const struct session *s, const struct machine_spec *spec,
        const struct cgroup_limits *limits)
{
	if (!s->tree.v2 && may_mount(spec))
		return CG_ALL;
	return cgroup_needs(limits) | CG_USUAL | tracked(s) |
	        (systemd_is_init(spec) ? systemd_controllers(&s->tree) : 0);
}

int container_group_apply(struct run *run, struct err *err)
{
	const struct session *s = run->session;
	const char *group = run->names->cgroup;
	bool runs = container_running(s) != 0;
	struct cgroup_limits limits;
	AUTO_STRV left_out = {0};
	AUTO_STR now = {0};

	if (runs && check_memory(run, err) < 0)
		return -1;
	fill(run, runs, &limits);
	int rc = cgroup_create(&s->tree, group, needs(s, run->spec, &limits), err);
	if (rc == 0 && systemd_is_init(run->spec) && !runs)
		rc = systemd_delegate(&s->tree, group, run->spec, err);
	if (rc == 0)
		rc = cgroup_limit(&s->tree, group, &limits, &left_out, err);
	if (rc == 0 && !runs)
		cgroup_count_disk(&s->tree, group, run->names->dir);
	/* A hierarchy that it was not in until now. */
	if (rc == 0 && runs && limits.cpu.cpus)
		rc = cgroup_gather(&s->tree, group, err);
	cgroup_limits_clear(&limits);
	if (rc < 0)
		return -1;
	warn_of_weights(run);
	if (strv_has(&left_out, "devices") || strv_has(&left_out, "devices.deny"))
		run_warning(run,
		        "devices are not limited by the cgroup: prov runs in a user "
		        "namespace itself");
	describe(run->spec, &now);
	const char *old = run_fact(run, limits_fact);
	if (str_eq(old, str_text(&now)))
		return 0;
	if (runs && old)
		say_changes(run, old, str_text(&now));
	return run_record(run, limits_fact, str_text(&now), err);
}

/* Beside the container's, as its limits are not for prov-mon. Left in the group of who ran prov, a
 * systemd that ends that session or service would kill it, and the container with it. */
static char *mon_group(const struct names *names)
{
	return xasprintf("%s.mon", names->cgroup);
}

int container_mon_group_open(struct session *s, struct err *err)
{
	AUTO_FREE char *group = mon_group(s->names);
	unsigned hierarchies = tracked(s);

	if ((!s->tree.v2 && !hierarchies) || !s->plan.log)
		return 0;
	return cgroup_create(&s->tree, group, hierarchies, err) < 0
	        ? -1
	        : cgroup_join_open(&s->tree, group, &s->mon_join, err);
}

static int remove_group(const struct session *s, const char *group, struct err *err)
{
	return cgroup_kill(&s->tree, group, err) < 0 ? -1 : cgroup_remove(&s->tree, group, err);
}

int container_group_revert(struct run *run, struct err *err)
{
	const struct session *s = run->session;
	AUTO_FREE char *mon = mon_group(run->names);

	if (remove_group(s, run->names->cgroup, err) < 0)
		return -1;
	return s->tree.v2 || tracked(s) ? remove_group(s, mon, err) : 0;
}

void container_group_explain(const struct run *run, struct str *out)
{
	const struct session *s = run->session;
	struct cgroup_limits limits;

	fill(run, false, &limits);
	str_add(out,
	        "a control group limits memory, processors, devices and processes, and is the "
	        "handle to stop or end them all\n");
	cgroup_explain(&s->tree, run->names->cgroup, needs(s, run->spec, &limits), &limits, out);
	cgroup_limits_clear(&limits);
}
