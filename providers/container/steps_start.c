/* The step that makes PID 1, and the end of it. */
#include "providers/container/session.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "engine/cgroup/cgroup.h"
#include "engine/process.h"
#include "providers/container/confine.h"
#include "providers/container/plan.h"
#include "providers/container/systemd.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MON_LIMIT_NS INT64_C(20000000000) /* prov-mon has only a few bytes left to write */

static const char init_fact[] = "container.pid", mon_fact[] = "container.mon";

static void add_list(struct digest *d, const char *key, const struct strv *list)
{
	for (size_t i = 0; i < list->n; i++)
		digest_field(d, key, list->v[i]);
}

void container_start_inputs(const struct run *run, struct digest *d)
{
	const struct machine_spec *spec = run->spec;
	const struct strv *command = &spec->container.command;

	digest_field(d, "hostname", spec->hostname);
	digest_field(d, "init", spec->container.init);
	digest_number(d, "read-only", spec->container.read_only);
	digest_number(d, "no new privileges", spec->container.no_new_privileges);
	add_list(d, "add", &spec->container.caps_add);
	add_list(d, "drop", &spec->container.caps_drop);
	add_list(d, "device", &spec->container.devices);
	add_list(d, "command", command);
	/* Without a command nothing in PID 1 looks at it. */
	for (size_t i = 0; command->n && i < spec->env.n; i++)
		digest_field(d, "env", spec->env.v[i]);
}

static int record(struct run *run, const char *key, pid_t pid, struct err *err)
{
	AUTO_FREE char *mark = pid ? process_mark(pid) : NULL;

	return run_record(run, key, mark, err);
}

void container_abandon(struct session *s)
{
	engine_close(s->engine);
	s->engine = NULL;
	cgroup_join_close(&s->join);
	cgroup_join_close(&s->mon_join);
	container_plan_clear(&s->plan);
	container_folders_close(s);
	container_volumes_close(s);
}

void container_namespaces_inputs(const struct run *run, struct digest *d)
{
	digest_number(d, "host network", run->spec->network_mode == NET_HOST);
	digest_number(d, "ids", run->spec->container.id_base);
	digest_number(d, "privileged", run->spec->container.privileged);
	digest_number(d, "time", run->spec->container.time_offset_ns);
	container_folders_inputs(run, d);
	container_volumes_inputs(run, d);
}

static int prepare_systemd(struct run *run, struct err *err)
{
	struct session *s = run->session;
	AUTO_FREE char *socket = boot_socket(run->names);

	if (systemd_controllers(&s->tree) == CG_SYSTEMD)
		run_warning(run, "this host has no cgroup v2: systemd gets v1's name=systemd");
	util_close_fd(&s->notify);
	if (boot_listen(run->names, &s->notify, err) < 0)
		return -1;
	systemd_plan(&s->tree, socket, &s->plan);
	return 0;
}

int container_namespaces_apply(struct run *run, struct err *err)
{
	struct session *s = run->session;
	const char *group = run->names->cgroup;
	AUTO_FREE char *init = module_file("prov-init");
	AUTO_FREE char *stub = module_file("prov-exec");
	AUTO_FREE char *mon = module_file("prov-mon");

	if (container_running(s))
		return 0;
	/* Never by accident: root inside would be root of the host. */
	if (!run->spec->container.id_base && !run->spec->container.privileged)
		return err_set(err, ERR_FAILED, "no range of user ids was allocated for '%s'",
		        run->spec->selector);
	container_abandon(s);
	if (cgroup_kill(&s->tree, group, err) < 0 || fs_unlink(run->names->status, err) < 0 ||
	        cgroup_join_open(&s->tree, group, &s->join, err) < 0)
		return -1;
	container_plan_build(run->spec, run->names, &s->plan);
	if (systemd_is_init(run->spec) && prepare_systemd(run, err) < 0)
		return -1;
	if (container_folders_plan(run, err) < 0 || container_volumes_plan(run, err) < 0 ||
	        container_confine(run->spec, &s->plan.confine, err) < 0 ||
	        container_mon_group_open(s, err) < 0)
		return -1;
	const struct engine_options options = {.network_meanwhile = true,
	        .plan = &s->plan,
	        .join = &s->join,
	        .mon_join = &s->mon_join,
	        .init = init,
	        .stub = stub,
	        .mon = mon};
	return engine_create(&options, &s->engine, err);
}

/* One that runs has them for itself. */
int container_namespaces_revert(struct run *run, struct err *err)
{
	(void)err;
	container_abandon(run->session);
	return 0;
}

static int start(struct run *run, struct err *err)
{
	struct engine *e = ((struct session *)run->session)->engine;

	if (engine_start(e, err) < 0)
		return -1;
	/* Recorded first: only then may prov-mon let it live. */
	if (record(run, init_fact, engine_pid(e), err) < 0 ||
	        record(run, mon_fact, engine_mon(e), err) < 0)
		return -1;
	return engine_commit(e, err);
}

int container_start_apply(struct run *run, struct err *err)
{
	struct session *s = run->session;
	pid_t running = container_running(s);

	/* Killed between the start and its record: it is taken over. */
	if (running && str_eq(run_fact(run, init_fact), NULL))
		return record(run, init_fact, running, err) < 0
		        ? -1
		        : record(run, mon_fact, container_supervisor(running), err);
	if (running)
		return 0;
	/* It ended after its steps were looked at, while they stayed done. */
	if (!s->engine &&
	        (container_namespaces_apply(run, err) < 0 ||
	                container_network_apply(run, err) < 0 ||
	                container_bridge_apply(run, err) < 0))
		return -1;
	s->stopped = false;
	int rc = start(run, err);
	container_abandon(s);
	return rc;
}

static void say_killed(struct run *run)
{
	AUTO_FREE char *text = proc_signal_name(container_stop_signal(run->spec));
	char limit[16];

	clock_format(limit, run->spec->container.stop_timeout_ns);
	run_warning(run, "PID 1 did not end on %s within %s: killed", text, limit);
}

/* The stop signal, then time to obey. What does not is killed through the cgroup. */
static int stop_gently(struct run *run, pid_t pid, int pidfd, struct err *err)
{
	int64_t deadline = clock_mono_ns() + run->spec->container.stop_timeout_ns;

	if (process_signal(pidfd, container_stop_signal(run->spec)) < 0)
		return 0;
	switch (process_wait(pidfd, deadline, run_stop(run))) {
	case WAIT_STOPPED:
		return err_set(err, ERR_INTERRUPTED,
		        "interrupted while the container (pid %d) was stopping", pid);
	case WAIT_TIMEOUT:
		say_killed(run);
		process_signal(pidfd, SIGKILL);
		break;
	case WAIT_ENDED:
		break;
	}
	return 0;
}

static int end_mon(struct run *run, struct err *err)
{
	pid_t pid = 0;
	AUTO_FD int pidfd = process_open(run_fact(run, mon_fact), &pid);

	if (pidfd >= 0 && process_wait(pidfd, clock_mono_ns() + MON_LIMIT_NS, NULL) != WAIT_ENDED)
		process_signal(pidfd, SIGKILL);
	if (pid)
		waitpid(pid, NULL, WNOHANG);
	if (run_fact(run, mon_fact) && run_record(run, mon_fact, NULL, err) < 0)
		return -1;
	return 0;
}

/* By its cgroup; by the recorded pid where somebody moved it out of there. */
static int open_running(struct run *run, pid_t *pid)
{
	int fd = container_open(run->session, pid);

	return fd >= 0 ? fd : process_open(run_fact(run, init_fact), pid);
}

/* The last user of an overlay who ends has all of the disk below it written out first, and waits.
 * What is destroyed has nothing to keep: its root stays open until this process ends, which is
 * after its last word. */
static void keep_root_open(pid_t pid)
{
	AUTO_FREE char *root = xasprintf("/proc/%d/root", (int)pid);

	/* cppcheck-suppress leakReturnValNotUsed */
	(void)!open(root, O_PATH | O_CLOEXEC);
}

int container_start_revert(struct run *run, struct err *err)
{
	const struct session *s = run->session;
	pid_t pid = 0;
	AUTO_FD int pidfd = open_running(run, &pid);

	container_abandon(run->session);
	/* Nothing of it stays, so it need not put anything in order. */
	if (pidfd >= 0 && !run->destroying && stop_gently(run, pid, pidfd, err) < 0)
		return -1;
	if (pidfd >= 0 && run->destroying) {
		keep_root_open(pid);
		process_signal(pidfd, SIGKILL);
	}
	if (cgroup_kill(&s->tree, run->names->cgroup, err) < 0)
		return -1;
	if (pidfd >= 0 && process_wait(pidfd, clock_mono_ns() + MON_LIMIT_NS, NULL) != WAIT_ENDED)
		return err_set(err, ERR_FAILED, "PID 1 (%d here) does not end", pid);
	if (pid)
		waitpid(pid, NULL, WNOHANG); /* where it was started by this very process */
	if (run_fact(run, init_fact) && run_record(run, init_fact, NULL, err) < 0)
		return -1;
	return end_mon(run, err);
}
