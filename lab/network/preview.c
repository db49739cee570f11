/* Networks of machines that never were up, for `plan --explain`: what up would give out is not
 * known before, but commands can be shown only with addresses in them. */
#include "lab/network/networks.h"

#include <stdlib.h>

static bool is_taken(const struct lab *lab, const char *network, const char *address)
{
	for (size_t i = 0; i < lab->n; i++)
		for (size_t k = 0; k < lab->machines[i].spec.n_nics; k++) {
			const struct nic *nic = &lab->machines[i].spec.nics[k];
			if (str_eq(nic->network, network) && str_eq(nic->address, address))
				return true;
		}
	return false;
}

static char *free_address(const struct lab *lab, const struct nic *nic, const struct subnet *net)
{
	uint32_t last = (UINT32_C(1) << (32 - net->prefix)) - 1; /* broadcast */

	for (uint32_t host = 2; host < last; host++) {
		AUTO_FREE char *address = ipv4_text(net->address + host);
		if (!is_taken(lab, nic->network, address))
			return STEAL(address);
	}
	return NULL;
}

static void preview_nic(const struct lab *lab, size_t number, struct nic *nic)
{
	const char *recorded = net_fact(lab_state(lab), nic->network, "subnet");
	AUTO_FREE char *stand_in = xasprintf("10.77.%zu.0/24", number % 256);
	struct network_decl decl;
	struct subnet net;

	if (!net_declared(lab, nic->network, &decl))
		return;
	const char *subnet = recorded ? recorded : decl.subnet ? decl.subnet : stand_in;
	if (value_subnet(subnet, &net, NULL) < 0)
		return;
	if (!nic->address)
		nic->address = free_address(lab, nic, &net);
	if (!nic->prefix && decl.mode != NET_BRIDGE) {
		nic->dns = ipv4_text(net.address + 1);
		nic->gateway = decl.mode == NET_ISOLATED ? NULL : xstrdup(nic->dns);
	}
	nic->prefix = net.prefix;
	nic->bridged = decl.mode == NET_BRIDGE;
	if (!nic->bridge)
		nic->bridge = decl.bridge ? xstrdup(decl.bridge) : xasprintf("pvnew%zu", number);
}

void alloc_preview(struct lab *lab)
{
	AUTO_STRV networks = {0};

	net_joined(lab, &networks);
	for (size_t i = 0; i < lab->n; i++) {
		struct machine *m = &lab->machines[i];
		if (!m->in_file || m->state.exists || m->spec.network_mode != NET_LAB)
			continue;
		alloc_fill(lab_state(lab), &m->spec);
		for (size_t k = 0; k < m->spec.n_nics; k++)
			for (size_t number = 0; number < networks.n; number++)
				if (str_eq(networks.v[number], m->spec.nics[k].network))
					preview_nic(lab, number, &m->spec.nics[k]);
	}
}
