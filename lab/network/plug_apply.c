/* A network card of a running machine comes or goes, and the machine learns whom to ask. */
#include "lab/network/plug.h"

#include "core/seed.h"

/* The name server that the machine asks is one of a network that it is in. It is told while it can
 * be reached: after it has joined, before it leaves. */
static int tell_resolver(struct job *job, struct access *a, struct err *err)
{
	const struct plug *plug = job->options->plug;
	AUTO_FREE char *path = xasprintf("%s/lab.journal", job->lab->dir);
	AUTO_STR with = {0}, without = {0};
	struct journal_state state = {0};
	struct machine_spec spec;

	if (!a->provider->resolve)
		return 0;
	if (journal_read(path, &state, err) < 0)
		return -1;
	spec_copy(&spec, a->spec);
	plug_expect(&state, a, plug->network, true, &spec);
	seed_resolver(&spec, &with);
	plug_expect(&state, a, plug->network, false, &spec);
	seed_resolver(&spec, &without);
	spec_clear(&spec);
	journal_state_clear(&state);
	if (str_eq(str_text(&with), str_text(&without)))
		return 0;
	return a->provider->resolve(a->session, str_text(plug->in ? &with : &without), err);
}

int plug_apply(struct job *job, struct access *a, struct err *err)
{
	const struct plug *plug = job->options->plug;

	if (!plug->in && a->provider->plugged(a->session, plug->nic) &&
	        tell_resolver(job, a, err) < 0)
		return -1;
	int rc = a->provider->plug(a->session, plug->nic, plug->in, err);
	if (rc == 1 && plug->in && tell_resolver(job, a, err) < 0)
		return -1;
	return rc;
}
