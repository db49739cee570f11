#include "oci/create.h"

#include "base/io.h"
#include "base/proc.h"
#include "engine/engine.h"
#include "oci/cgroup_mount.h"
#include "oci/child.h"
#include "oci/listener.h"
#include "oci/log.h"
#include "oci/rdt.h"
#include "oci/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PRESERVE_MAX 32

int preserved_fds(const struct oci_call *call, unsigned *out, struct err *err)
{
	const char *text = call->o.preserve_fds;
	char *end;

	*out = 0;
	if (!text)
		return 0;
	unsigned long n = strtoul(text, &end, 10);
	if (!text[0] || *end || n > PRESERVE_MAX)
		return err_set(err, ERR_USAGE, "--preserve-fds: '%s' is not between 0 and %d", text,
		        PRESERVE_MAX);
	for (unsigned fd = 3; fd < 3 + n; fd++)
		if (fcntl((int)fd, F_GETFD) < 0)
			return err_sys(err, "--preserve-fds %s: descriptor %u", text, fd);
		else if (io_set_cloexec((int)fd, false, err) < 0)
			return -1;
	*out = (unsigned)n;
	return 0;
}

int write_pid_file(const char *path, pid_t pid, struct err *err)
{
	AUTO_FREE char *text = xasprintf("%d", pid);

	return path ? oci_file_write(path, text, 0644, err) : 0;
}

/* All that a create has in its hands. */
struct making {
	const struct oci_call *call;
	const char *id;
	struct oci_container c; /* state and group, as far as they are */
	struct oci_config config;
	struct oci_child child;
	struct cgroup_join join;
	struct engine *engine;
	int hold, late, console;
	bool joined;
};

/* Opened for both, so that it neither blocks nor ends here. */
static int make_fifo(const char *home, const char *name, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", home, name);

	if (mkfifo(path, 0600) < 0)
		return err_sys(err, "make '%s'", path);
	AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC);
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, OCI_FD_FIRST);
	return high < 0 ? err_sys(err, "open '%s'", path) : high;
}

static int make_home(struct making *m, struct err *err)
{
	if (oci_home_make(m->call->o.root, m->id, &m->c.home, err) < 0)
		return -1;
	AUTO_FREE char *copy = xasprintf("%s/" OCI_STATE_CONFIG, m->c.home.path);
	if (oci_file_write(copy, m->config.text, 0600, err) < 0)
		return -1;
	m->hold = make_fifo(m->c.home.path, OCI_FIFO_START, err);
	m->late = m->hold < 0 ? -1 : make_fifo(m->c.home.path, OCI_FIFO_REPORT, err);
	if (m->late < 0)
		return -1;
	m->c.state = (struct oci_state){.id = xstrdup(m->id),
	        .bundle = xstrdup(m->config.bundle),
	        .rootfs = xstrdup(m->config.plan.root),
	        .annotations = json_incref(m->config.annotations)};
	if (!(config_namespaces(&m->config) & CLONE_NEWNS))
		m->c.state.below_root = oci_mount_id(m->config.plan.root);
	return 0;
}

/* The engine leaves out what a machine can do without. Of that, OCI lets a runtime ignore the
 * kernel's memory and swap; the rest was asked for, and would not be there. */
static int judge_left_out(const struct making *m, const struct strv *left_out, struct err *err)
{
	struct err why = {0};

	for (size_t i = 0; i < left_out->n; i++) {
		if (str_starts(left_out->v[i], "net_"))
			return err_set(err, ERR_HOST,
			        "linux.resources.network: this host has no %s", left_out->v[i]);
		err_set(&why, ERR_HOST, "this host has no %s: left out", left_out->v[i]);
		oci_log_warning((void *)(uintptr_t)m->call, &why);
	}
	return 0;
}

/* A group that was there before is not this container's to remove. */
static int make_group(struct making *m, struct err *err)
{
	struct oci_container *c = &m->c;
	AUTO_STRV left_out = {0};

	m->join.folder = -1;
	if (oci_tree_find(m->call, &c->tree, &c->has_tree, err) < 0)
		return -1;
	if (!c->has_tree) {
		cgroup_mounts_expand(&m->config, NULL, NULL);
		return oci_state_write(&c->home, &c->state, err);
	}
	if (oci_group_name(m->config.cgroups_path, m->id, &c->state.cgroup, err) < 0)
		return -1;
	c->state.own_cgroup = !cgroup_exists(&c->tree, c->state.cgroup);
	if (oci_state_write(&c->home, &c->state, err) < 0 ||
	        cgroup_create(&c->tree, c->state.cgroup, CG_ALL, err) < 0 ||
	        cgroup_limit(&c->tree, c->state.cgroup, &m->config.limits, &left_out, err) < 0)
		return -1;
	if (judge_left_out(m, &left_out, err) < 0)
		return -1;
	cgroup_mounts_expand(&m->config, &c->tree, c->state.cgroup);
	m->joined = cgroup_join_open(&c->tree, c->state.cgroup, &m->join, err) == 0;
	return m->joined ? 0 : -1;
}

static int record_pid(struct making *m, struct err *err)
{
	m->c.state.pid = engine_pid(m->engine);
	return proc_start_time(m->c.state.pid, &m->c.state.start_ticks, err);
}

static int begin(struct making *m, struct err *err)
{
	struct engine_options o = {.plan = &m->config.plan,
	        .join = m->joined ? &m->join : NULL,
	        .keep_streams = !m->config.plan.terminal,
	        .terminal = m->console > 0 ? m->console : 0,
	        .hold = m->hold,
	        .late = m->late,
	        .prepared = child_prepared,
	        .before_pivot = child_before_pivot,
	        .inside = child_inside,
	        .before_exec = child_before_exec,
	        .ctx = &m->child};

	if (preserved_fds(m->call, &o.preserve_fds, err) < 0)
		return -1;
	m->child.state = m->c.state; /* the child has its own copy from here on */
	if (engine_create(&o, &m->engine, err) < 0 || record_pid(m, err) < 0)
		return -1;
	m->child.state = m->c.state;
	if (rdt_join(&m->config.rdt, m->id, m->c.state.pid, err) < 0)
		return -1;
	return engine_start(m->engine, err);
}

static int finish(struct making *m, struct err *err)
{
	if (oci_state_write(&m->c.home, &m->c.state, err) < 0)
		return -1;
	return write_pid_file(m->call->o.pid_file, m->c.state.pid, err);
}

/* Undone as delete would do it, and the cause is what counts. */
static void undo(struct making *m)
{
	struct err ignored = {0};

	engine_close(m->engine);
	m->engine = NULL;
	if (m->c.home.fd >= 0 && oci_container_remove(m->call, &m->c, &ignored) < 0)
		oci_log_warning((void *)(uintptr_t)m->call, &ignored);
}

static void making_clear(struct making *m)
{
	int *listener = &m->config.plan.confine.listener.socket;

	if (*listener > 0)
		util_close_fd(listener);
	engine_close(m->engine);
	if (m->joined)
		cgroup_join_close(&m->join);
	oci_container_close(&m->c);
	util_close_fd(&m->hold);
	util_close_fd(&m->late);
	config_clear(&m->config);
}

static int check(const struct making *m, int console, struct err *err)
{
	if (m->config.process.terminal && console < 0)
		return err_set(
		        err, ERR_USAGE, "process.terminal is set: --console-socket is needed");
	if (!m->config.process.terminal && m->call->o.console_socket)
		return err_set(err, ERR_USAGE,
		        "--console-socket is given, but process.terminal is not set");
	return 0;
}

int container_create(const struct oci_call *call, int console, pid_t *pid, struct err *err)
{
	struct making m = {
	        .call = call, .id = call->operands.v[0], .c.home.fd = -1, .hold = -1, .late = -1};
	const char *bundle = call->o.bundle ? call->o.bundle : ".";

	if (oci_id_check(m.id, err) < 0 ||
	        oci_config_load(bundle, call->o.config, &m.config, err) < 0)
		return -1;
	m.child = (struct oci_child){.config = &m.config};
	m.console = console;
	if (call->o.no_new_keyring)
		m.config.plan.confine.new_keyring = false;
	int rc = 0;
	if (check(&m, console, err) < 0 ||
	        rights_judge(call, &m.config.process, m.config.before_1_1, err) < 0 ||
	        make_home(&m, err) < 0)
		rc = -1;
	if (rc == 0 &&
	        (make_group(&m, err) < 0 ||
	                listener_filter(&m.config, &m.config.plan.confine, err) < 0 ||
	                begin(&m, err) < 0 || finish(&m, err) < 0))
		rc = -1;
	if (rc < 0)
		undo(&m);
	else if (pid)
		*pid = m.c.state.pid;
	making_clear(&m);
	return rc;
}
