/* TCP between two machines of a kind. */
#include "compare/experiment_parts.h"

#include "base/fs.h"
#include "compare/burden.h"
#include "compare/measure.h"

#include <stdlib.h>

/* The work of a visit, done in one machine. */
static int visit(struct experiment *e, const struct compare_kind *kind, struct machine *m,
        const struct work_options *more, struct result *found, struct err *err)
{
	const struct team team = {&m, 1};
	struct work_options options = *more;

	options.kind = kind->name;
	options.folder = e->folder;
	options.quick = e->options->quick;
	recorder_reset(&e->recorder);
	if (experiment_verb(e, &verb_work, &options, &team, err) < 0)
		return -1;
	return work_collect(e->folder, m->spec.selector, found, err);
}

/* Of what a second visit finds, only its probes: its start was none. */
static void keep_probes(struct experiment *e, const struct result *found)
{
	for (size_t i = 0; i < found->n_series; i++) {
		const struct result only = {.series = &found->series[i], .n_series = 1};
		if (str_starts(found->series[i].id, "probe."))
			measure_merge(e->result, &only, false);
	}
}

/* TCP between two machines: the second one serves, the first one asks. */
static int ask_peer(struct experiment *e, const struct compare_kind *kind, struct err *err)
{
	struct machine *client = experiment_machine(e, kind, 0);
	struct machine *server = experiment_machine(e, kind, 1);
	AUTO_FREE char *path = xasprintf("%s/" BURDEN_PORT, e->folder);
	struct work_options options = {.tasks = WORK_SERVE};
	struct result found = {0};
	AUTO_STR port = {0};

	int rc = visit(e, kind, server, &options, &found, err);
	result_clear(&found);
	if (rc < 0 || fs_read(path, 16, &port, err) < 0)
		return -1;
	options.tasks = WORK_PEER;
	options.peer = (struct probe_address){server->spec.nics[0].address, atoi(str_text(&port))};
	rc = visit(e, kind, client, &options, &found, err);
	keep_probes(e, &found);
	result_clear(&found);
	return rc;
}

int experiment_peers(struct experiment *e, const struct compare_kind *kind, struct err *err)
{
	if (!experiment_machine(e, kind, 0)->spec.n_nics || ask_peer(e, kind, err) == 0)
		return 0;
	if (err->kind == ERR_INTERRUPTED)
		return -1;
	strv_addf(&e->result->notes, "%s: TCP between two machines: %s", kind->name, err->message);
	err_clear(err);
	return 0;
}
