#include "oci/listener.h"

#include "oci/console.h"

#include <stdlib.h>

#define SECCOMP_CACHE "/run/prov-oci-seccomp"
#define NOTIFY        "SCMP_ACT_NOTIFY"

static bool notifies(const struct seccomp_profile *p)
{
	bool any = str_eq(p->default_action, NOTIFY);

	for (size_t i = 0; i < p->n_rules; i++)
		any = any || str_eq(p->rules[i].action, NOTIFY);
	return any;
}

static bool lets(const char *action)
{
	return str_eq(action, "SCMP_ACT_ALLOW") || str_eq(action, "SCMP_ACT_LOG");
}

/* Whatever its arguments are. */
static bool allows(const struct seccomp_profile *p, const char *name)
{
	bool always = lets(p->default_action);

	for (size_t i = 0; i < p->n_rules; i++)
		for (size_t k = 0; k < p->rules[i].names.n; k++) {
			if (!str_eq(p->rules[i].names.v[k], name))
				continue;
			if (!lets(p->rules[i].action))
				return false;
			always = always || !p->rules[i].n_args;
		}
	return always;
}

static bool waits_killable(const struct seccomp_profile *p)
{
	for (size_t i = 0; i < p->flags.n; i++)
		if (str_eq(p->flags.v[i], "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"))
			return true;
	return false;
}

static int check(const struct oci_config *c, struct err *err)
{
	if (c->listener_metadata && !c->listener)
		return err_set(err, ERR_CONFIG,
		        "linux.seccomp.listenerMetadata: is set, but listenerPath is not");
	if (!notifies(&c->seccomp))
		return !waits_killable(&c->seccomp)
		        ? 0
		        : err_set(err, ERR_CONFIG,
		                  "linux.seccomp.flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is "
		                  "for a filter with " NOTIFY);
	if (!c->listener)
		return err_set(err, ERR_CONFIG,
		        "linux.seccomp.listenerPath: is missing, and " NOTIFY " needs a listener");
	if (!allows(&c->seccomp, "sendmsg"))
		return err_set(err, ERR_CONFIG,
		        "linux.seccomp: sendmsg must be allowed, by which the process hands its "
		        "notifications to the listener");
	return 0;
}

int listener_filter(const struct oci_config *config, struct confine *out, struct err *err)
{
	if (!config->has_seccomp)
		return 0;
	if (check(config, err) < 0)
		return -1;
	if (seccomp_compile(&config->seccomp, SECCOMP_CACHE, &out->filter, err) < 0)
		return err_wrap(err, "linux.seccomp");
	if (!notifies(&config->seccomp))
		return 0;
	out->listener.socket = console_connect(config->listener, "seccomp listener", err);
	return out->listener.socket < 0 ? -1 : 0;
}

char *listener_message(const struct oci_state *state, const char *metadata, pid_t pid)
{
	json_t *tree = json_pack("{s:s, s:[s], s:i, s:o}", "ociVersion", OCI_VERSION, "fds",
	        "seccompFd", "pid", (int)pid, "state", oci_state_json(state, OCI_CREATED));

	if (metadata)
		json_object_set_new(tree, "metadata", json_string(metadata));
	char *text = json_dumps(tree, JSON_COMPACT);
	json_decref(tree);
	return text;
}
