/* Steps of the network: a veth into the namespaces of the container that waits, and the bridge. */
#include "providers/container/session.h"

#include "net/veth.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

static const char plugs_fact[] = "container.plugs";

static const struct nic *nic_of(const struct run *run)
{
	const struct machine_spec *spec = run->spec;

	return spec->network_mode == NET_LAB && spec->n_nics ? &spec->nics[0] : NULL;
}

void container_network_inputs(const struct run *run, struct digest *d)
{
	const struct nic *nic = nic_of(run);

	digest_number(d, "mode", run->spec->network_mode);
	if (!nic)
		return;
	digest_field(d, "mac", nic->mac);
	digest_field(d, "address", nic->address);
	digest_number(d, "prefix", nic->prefix);
	digest_field(d, "gateway", nic->default_route ? nic->gateway : NULL);
}

static int make_veth(const struct nic *nic, const char *link, pid_t pid, struct err *err)
{
	const struct veth veth = {
	        .link = link,
	        .mac = nic->mac,
	        .mtu = nic->mtu,
	        .address = nic->address,
	        .prefix = nic->prefix,
	        .gateway = nic->default_route ? nic->gateway : NULL,
	};
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	AUTO_FD int netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return err_sys(err, "open the container's network namespace");
	return veth_create(&veth, netns, err);
}

int container_network_apply(struct run *run, struct err *err)
{
	const struct session *s = run->session;
	const struct nic *nic = nic_of(run);

	/* PID 1 executes only once this was done. */
	if (!nic || container_pid(s))
		return 0;
	if (!s->engine)
		return err_set(err, ERR_FAILED, "the container's namespaces have gone");
	/* What an interrupted start left. */
	if (veth_remove(run->names->link, err) < 0)
		return -1;
	return make_veth(nic, run->names->link, engine_pid(s->engine), err);
}

int container_network_revert(struct run *run, struct err *err)
{
	container_abandon(run->session);
	return veth_remove(run->names->link, err);
}

/*
 * A restarted bridge drops the veth silently. Plugging it in again is counted, and a veth that
 * hangs loose digests as the next count: so it is stale until plugged in, and done after.
 */
void container_bridge_inputs(const struct run *run, struct digest *d)
{
	const struct nic *nic = nic_of(run);
	const char *plugs = run_fact(run, plugs_fact);
	int64_t count = plugs ? strtoll(plugs, NULL, 10) : 0;

	if (!nic)
		return;
	digest_field(d, "network", nic->network);
	if (veth_look(run->names->link, nic->bridge) == VETH_LOOSE && container_pid(run->session))
		count++;
	digest_number(d, "plugs", count);
}

int container_bridge_apply(struct run *run, struct err *err)
{
	const struct nic *nic = nic_of(run);
	const char *link = run->names->link;
	bool running = container_pid(run->session) != 0;
	char count[24];

	if (!nic)
		return 0;
	if (!nic->bridge)
		return err_set(err, ERR_FAILED, "the network '%s' has no bridge", nic->network);
	switch (veth_look(link, nic->bridge)) {
	case VETH_PLUGGED:
		return 0;
	case VETH_ABSENT:
		err_set(err, ERR_FAILED, "the container's link '%s' has gone", link);
		return err_hint(err, "prov reload %s", run->spec->selector);
	case VETH_LOOSE:
		break;
	}
	if (veth_plug(link, nic->bridge, err) < 0)
		return -1;
	if (!running)
		return 0;
	const char *plugs = run_fact(run, plugs_fact);
	snprintf(count, sizeof(count), "%lld", (plugs ? strtoll(plugs, NULL, 10) : 0) + 1);
	return run_record(run, plugs_fact, count, err);
}
