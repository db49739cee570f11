/* kill, delete, pause, resume and update: what is done to a container that there is. */
#include "oci/commands.h"

#include "base/fs.h"
#include "engine/process.h"
#include "oci/container.h"
#include "oci/resources.h"
#include "oci/signals.h"

#include <errno.h>
#include <regex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESOURCES_MAX (1 << 20)

/* A frozen process of cgroup v1 dies only when it is thawed. */
static int thaw(const struct oci_container *c, int sig, struct err *err)
{
	if (sig != SIGKILL || c->status != OCI_PAUSED)
		return 0;
	return cgroup_freeze(&c->tree, c->state.cgroup, false, err);
}

static int signal_all(const struct oci_container *c, int sig, struct err *err)
{
	if (!c->has_tree || !c->state.cgroup)
		return err_set(err, ERR_FAILED, "container '%s' has no cgroup", c->state.id);
	return cgroup_signal(&c->tree, c->state.cgroup, sig, err);
}

int cmd_kill(const struct oci_call *call, struct err *err)
{
	AUTO_CONTAINER c = {.home.fd = -1};
	int sig = SIGTERM;

	if (call->operands.n > 1 && signal_parse(call->operands.v[1], &sig, err) < 0)
		return -1;
	if (oci_container_open(call, call->operands.v[0], false, &c, err) < 0)
		return -1;
	/* Without a pid namespace of its own, others outlive its first process. */
	if (call->o.all && (c.status != OCI_STOPPED || c.state.cgroup))
		return signal_all(&c, sig, err) < 0 ? -1 : thaw(&c, sig, err);
	AUTO_FD int pidfd = oci_container_pidfd(&c, err);
	if (pidfd < 0)
		return -1;
	if (process_signal(pidfd, sig) < 0)
		return err_sys(err, "signal container '%s'", c.state.id);
	return thaw(&c, sig, err);
}

static int delete_one(const struct oci_call *call, const char *id, struct err *err)
{
	AUTO_CONTAINER c = {.home.fd = -1};
	struct err why = {0};

	if (oci_container_open(call, id, true, &c, &why) < 0) {
		if (call->o.force && why.kind == ERR_MISSING)
			return 0;
		*err = why;
		return -1;
	}
	if (c.status != OCI_STOPPED && !call->o.force) {
		err_set(err, ERR_FAILED, "container '%s' is %s, not stopped", c.state.id,
		        oci_status_name(c.status));
		return err_hint(err, "kill it first, or delete --force");
	}
	return oci_container_remove(call, &c, err);
}

int cmd_delete(const struct oci_call *call, struct err *err)
{
	return delete_one(call, call->operands.v[0], err);
}

static int freeze(const struct oci_call *call, enum oci_status from, bool on, struct err *err)
{
	AUTO_CONTAINER c = {.home.fd = -1};

	if (oci_container_open(call, call->operands.v[0], true, &c, err) < 0)
		return -1;
	if (c.status != from && !(on && c.status == OCI_CREATED))
		return err_set(err, ERR_FAILED, "container '%s' is %s, not %s", c.state.id,
		        oci_status_name(c.status), oci_status_name(from));
	if (!c.has_tree || !c.state.cgroup)
		return err_set(err, ERR_FAILED, "container '%s' has no cgroup", c.state.id);
	return cgroup_freeze(&c.tree, c.state.cgroup, on, err);
}

int cmd_pause(const struct oci_call *call, struct err *err)
{
	return freeze(call, OCI_RUNNING, true, err);
}

int cmd_resume(const struct oci_call *call, struct err *err)
{
	return freeze(call, OCI_PAUSED, false, err);
}

static int read_stdin(struct str *out, struct err *err)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(0, buf, sizeof(buf))) > 0 && out->len < RESOURCES_MAX)
		str_addn(out, buf, (size_t)n);
	return n < 0 ? err_sys(err, "read standard input") : 0;
}

static int read_file(const char *path, struct cgroup_limits *out, struct err *err)
{
	AUTO_STR text = {0};
	json_t *tree;

	if ((str_eq(path, "-") ? read_stdin(&text, err)
	                       : fs_read(path, RESOURCES_MAX, &text, err)) < 0)
		return -1;
	if (json_load(path, str_text(&text), &tree, err) < 0)
		return -1;
	struct node top = {NULL, NULL, 0, tree};
	int rc = resources_read(&top, out, err);
	json_decref(tree);
	return rc;
}

static int read_flags(const struct strv *flags, struct cgroup_limits *out, struct err *err)
{
	for (size_t i = 0; i < flags->n; i++) {
		AUTO_FREE char *name = xstrdup(flags->v[i]);
		char *value = strchr(name, '=');
		*value++ = '\0';
		char **text = str_eq(name, "cpu.cpus") ? &out->cpu.cpus
		        : str_eq(name, "cpu.mems")     ? &out->cpu.mems
		                                       : NULL;
		if (text) {
			free(*text);
			*text = xstrdup(value);
		} else if (resources_set(out, name, value, err) < 0) {
			return -1;
		}
	}
	return 0;
}

int cmd_update(const struct oci_call *call, struct err *err)
{
	AUTO_CONTAINER c = {.home.fd = -1};
	struct cgroup_limits limits = {0};

	if (oci_container_open(call, call->operands.v[0], true, &c, err) < 0)
		return -1;
	if (c.status == OCI_STOPPED || !c.has_tree || !c.state.cgroup)
		return err_set(err, ERR_FAILED, "container '%s' is not running", c.state.id);
	int rc = call->o.resources ? read_file(call->o.resources, &limits, err) : 0;
	if (rc == 0)
		rc = read_flags(&call->o.limits, &limits, err);
	/* Devices stay what create made of them: with those of a file that has all resources
	 * (containerd hands over such) the container would lose what each one may use. */
	limits.n_rules = 0;
	if (rc == 0)
		rc = cgroup_create(&c.tree, c.state.cgroup, CG_ALL, err);
	if (rc == 0)
		rc = cgroup_limit(&c.tree, c.state.cgroup, &limits, NULL, err);
	cgroup_limits_clear(&limits);
	return rc;
}
