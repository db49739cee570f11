/* A network card of a running machine comes or goes, and the machine learns whom to ask. */
#include "lab/network/plug.h"

#include "core/seed.h"

/* The name server that the machine asks is one of a network that it is in. It is told while it can
 * be reached: after it has joined, before it leaves. */
static int tell_resolver(
        struct job *job, const struct journal_state *state, struct access *a, struct err *err)
{
	const struct plug *plug = job->options->plug;
	AUTO_STR with = {0}, without = {0};
	struct machine_spec spec;

	if (!a->provider->resolve)
		return 0;
	spec_copy(&spec, a->spec);
	plug_expect(state, a, plug->network, true, &spec);
	seed_resolver(&spec, &with);
	plug_expect(state, a, plug->network, false, &spec);
	seed_resolver(&spec, &without);
	spec_clear(&spec);
	if (str_eq(str_text(&with), str_text(&without)))
		return 0;
	return a->provider->resolve(a->session, str_text(plug->in ? &with : &without), err);
}

static int join(
        struct job *job, const struct journal_state *state, struct access *a, struct err *err)
{
	int rc = a->provider->plug(a->session, job->options->plug->nic, true, err);

	return rc == 1 && tell_resolver(job, state, a, err) < 0 ? -1 : rc;
}

/* file: the networks that the machine was made with, of which the last card stays. */
static int leave(struct job *job, const struct journal_state *state, struct access *a,
        struct machine_spec *file, struct err *err)
{
	const struct nic *nic = job->options->plug->nic;

	if (a->provider->plugged(a->session, nic) && tell_resolver(job, state, a, err) < 0)
		return -1;
	if (a->spec == &a->stored) {
		spec_clear(&a->stored);
		a->stored = *file;
		*file = (struct machine_spec){0};
	}
	return a->provider->plug(a->session, nic, false, err);
}

int plug_apply(struct job *job, struct access *a, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/lab.journal", job->lab->dir);
	struct journal_state state = {0};
	struct machine_spec file;

	if (journal_read(path, &state, err) < 0)
		return -1;
	spec_copy(&file, a->spec);
	/* A virtual machine is spoken to by a network that it is in now; a container's interfaces
	 * are numbered by the networks that it was made with. */
	if (a->spec == &a->stored && str_eq(a->spec->provider, "kvm"))
		plug_look(&state, a, &a->stored);
	int rc = job->options->plug->in ? join(job, &state, a, err)
	                                : leave(job, &state, a, &file, err);
	spec_clear(&file);
	journal_state_clear(&state);
	return rc;
}
