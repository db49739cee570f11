#include "providers/container/container.h"

#include "base/fs.h"
#include "base/proc.h"
#include "engine/cgroup/cgroup.h"
#include "guest/supervisor.h"
#include "providers/container/checks.h"
#include "providers/container/confine.h"
#include "providers/container/describe.h"
#include "providers/container/plug.h"
#include "engine/process.h"
#include "providers/container/session.h"
#include "transports/exec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct step steps[] = {
        {.name = "container.dirs",
                .phase = PHASE_CREATE,
                .flags = STEP_QUIET,
                .stale = CHANGE_RECREATE,
                .inputs = container_dirs_inputs,
                .apply = container_dirs_apply,
                .revert = container_dirs_revert,
                .explain = container_dirs_explain},
        {.name = "container.upper",
                .phase = PHASE_CREATE,
                .flags = STEP_QUIET,
                .stale = CHANGE_LIVE,
                .inputs = container_upper_inputs,
                .apply = container_upper_apply,
                .explain = container_upper_explain},
        {.name = "container.cgroup",
                .phase = PHASE_CREATE,
                .flags = STEP_VOLATILE | STEP_QUIET,
                .stale = CHANGE_LIVE,
                .inputs = container_group_inputs,
                .apply = container_group_apply,
                .revert = container_group_revert,
                .explain = container_group_explain},
        {.name = "container.namespaces",
                .phase = PHASE_CREATE,
                .flags = STEP_VOLATILE | STEP_QUIET,
                .stale = CHANGE_RESTART,
                .inputs = container_namespaces_inputs,
                .apply = container_namespaces_apply,
                .revert = container_namespaces_revert,
                .explain = container_namespaces_explain},
        {.name = "container.network",
                .phase = PHASE_CREATE,
                .flags = STEP_VOLATILE | STEP_QUIET,
                .stale = CHANGE_RESTART,
                .inputs = container_network_inputs,
                .apply = container_network_apply,
                .revert = container_network_revert,
                .explain = container_network_explain},
        {.name = "container.bridge",
                .phase = PHASE_NETWORK,
                .flags = STEP_VOLATILE | STEP_QUIET | STEP_PLUGS,
                .stale = CHANGE_LIVE,
                .inputs = container_bridge_inputs,
                .apply = container_bridge_apply,
                .explain = container_bridge_explain},
        {.name = "container.start",
                .phase = PHASE_INIT,
                .flags = STEP_VOLATILE,
                .stale = CHANGE_RESTART,
                .inputs = container_start_inputs,
                .apply = container_start_apply,
                .revert = container_start_revert,
                .explain = container_start_explain},
        {.name = "container.boot",
                .phase = PHASE_NONE,
                .flags = STEP_VOLATILE | STEP_QUIET,
                .stale = CHANGE_LIVE,
                .apply = container_boot_apply,
                .revert = container_boot_revert,
                .explain = container_boot_explain},
};

pid_t container_pid(const struct session *s)
{
	return cgroup_init(&s->tree, s->names->cgroup);
}

pid_t container_running(const struct session *s)
{
	return s->stopped || s->engine ? 0 : container_pid(s);
}

/* A number that became somebody else's before it was opened is not theirs. */
int container_open(const struct session *s, pid_t *pid)
{
	*pid = container_pid(s);
	AUTO_FD int fd = *pid ? process_pidfd(*pid) : -1;
	return fd >= 0 && container_pid(s) == *pid ? util_steal_fd(&fd) : -1;
}

static void session_close(void *session)
{
	struct session *s = session;

	if (!s)
		return;
	container_abandon(s);
	util_close_fd(&s->notify);
	cgroup_tree_clear(&s->tree);
	free(s);
}

static int session_open(
        const struct machine_spec *spec, const struct names *names, void **session, struct err *err)
{
	struct session *s = xcalloc(1, sizeof(*s));

	*s = (struct session){.spec = spec,
	        .names = names,
	        .join = {.folder = -1},
	        .mon_join = {.folder = -1},
	        .notify = -1};
	if (cgroup_tree_find(CGROUP_ROOT, &s->tree, err) < 0) {
		session_close(s);
		return -1;
	}
	cgroup_tree_within(&s->tree, DERIVE_CGROUPS);
	*session = s;
	return 0;
}

/* How PID 1 ended, if that is known: -1 if not. */
static int read_status(const char *path, struct str *detail)
{
	AUTO_STR text = {0};

	if (fs_read(path, 16, &text, NULL) < 0)
		return -1;
	int code = atoi(str_text(&text));
	AUTO_FREE char *shown = proc_code_text(code);
	if (str_starts(str_text(&text), STATUS_REBOOTED))
		str_add(detail, "rebooted from inside, prov up starts it");
	else
		str_addf(detail, "PID 1 ended with %s", shown);
	return code;
}

static int inspect(void *session, struct status *out, struct err *err)
{
	struct session *s = session;
	/* The kernel makes it when the overlay is mounted for the first time. */
	AUTO_FREE char *mounted = xasprintf("%s/work", s->names->work);

	AUTO_STR detail = {0};

	(void)err;
	*out = (struct status){.state = MACHINE_RUNNING, .exit_status = -1};
	out->pid = container_pid(s);
	s->stopped = !out->pid;
	if (out->pid) {
		if (container_is_frozen(s))
			out->state = MACHINE_SUSPENDED;
		container_say_oom(s, &detail);
		snprintf(out->detail, sizeof(out->detail), "%s", str_text(&detail));
		return 0;
	}
	out->state = !fs_exists(s->names->upper) ? MACHINE_ABSENT
	        : fs_exists(mounted)             ? MACHINE_HALTED
	                                         : MACHINE_CREATED;
	out->exit_status = read_status(s->names->status, &detail);
	container_say_oom(s, &detail);
	snprintf(out->detail, sizeof(out->detail), "%s", str_text(&detail));
	return 0;
}

static int connect_exec(void *session, int64_t timeout_ns, const volatile int *stop,
        struct transport **out, struct err *err)
{
	const struct session *s = session;
	struct confine confine;
	const struct exec_target target = {
	        .pid = container_pid(s),
	        .cgroup = s->names->cgroup,
	        .tree = &s->tree,
	        .user = s->spec->user,
	        .env = &s->spec->env,
	        .stop = stop,
	        .confine = &confine,
	};

	/* It answers as soon as it runs: there is nothing to wait for. */
	(void)timeout_ns;
	if (!target.pid) {
		err_set(err, ERR_FAILED, "'%s' is not running", s->spec->selector);
		return err_hint(err, "prov up %s", s->spec->selector);
	}
	if (container_confine(s->spec, &confine, err) < 0)
		return -1;
	int rc = exec_transport_open(&target, out, err);
	confine_clear(&confine);
	/* It may have ended before it was opened, and its number gone to somebody else. */
	if (rc == 0 && container_pid(s) != target.pid) {
		(*out)->ops->close(*out);
		return err_set(err, ERR_FAILED, "'%s' has stopped", s->spec->selector);
	}
	return rc;
}

const struct provider container_provider = {
        .name = "container",
        .steps = steps,
        .n_steps = ARRAY_SIZE(steps),
        .inside = "the container's namespaces",
        .check_host = container_check_host,
        .check_spec = container_check_spec,
        .check_rights = container_check_rights,
        .open = session_open,
        .inspect = inspect,
        .connect = connect_exec,
        .settle = container_settle,
        .usage = container_usage,
        .oom_kills = container_oom_kills,
        .freeze = container_freeze,
        .plug = container_plug,
        .resolve = container_resolve,
        .plugged = container_plugged,
        .processes = container_processes,
        .describe = container_describe,
        .close = session_close,
};
