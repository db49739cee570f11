/*
 * Steps of the network: veths into the namespaces of the container that waits, and the bridges.
 * Interface number i is that of the spec's network number i; networks that were connected to the
 * running container have the numbers behind (plug.c).
 */
#include "providers/container/session.h"

#include "core/seed.h"
#include "net/ports.h"
#include "net/veth.h"
#include "providers/container/plug.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

static const char plugs_fact[] = "container.plugs";

void container_network_inputs(const struct run *run, struct digest *d)
{
	const struct machine_spec *spec = run->spec;

	digest_number(d, "mode", spec->network_mode);
	for (size_t i = 0; i < plug_count(spec); i++) {
		const struct nic *nic = &spec->nics[i];
		bool route = nic == spec_route(spec);
		digest_field(d, "mac", nic->mac);
		digest_field(d, "address", nic->address);
		digest_number(d, "prefix", nic->prefix);
		digest_field(d, "gateway", route ? nic->gateway : NULL);
		if (!nic->address6)
			continue;
		digest_field(d, "address6", nic->address6);
		digest_number(d, "prefix6", nic->prefix6);
		digest_field(d, "gateway6", route ? nic->gateway6 : NULL);
	}
}

int container_network_apply(struct run *run, struct err *err)
{
	const struct session *s = run->session;

	/* PID 1 executes only once this was done. */
	if (!plug_count(run->spec) || container_running(s))
		return 0;
	if (!s->engine)
		return err_set(err, ERR_FAILED, "the container's namespaces have gone");
	/* What an interrupted start left. */
	if (plug_remove_all(run->names, err) < 0)
		return -1;
	if (engine_network(s->engine, err) < 0 ||
	        plug_create(run->spec, run->names, 0, plug_count(run->spec), engine_pid(s->engine),
	                err) < 0)
		return -1;
	ports_hairpin_of(run->spec, run->names);
	return 0;
}

int container_network_revert(struct run *run, struct err *err)
{
	container_abandon(run->session);
	return plug_remove_all(run->names, err);
}

/*
 * A restarted bridge drops its veths silently. Plugging them in again is counted, and an interface
 * that is not as the file says digests as the next count: so the step is stale until all are as
 * they should be, and done after.
 */
void container_bridge_inputs(const struct run *run, struct digest *d)
{
	const char *plugs = run_fact(run, plugs_fact);
	int64_t count = plugs ? strtoll(plugs, NULL, 10) : 0;

	if (run->spec->network_mode == NET_HOST)
		return;
	for (size_t i = 0; i < plug_count(run->spec); i++)
		digest_field(d, "network", run->spec->nics[i].network);
	if (container_running(run->session) && !plug_is_tidy(run->spec, run->names))
		count++;
	if (plug_count(run->spec) || count)
		digest_number(d, "plugs", count);
}

int container_bridge_apply(struct run *run, struct err *err)
{
	pid_t pid = container_running(run->session);
	AUTO_STR resolver = {0};
	char count[24];

	if (run->spec->network_mode == NET_HOST || plug_is_tidy(run->spec, run->names))
		return 0;
	if (plug_tidy(run->spec, run->names, pid, err) < 0)
		return -1;
	if (!pid)
		return 0;
	seed_resolver(run->spec, &resolver);
	if (container_resolve(run->session, str_text(&resolver), err) < 0)
		return -1;
	const char *plugs = run_fact(run, plugs_fact);
	snprintf(count, sizeof(count), "%lld", (plugs ? strtoll(plugs, NULL, 10) : 0) + 1);
	return run_record(run, plugs_fact, count, err);
}
