/* What providers cannot honour: every problem of the file with its place, as its readers tell it.
 */
#include "lab/file/place.h"
#include "lab/prepare.h"
#include "lab/file/problem.h"

#include <stdlib.h>
#include <string.h>

struct check_job {
	const struct providers *providers;
	struct machine *const *chosen;
	size_t n;
	bool to_be_made;
	bool in_program; /* the kinds that need no module, or the others */
};

#define MOST_FINDINGS 20 /* as many as a helper can hand back */

/* What instances of one declaration share is found once. */
struct findings {
	size_t n;
	struct finding {
		size_t machine; /* of the chosen ones */
		struct yaml_mark mark;
		struct err err;
	} rows[MOST_FINDINGS];
};

static bool is_in_program(const struct providers *providers, const char *name)
{
	for (size_t i = 0; i < providers->n; i++)
		if (str_eq(providers->entries[i].name, name))
			return providers->entries[i].in_program;
	return false;
}

static bool concerns(const struct check_job *job, const struct machine *m)
{
	return m->in_file && is_in_program(job->providers, m->spec.provider) == job->in_program;
}

static void add_finding(
        const struct check_job *job, size_t i, const struct err *why, struct findings *out)
{
	const struct machine *m = job->chosen[i];
	struct yaml_mark mark = m->source ? place_find(m->source->doc.root, &m->spec, why->key)
	                                  : (struct yaml_mark){0};

	for (size_t k = 0; k < out->n; k++)
		if (out->rows[k].mark.line == mark.line &&
		        out->rows[k].mark.column == mark.column &&
		        str_eq(out->rows[k].err.message, why->message))
			return;
	if (out->n < MOST_FINDINGS)
		out->rows[out->n++] = (struct finding){i, mark, *why};
}

static int check_all(const void *arg, void *result, struct err *err)
{
	const struct check_job *job = arg;
	const struct provider *provider;
	struct err why = {0};

	for (size_t i = 0; i < job->n; i++) {
		const struct machine *m = job->chosen[i];
		if (!concerns(job, m))
			continue;
		if (provider_find(job->providers, m->spec.provider, &provider, err) < 0)
			return -1;
		if (provider->check_spec(&m->spec, &why) == 0) {
			if (job->to_be_made && provider->check_rights &&
			        provider->check_rights(err) < 0)
				return -1;
			continue;
		}
		if (why.kind == ERR_CONFIG) {
			add_finding(job, i, &why, result);
			continue;
		}
		*err = why;
		err_wrap(err, "%s", m->spec.selector);
		return place_wrap(m->source, &m->spec, err);
	}
	return 0;
}

static void report(const struct check_job *job, const struct findings *found, struct problems *out)
{
	for (size_t i = 0; i < found->n; i++) {
		const struct finding *f = &found->rows[i];
		problem_add(out, f->mark, f->err.hint, "%s: %s",
		        job->chosen[f->machine]->spec.selector, f->err.message);
	}
}

int prepare_check(const struct providers *providers, struct machine *const *chosen, size_t n,
        bool to_be_made, struct problems *problems, struct err *err)
{
	struct check_job job = {providers, chosen, n, to_be_made, true};
	AUTO_FREE struct findings *found = xcalloc(1, sizeof(*found));
	const struct config_source *source = NULL;
	bool others = false;

	_Static_assert(sizeof(*found) <= 65536, "what helper_call can hand back");
	for (size_t i = 0; i < n; i++)
		source = chosen[i]->in_file ? chosen[i]->source : source;
	if (check_all(&job, found, err) < 0)
		return -1;
	report(&job, found, problems);
	job.in_program = false;
	for (size_t i = 0; i < n; i++)
		others = others || concerns(&job, chosen[i]);
	*found = (struct findings){0};
	if (others && helper_call(NULL, check_all, &job, found, sizeof(*found), err) < 0)
		return -1;
	report(&job, found, problems);
	return problems_judge(problems, source ? source->file : "/prov.yaml", err);
}
