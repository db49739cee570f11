#include "providers/container/plan.h"

#include "engine/dev.h"
#include "providers/container/devices.h"
#include "providers/container/systemd.h"
#include "transports/exec_env.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#define STRICT (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define DEV    (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)

struct mount_row {
	const char *path, *type, *data;
	uint64_t attr;
};
static const struct mount_row mounts[] = {
        {"/proc", "proc", NULL, STRICT},
        {"/sys", "sysfs", NULL, STRICT | MOUNT_ATTR_RDONLY},
        {"/dev", "tmpfs", "mode=755,size=64k", DEV},
        /* gid 5 is tty in Debian, and where it is not nobody is hurt. */
        {"/dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5", DEV},
        {"/dev/shm", "tmpfs", "mode=1777,size=64m", STRICT},
        {"/dev/mqueue", "mqueue", NULL, STRICT},
};

/* What programs have to write in where the root is read-only. */
static const struct {
	const char *path, *data;
} writable[] = {{"/run", "mode=755"}, {"/tmp", "mode=1777"}, {"/var/tmp", "mode=1777"}};

/* Of the whole host's, whatever the namespaces say. */
static const char *const readonly[] = {
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
static const char *const masked[] = {"/proc/acpi", "/proc/asound", "/proc/interrupts",
        "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
        "/proc/sched_debug", "/proc/scsi", "/sys/dev/block", "/sys/devices/virtual/powercap",
        "/sys/firmware", "/sys/fs/selinux"};

/* A sysfs shows a network namespace, and is refused to who does not own that: in the host's network
 * it is the host's own. */
static void plan_host_sys(struct container_plan *plan)
{
	struct fs_row *row = plan_add(plan, FS_BIND, "/sys");

	row->source = xstrdup("/sys");
	row->flags = FS_RECURSIVE;
	row->attr_set = STRICT | MOUNT_ATTR_RDONLY;
}

static void plan_mounts(const struct machine_spec *spec, struct container_plan *plan)
{
	bool host_sys = plan->uids.n && !(plan->namespaces & CLONE_NEWNET);

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		if (host_sys && str_eq(mounts[i].type, "sysfs")) {
			plan_host_sys(plan);
			continue;
		}
		struct fs_row *row = plan_add(plan, FS_MOUNT, mounts[i].path);
		row->type = xstrdup(mounts[i].type);
		row->source = xstrdup(mounts[i].type);
		row->data = mounts[i].data ? xstrdup(mounts[i].data) : NULL;
		row->attr_set = mounts[i].attr;
		if (spec->container.privileged)
			row->attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	}
	for (size_t i = 0; spec->container.read_only && i < ARRAY_SIZE(writable); i++) {
		struct fs_row *row = plan_add(plan, FS_MOUNT, writable[i].path);
		row->type = xstrdup("tmpfs");
		row->source = xstrdup("tmpfs");
		row->data = xstrdup(writable[i].data);
		row->attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
		row->flags = FS_COPY_UP;
	}
}

/* The host's own node; what it may be used for is said by the control group. */
static void plan_device(const char *text, struct container_plan *plan)
{
	struct device_use use;

	if (device_parse(text, &use, NULL) < 0)
		return; /* container_check_spec names it */
	struct fs_row *row = plan_add(plan, FS_NODE, use.inside);
	row->source = xstrdup(use.host);
	device_clear(&use);
}

static void plan_nodes(const struct machine_spec *spec, struct container_plan *plan)
{
	for (const struct dev_node *node = dev_nodes; node->path; node++) {
		struct fs_row *row = plan_add(plan, FS_NODE, node->path);
		row->mode = S_IFCHR | DEV_MODE;
		row->device = makedev(node->major, node->minor);
	}
	for (size_t i = 0; i < spec->container.devices.n; i++)
		plan_device(spec->container.devices.v[i], plan);
	for (const struct dev_link *link = dev_links; link->path; link++)
		plan_add(plan, FS_LINK, link->path)->source = xstrdup(link->to);
}

static void plan_tree(const struct machine_spec *spec, struct container_plan *plan)
{
	plan_mounts(spec, plan);
	plan_nodes(spec, plan);
	if (spec->container.privileged)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(readonly); i++)
		plan_add(plan, FS_READONLY, readonly[i])->attr_set = STRICT;
	for (size_t i = 0; i < ARRAY_SIZE(masked); i++)
		plan_add(plan, FS_MASK, masked[i]);
	if (plan->uids.n && !(plan->namespaces & CLONE_NEWNET))
		plan_add(plan, FS_MASK, "/sys/fs/cgroup");
}

/* Both clocks that count from the boot, so that they stay together. */
static void plan_time(const struct machine_spec *spec, struct container_plan *plan)
{
	static const int clocks[] = {CLOCK_MONOTONIC, CLOCK_BOOTTIME};

	if (!spec->container.time_offset_ns)
		return;
	plan->namespaces |= CLONE_NEWTIME;
	plan->n_offsets = ARRAY_SIZE(clocks);
	plan->offsets = xcalloc(plan->n_offsets, sizeof(*plan->offsets));
	for (size_t i = 0; i < plan->n_offsets; i++)
		plan->offsets[i] = (struct time_offset){clocks[i], spec->container.time_offset_ns};
}

#define IDS 65536

/* Root inside is nobody outside. */
static void plan_ids(const struct machine_spec *spec, struct container_plan *plan)
{
	if (!spec->container.id_base || spec->container.privileged)
		return;
	plan->namespaces |= CLONE_NEWUSER;
	id_maps_add(&plan->uids, 0, (uint32_t)spec->container.id_base, IDS);
	id_maps_add(&plan->gids, 0, (uint32_t)spec->container.id_base, IDS);
}

/* "auto": prov-init, which runs the command if there is one; "none": the command itself; else a
 * program of the box, which gets the command as its arguments; "systemd" is short for that of the
 * box which is linked as /sbin/init. */
static void plan_argv(const struct machine_spec *spec, struct container_plan *plan)
{
	const char *init = spec->container.init ? spec->container.init : "auto";
	const struct strv *command = &spec->container.command;

	plan->guest_init = str_eq(init, "auto");
	plan->reports_exec = plan->guest_init && command->n;
	plan->log = !plan->guest_init || command->n;
	if (plan->guest_init) {
		strv_add(&plan->argv, "prov-init");
		strv_addf(&plan->argv, "%d", container_stop_signal(spec));
		strv_addf(&plan->argv, "%d", plan->reports_exec ? PLAN_REPORT_FD : -1);
	} else if (!str_eq(init, "none")) {
		strv_add(&plan->argv, systemd_is_init(spec) ? "/sbin/init" : init);
	}
	for (size_t i = 0; i < command->n; i++)
		strv_add(&plan->argv, command->v[i]);
}

static void plan_env(const struct machine_spec *spec, struct container_plan *plan)
{
	env_set(&plan->env, "container=prov");
	env_set(&plan->env, "HOME=/root");
	env_machine(&plan->env, spec->container.command.n ? &spec->env : NULL);
}

void container_plan_build(
        const struct machine_spec *spec, const struct names *names, struct container_plan *out)
{
	struct container_plan plan = {
	        .namespaces =
	                CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP,
	        .root = xstrdup(names->merged),
	        .lower = xstrdup(spec->box.rootfs),
	        .upper = xstrdup(names->upper),
	        .work = xstrdup(names->work),
	        .hostname = xstrdup(spec->hostname),
	        .root_readonly = spec->container.read_only,
	        .console = xstrdup(names->console),
	        .status = xstrdup(names->status),
	};

	if (spec->network_mode != NET_HOST)
		plan.namespaces |= CLONE_NEWNET;
	plan_ids(spec, &plan);
	plan_time(spec, &plan);
	plan_tree(spec, &plan);
	plan_argv(spec, &plan);
	plan_env(spec, &plan);
	*out = plan;
}
