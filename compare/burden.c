/* What running costs: the probe program in a machine, and on the host. */
#include "compare/burden.h"

#include "base/fs.h"
#include "compare/isolation.h"

#include <stdlib.h>
#include <string.h>

static void note(struct result *result, const char *kind, const struct err *err)
{
	strv_addf(&result->notes, "%s: %s", kind, err->message);
}

/* A server of the TCP probes on the host. Without one those probes are left out and said so. */
static void serve(const struct probe_place *host, const char *address, const char *kind,
        struct probe_address *out, struct result *result)
{
	struct err err = {0};
	int port;

	if (!address)
		return;
	if (probe_serve(host, address, &port, &err) < 0)
		note(result, kind, &err);
	else
		*out = (struct probe_address){address, port};
}

static void quit(const struct probe_place *host, const struct probe_address *server)
{
	/* One that does not answer any more has ended. */
	if (server->host && probe_quit(host, server->host, server->port, NULL) < 0)
		return;
}

static int load(const struct probe_place *place, const struct probe_place *host,
        const char *address, const struct burden *burden, struct result *result, struct err *err)
{
	struct probe_options options = {.quick = burden->quick};

	serve(host, address, place->kind, &options.host, result);
	int rc = probes_run(place, &options, result, err);
	quit(host, &options.host);
	return rc;
}

int burden_host(const struct burden *burden, struct result *result, struct err *err)
{
	struct probe_place host = {0};

	int rc = probe_place_open(&host, "host", NULL, burden->folder, err);
	host.stop = burden->stop;
	if (rc == 0)
		rc = load(&host, &host, "127.0.0.1", burden, result, err);
	return probe_place_close(&host, rc < 0 ? NULL : err) < 0 ? -1 : rc;
}

static int isolation(const struct probe_place *place, const struct probe_place *host,
        struct result *result, struct err *err)
{
	struct isolation_facts inside = {0}, outside = {0};

	int rc = isolation_read(place, &inside, err);
	if (rc == 0)
		rc = isolation_read(host, &outside, err);
	if (rc == 0)
		isolation_report(&inside, &outside, place->kind, result);
	isolation_clear(&inside);
	isolation_clear(&outside);
	return rc;
}

static int load_machine(const struct probe_place *place, const struct probe_place *host,
        const struct work *w, struct err *err)
{
	const struct machine_spec *spec = w->access->spec;
	const struct burden burden = {.quick = w->options->quick};
	const char *gateway = spec->n_nics ? spec->nics[0].gateway : NULL;

	if (w->options->tasks & WORK_ISOLATION && isolation(place, host, w->result, err) < 0)
		return -1;
	if (w->options->tasks & WORK_PROBES)
		return load(place, host, gateway, &burden, w->result, err);
	return 0;
}

int burden_machine(struct work *w, struct err *err)
{
	struct probe_place place = {0}, host = {0};
	struct err second = {0};

	int rc = probe_place_open(&place, w->options->kind, w->transport, NULL, err);
	if (rc == 0)
		rc = probe_place_open(&host, "host", NULL, w->options->folder, err);
	place.stop = host.stop = w->job->stop;
	if (rc == 0)
		rc = load_machine(&place, &host, w, err);
	if (probe_place_close(&place, &second) < 0 && rc == 0) {
		*err = second;
		rc = -1;
	}
	if (probe_place_close(&host, &second) < 0 && rc == 0) {
		*err = second;
		rc = -1;
	}
	return rc;
}

int burden_serve(struct work *w, struct err *err)
{
	const struct machine_spec *spec = w->access->spec;
	AUTO_FREE char *path = xasprintf("%s/" BURDEN_PORT, w->options->folder);
	struct probe_place place = {0};
	int port;

	if (!spec->n_nics)
		return err_set(err, ERR_FAILED, "it has no network");
	/* The place stays open: the server is in the program's folder, and goes with the machine.
	 */
	if (probe_place_open(&place, w->options->kind, w->transport, NULL, err) < 0 ||
	        probe_serve(&place, spec->nics[0].address, &port, err) < 0)
		return -1;
	AUTO_FREE char *text = xasprintf("%d", port);
	return fs_replace(path, text, strlen(text), 0600, err);
}

static int probe_peer(const struct probe_place *place, struct work *w, struct err *err)
{
	const struct probe_options options = {.quick = w->options->quick, .peer = w->options->peer};
	size_t n;
	const struct probe *table = probes_table(&n);

	for (size_t i = 0; i < n; i++)
		if (table[i].needs == PROBE_PEER &&
		        probe_run(place, &table[i], &options, w->result, err) < 0)
			return -1;
	return 0;
}

int burden_peer(struct work *w, struct err *err)
{
	struct probe_place place = {0};

	int rc = probe_place_open(&place, w->options->kind, w->transport, NULL, err);
	place.stop = w->job->stop;
	if (rc == 0)
		rc = probe_peer(&place, w, err);
	return probe_place_close(&place, rc < 0 ? NULL : err) < 0 ? -1 : rc;
}
