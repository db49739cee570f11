#include "providers/container/plan.h"

#include "engine/caps.h"
#include "transports/exec_env.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#define STRICT (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static const struct fs_row rows[] = {
        {FS_MOUNT, "/proc", "proc", "proc", STRICT, NULL, 0, 0},
        {FS_MOUNT, "/sys", "sysfs", "sysfs", STRICT | MS_RDONLY, NULL, 0, 0},
        {FS_MOUNT, "/dev", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k", 0, 0},
        {FS_NODE, "/dev/null", NULL, NULL, 0, NULL, 1, 3},
        {FS_NODE, "/dev/zero", NULL, NULL, 0, NULL, 1, 5},
        {FS_NODE, "/dev/full", NULL, NULL, 0, NULL, 1, 7},
        {FS_NODE, "/dev/random", NULL, NULL, 0, NULL, 1, 8},
        {FS_NODE, "/dev/urandom", NULL, NULL, 0, NULL, 1, 9},
        {FS_NODE, "/dev/tty", NULL, NULL, 0, NULL, 5, 0},
        /* gid 5 is tty in Debian, and where it is not nobody is hurt. */
        {FS_MOUNT, "/dev/pts", "devpts", "devpts", MS_NOSUID | MS_NOEXEC,
                "newinstance,ptmxmode=0666,mode=0620,gid=5", 0, 0},
        {FS_MOUNT, "/dev/shm", "shm", "tmpfs", STRICT, "mode=1777,size=64m", 0, 0},
        {FS_MOUNT, "/dev/mqueue", "mqueue", "mqueue", STRICT, NULL, 0, 0},
        {FS_LINK, "/dev/ptmx", "pts/ptmx", NULL, 0, NULL, 0, 0},
        {FS_LINK, "/dev/fd", "/proc/self/fd", NULL, 0, NULL, 0, 0},
        {FS_LINK, "/dev/stdin", "/proc/self/fd/0", NULL, 0, NULL, 0, 0},
        {FS_LINK, "/dev/stdout", "/proc/self/fd/1", NULL, 0, NULL, 0, 0},
        {FS_LINK, "/dev/stderr", "/proc/self/fd/2", NULL, 0, NULL, 0, 0},
        /* Of the whole host's, whatever the namespaces say. */
        {FS_READONLY, "/proc/bus", NULL, NULL, STRICT, NULL, 0, 0},
        {FS_READONLY, "/proc/fs", NULL, NULL, STRICT, NULL, 0, 0},
        {FS_READONLY, "/proc/irq", NULL, NULL, STRICT, NULL, 0, 0},
        {FS_READONLY, "/proc/sys", NULL, NULL, STRICT, NULL, 0, 0},
        {FS_READONLY, "/proc/sysrq-trigger", NULL, NULL, STRICT, NULL, 0, 0},
        {FS_MASK, "/proc/acpi", NULL, NULL, 0, NULL, 0, 0},
        {FS_MASK, "/proc/asound", NULL, NULL, 0, NULL, 0, 0},
        {FS_MASK, "/proc/kcore", NULL, NULL, 0, NULL, 0, 0},
        {FS_MASK, "/proc/keys", NULL, NULL, 0, NULL, 0, 0},
        {FS_MASK, "/proc/latency_stats", NULL, NULL, 0, NULL, 0, 0},
        {FS_MASK, "/proc/timer_list", NULL, NULL, 0, NULL, 0, 0},
        {FS_MASK, "/proc/sched_debug", NULL, NULL, 0, NULL, 0, 0},
        {FS_MASK, "/proc/scsi", NULL, NULL, 0, NULL, 0, 0},
        {FS_MASK, "/sys/firmware", NULL, NULL, 0, NULL, 0, 0},
        {FS_MASK, "/sys/devices/virtual/powercap", NULL, NULL, 0, NULL, 0, 0},
};

/* "auto": prov-init, which runs the command if there is one; "none": the command itself; else a
 * program of the box, which gets the command as its arguments. */
static void plan_argv(const struct machine_spec *spec, struct container_plan *plan)
{
	const char *init = spec->container.init ? spec->container.init : "auto";
	const struct strv *command = &spec->container.command;

	plan->guest_init = str_eq(init, "auto");
	plan->reports_exec = plan->guest_init && command->n;
	plan->log = !plan->guest_init || command->n;
	if (plan->guest_init) {
		strv_add(&plan->argv, "prov-init");
		strv_addf(&plan->argv, "%d", spec->container.stop_signal);
		strv_addf(&plan->argv, "%d", plan->reports_exec ? PLAN_REPORT_FD : -1);
	} else if (!str_eq(init, "none")) {
		strv_add(&plan->argv, init);
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
	AUTO_STR options = {0};
	struct container_plan plan = {
	        /* The cgroup namespace begins where the child stands once it has joined. */
	        .namespaces = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC,
	        .root = xstrdup(names->merged),
	        .rows = rows,
	        .n_rows = ARRAY_SIZE(rows),
	        .hostname = xstrdup(spec->hostname),
	        .capabilities = caps_container(),
	        .console = xstrdup(names->console),
	        .status = xstrdup(names->status),
	};

	overlay_options(spec->box.rootfs, names->upper, names->work, &options);
	plan.overlay = str_steal(&options);
	plan_argv(spec, &plan);
	plan_env(spec, &plan);
	*out = plan;
}
