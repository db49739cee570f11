#include "lab/verbs.h"

#include "lab/file/place.h"
#include "provisioners/provisioners.h"

#include <stdlib.h>
#include <string.h>

static void list_steps(struct access *a, const struct strv *with)
{
	provision_steps(a->spec, with, &a->provision, &a->n_provision);
	a->n_steps = a->provider->n_steps + a->n_provision;
	a->steps = xcalloc(a->n_steps, sizeof(*a->steps));
	memcpy(a->steps, a->provider->steps, a->provider->n_steps * sizeof(*a->steps));
	if (a->n_provision)
		memcpy(a->steps + a->provider->n_steps, a->provision,
		        a->n_provision * sizeof(*a->steps));
}

/* The journal's spec, or the machine's own where no header can be read: names are enough to revert.
 */
static void choose_spec(struct access *a, const struct machine *m, enum access_spec which)
{
	a->spec = &m->spec;
	if (which == ACCESS_STORED && m->state.spec &&
	        spec_read(m->state.spec, &a->stored, NULL) == 0)
		a->spec = &a->stored;
}

int access_open(const struct providers *providers, const struct machine *m, enum access_spec which,
        const struct strv *with, struct access *a, struct err *err)
{
	*a = (struct access){.names = &m->names};
	choose_spec(a, m, which);
	if (provider_find(providers, a->spec->provider, &a->provider, err) < 0)
		return -1;
	if (which == ACCESS_DECLARED && a->provider->check_spec(a->spec, err) < 0)
		return place_wrap(m->source, a->spec, err);
	list_steps(a, with);
	if (a->provider->open(a->spec, a->names, &a->session, err) < 0)
		return -1;
	return a->provider->inspect(a->session, &a->world, err);
}

void access_close(struct access *a)
{
	if (a->session)
		a->provider->close(a->session);
	provision_steps_free(a->provision, a->n_provision);
	free(a->steps);
	spec_clear(&a->stored);
	*a = (struct access){0};
}
