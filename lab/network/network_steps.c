/*
 * Steps of the lab's networks, one each. A helper process ensures all that a command needs in one
 * call, by the first of the steps; which ones those are is recorded before, and a revert removes
 * all that are recorded: so that a kill between two of them leaves nothing that is not found.
 */
#include "lab/lab_session.h"

#include "base/clock.h"
#include "base/proc.h"
#include "lab/network/plug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *lab_libvirt(const struct lab *lab)
{
	for (size_t i = 0; i < lab->n; i++)
		if (str_eq(lab->machines[i].spec.provider, "kvm") && lab->machines[i].spec.kvm.uri)
			return lab->machines[i].spec.kvm.uri;
	return "qemu:///system";
}

/* Where the network was made, and stays until it is removed, whatever the file says by then; a new
 * one is made where the lab's virtual machines are. */
static const char *uri_of(const struct lab *lab, const char *name)
{
	const char *recorded = net_fact(lab_state(lab), name, "uri");

	return recorded ? recorded : lab_libvirt(lab);
}

static int open_network(const struct network_ops **out, struct err *err)
{
	void *symbol;

	if (module_symbol("prov-kvm", "prov_network", &symbol, err) < 0)
		return -1;
	*out = symbol;
	return 0;
}

/* What a helper hands back of each network, in order. */
struct made {
	struct net_info info;
	int64_t took_ns;
};

static int ensure_networks(const void *arg, void *result, struct err *err)
{
	const struct lab_session *s = arg;
	struct made *made = result;
	const struct network_ops *ops;

	if (open_network(&ops, err) < 0)
		return -1;
	for (size_t i = 0; i < s->n_networks; i++) {
		int64_t start_ns = clock_mono_ns();
		if (ops->ensure(&s->networks[i].net, &made[i].info, err) < 0)
			return s->n_networks > 1
			        ? err_wrap(err, "network '%s'", s->networks[i].name)
			        : -1;
		made[i].took_ns = clock_mono_ns() - start_ns;
	}
	return 0;
}

/* The first failure is told, the others are removed all the same. */
static int remove_networks(const void *arg, void *result, struct err *err)
{
	const struct lab_session *s = arg;
	const struct network_ops *ops;
	struct made *made = result;
	struct err why = {0};
	int rc = 0;

	if (open_network(&ops, err) < 0)
		return -1;
	for (size_t i = s->n_networks; i-- > 0;) {
		const struct net_spec *net = &s->networks[i].net;
		int64_t start_ns = clock_mono_ns();
		bool removed = ops->remove(net->uri, net->libvirt, net->lab_id, &why) == 0;
		made[i].took_ns = clock_mono_ns() - start_ns;
		if (removed || rc < 0)
			continue;
		*err = why;
		rc = -1;
	}
	return rc;
}

/* The step that works for all gives the time of each to its step. */
static void share_time(struct run *run, struct lab_session *s, const struct made *made)
{
	for (size_t i = 0; i < s->n_networks; i++) {
		s->networks[i].took_ns = made[i].took_ns;
		run_took(run, -made[i].took_ns);
	}
}

static int ensure_all(struct run *run, struct lab_session *s, struct err *err)
{
	AUTO_FREE struct made *made = xcalloc(s->n_networks, sizeof(*made));

	for (size_t i = 0; i < s->n_networks; i++) {
		AUTO_FREE char *key = xasprintf("net.%s.uri", s->networks[i].name);
		if (run_record(run, key, s->networks[i].net.uri, err) < 0)
			return -1;
	}
	if (helper_call(s->lab, ensure_networks, s, made, s->n_networks * sizeof(*made), err) < 0) {
		/* No libvirt was reached: there is no network to make sure of later. */
		if (err->kind == ERR_HOST && !made[0].info.bridge[0])
			run_untouched(run);
		return -1;
	}
	for (size_t i = 0; i < s->n_networks; i++) {
		s->networks[i].info = made[i].info;
		s->networks[i].ensured = true;
	}
	share_time(run, s, made);
	return 0;
}

static int network_apply(struct run *run, struct err *err)
{
	struct lab_session *s = run->session;
	const struct lab_network *network = run->step->data;
	AUTO_FREE char *bridge = xasprintf("net.%s.bridge", network->name);
	AUTO_FREE char *mtu = xasprintf("net.%s.mtu", network->name);

	if (!network->ensured && ensure_all(run, s, err) < 0)
		return -1;
	run_took(run, network->took_ns);
	AUTO_FREE char *bytes = xasprintf("%d", network->info.mtu);
	if (run_record(run, bridge, network->info.bridge, err) < 0)
		return -1;
	return run_record(run, mtu, bytes, err);
}

static int network_revert(struct run *run, struct err *err)
{
	struct lab_session *s = run->session;
	const struct lab_network *network = run->step->data;

	if (!s->removed) {
		AUTO_FREE struct made *made = xcalloc(s->n_networks, sizeof(*made));
		if (helper_call(s->lab, remove_networks, s, made, s->n_networks * sizeof(*made),
		            err) < 0)
			return -1;
		s->removed = true;
		share_time(run, s, made);
	}
	run_took(run, network->took_ns);
	return 0;
}

static void network_inputs(const struct run *run, struct digest *d)
{
	const struct net_spec *net = &((const struct lab_network *)run->step->data)->net;

	digest_field(d, "mode", net_mode_name(net->mode));
	digest_field(d, "host_bridge", net->host_bridge);
	digest_field(d, "gateway", net->gateway);
	digest_number(d, "prefix", net->prefix);
	digest_field(d, "gateway6", net->gateway6);
	digest_field(d, "domain", net->domain);
	for (size_t i = 0; i < net->n_hosts; i++) {
		digest_field(d, "names", net->hosts[i].names);
		digest_field(d, "address", net->hosts[i].address);
		digest_field(d, "address6", net->hosts[i].address6);
		digest_number(d, "leased", net->hosts[i].leased);
	}
}

static void network_explain(const struct run *run, struct str *out)
{
	static const char *const texts[] = {
	        [NET_NAT] = "a bridge of the host, with NAT, DNS and DHCP by libvirt's dnsmasq",
	        [NET_ISOLATED] =
	                "a bridge of the host that leads nowhere else, with DNS and DHCP by "
	                "libvirt's dnsmasq",
	        [NET_ROUTED] = "a bridge of the host, which forwards, with DNS and DHCP by "
	                       "libvirt's dnsmasq",
	        [NET_BRIDGE] = "a bridge that the host has already",
	};
	const struct net_spec *net = &((const struct lab_network *)run->step->data)->net;

	str_addf(out, "%s\nvirsh net-define network.xml && virsh net-start %s\n", texts[net->mode],
	        net->libvirt);
}

struct step lab_network_step(struct lab_network *network)
{
	return (struct step){
	        .name = network->step,
	        .flags = STEP_VOLATILE,
	        .stale = CHANGE_LIVE,
	        .inputs = network_inputs,
	        .apply = network_apply,
	        .revert = network_revert,
	        .explain = network_explain,
	        .data = network,
	};
}

static const char *domain_of(const struct lab *lab)
{
	for (size_t i = 0; i < lab->n; i++)
		if (lab->machines[i].spec.domain)
			return lab->machines[i].spec.domain;
	return lab->name;
}

static void add_network(struct lab_session *s, const char *name)
{
	const struct lab *lab = s->lab;
	const struct journal_state *state = lab_state(lab);
	const char *subnet = net_fact(state, name, "subnet");
	const char *subnet6 = net_fact(state, name, "subnet6");
	struct network_decl decl;
	struct subnet net = {0};

	s->networks = xrealloc(s->networks, s->n_networks + 1, sizeof(*s->networks));
	struct lab_network *network = &s->networks[s->n_networks++];
	*network = (struct lab_network){
	        .name = xstrdup(name), .step = xasprintf("lab.network.%s", name)};
	network->net = (struct net_spec){
	        .uri = xstrdup(uri_of(lab, name)),
	        .libvirt = derive_network(lab->id, name),
	        .lab_id = xstrdup(lab->id),
	        .domain = xstrdup(domain_of(lab)),
	        .mode = net_recorded_mode(state, name),
	        .mac = derive_network_mac(lab->id, name),
	        .gateway6 = subnet6 ? xasprintf("%s1", subnet6) : NULL,
	        .prefix6 = 64,
	};
	if (subnet && value_subnet(subnet, &net, NULL) == 0) {
		network->net.gateway = ipv4_text(net.address + 1);
		network->net.prefix = net.prefix;
	}
	if (net_declared(lab, name, &decl)) {
		network->net.host_bridge = xstrdup(decl.bridge);
		network->net.mtu = decl.mtu;
	}
	network_hosts_fill(lab, network);
}

void lab_networks_named(struct lab_session *s, const struct strv *names)
{
	for (size_t i = 0; i < names->n; i++)
		add_network(s, names->v[i]);
}

void lab_networks_open(struct lab_session *s, struct machine *const *chosen, size_t n)
{
	AUTO_STRV names = {0};

	for (size_t i = 0; i < s->lab->n; i++)
		alloc_fill(lab_state(s->lab), &s->lab->machines[i].spec);
	plug_names(s->lab);
	for (size_t i = 0; chosen && i < n; i++)
		for (size_t k = 0; k < chosen[i]->spec.n_nics; k++)
			if (!strv_has(&names, chosen[i]->spec.nics[k].network))
				strv_add(&names, chosen[i]->spec.nics[k].network);
	if (!chosen)
		net_recorded(lab_state(s->lab), &names);
	lab_networks_named(s, &names);
}

void lab_networks_clear(struct lab_session *s)
{
	for (size_t i = 0; i < s->n_networks; i++) {
		net_spec_clear(&s->networks[i].net);
		free(s->networks[i].name);
		free(s->networks[i].step);
	}
	free(s->networks);
}

bool lab_networks_stand(const struct lab_session *s)
{
	for (size_t i = 0; i < s->n_networks; i++) {
		const struct lab_network *network = &s->networks[i];
		const char *bridge = net_fact(lab_state(s->lab), network->name, "bridge");
		if (!bridge || !net_stands(bridge, network->net.mac) ||
		        !network_is_served(network->net.libvirt))
			return false;
	}
	return true;
}

void lab_networks_tell(const struct lab_session *s, struct machine_spec *spec)
{
	const struct journal_state *state = lab_state(s->lab);

	for (size_t i = 0; i < spec->n_nics; i++) {
		struct nic *nic = &spec->nics[i];
		const char *mtu = net_fact(state, nic->network, "mtu");
		free(nic->bridge);
		nic->bridge = xstrdup(net_fact(state, nic->network, "bridge"));
		nic->mtu = mtu ? atoi(mtu) : 1500;
		if (net_recorded_mode(state, nic->network) == NET_BRIDGE)
			network_hosts_tell(s->lab, nic->network, spec);
	}
}
