#include "cli/network_view.h"

#include "base/fs.h"
#include "lab/network/plug.h"

#include <stdlib.h>
#include <string.h>

static void add_name(struct strv *names, const char *name)
{
	if (!strv_has(names, name))
		strv_add(names, name);
}

/* What was connected and disconnected since it was started. */
static void look_at(const struct cli *cli, const struct lab *lab, struct network_member *m)
{
	struct access a;

	for (size_t i = 0; i < m->spec->n_nics; i++)
		strv_add(&m->in_file, m->spec->nics[i].network);
	if (m->spec != &m->stored || !plug_any(&lab->state, m->spec->selector))
		return;
	if (access_open(cli->providers, m->machine, ACCESS_STORED, NULL, &a, NULL) == 0)
		plug_look(&lab->state, &a, &m->stored);
	access_close(&a);
}

int network_view_open(const struct cli *cli, struct network_view *v)
{
	*v = (struct network_view){0};
	int code = cli_open_lab_anyhow(cli, &v->lab);
	if (code)
		return code;
	const struct lab *lab = &v->lab;
	v->members = xcalloc(lab->n + 1, sizeof(*v->members));
	for (size_t i = 0; i < lab->n; i++) {
		struct machine *machine = &v->lab.machines[i];
		struct network_member *m = &v->members[i];
		if (machine->in_file)
			alloc_fill(&lab->state, &machine->spec);
		*m = (struct network_member){.machine = machine, .spec = &machine->spec};
		if (machine->state.spec && spec_read(machine->state.spec, &m->stored, NULL) == 0)
			m->spec = &m->stored;
		look_at(cli, lab, m);
	}
	for (size_t i = 0; i < lab->decl.n_networks; i++)
		add_name(&v->names, lab->decl.networks[i].name);
	for (size_t i = 0; i < lab->n; i++)
		for (size_t k = 0; k < v->members[i].spec->n_nics; k++)
			add_name(&v->names, v->members[i].spec->nics[k].network);
	net_recorded(&lab->state, &v->names);
	return 0;
}

void network_view_close(struct network_view *v)
{
	for (size_t i = 0; v->members && i < v->lab.n; i++) {
		spec_clear(&v->members[i].stored);
		strv_clear(&v->members[i].in_file);
	}
	free(v->members);
	strv_clear(&v->names);
	lab_clear(&v->lab);
}

const struct nic *network_nic_of(const struct network_member *m, const char *network)
{
	for (size_t i = 0; i < m->spec->n_nics; i++)
		if (str_eq(m->spec->nics[i].network, network))
			return &m->spec->nics[i];
	return NULL;
}

/* Whether it stands is asked of the kernel: the bridge has the lab's MAC. */
static const char *state_of(const struct network_view *v, const char *name, enum net_mode mode)
{
	const struct lab *lab = &v->lab;
	const char *bridge = net_fact(&lab->state, name, "bridge");
	AUTO_FREE char *path = xasprintf("/sys/class/net/%s", bridge ? bridge : "");

	if (!lab->id || !bridge)
		return "absent";
	AUTO_FREE char *mac = derive_network_mac(lab->id, name);
	bool up = mode == NET_BRIDGE ? fs_is_dir(path) : net_stands(bridge, mac);
	return up ? "active" : "inactive";
}

void network_facts_of(const struct network_view *v, const char *name, struct network_facts *out)
{
	const struct journal_state *state = &v->lab.state;
	struct network_decl decl;
	const char *mtu = net_fact(state, name, "mtu");
	const char *subnet6 = net_fact(state, name, "subnet6");
	bool recorded = net_fact(state, name, "subnet");

	net_declared(&v->lab, name, &decl);
	enum net_mode mode = recorded ? net_recorded_mode(state, name) : decl.mode;
	*out = (struct network_facts){
	        .name = name,
	        .mode = net_mode_name(mode),
	        .subnet = recorded ? net_fact(state, name, "subnet") : decl.subnet,
	        .bridge = recorded ? net_fact(state, name, "bridge") : decl.bridge,
	        .state = state_of(v, name, mode),
	        .subnet6 = subnet6 ? xasprintf("%s/64", subnet6) : NULL,
	        .libvirt = v->lab.id ? derive_network(v->lab.id, name) : NULL,
	        .uri = net_fact(state, name, "uri"),
	        .gateway = net_fact(state, name, "gateway"),
	        .dns = net_fact(state, name, "dns"),
	        .mtu = mtu ? atoi(mtu) : decl.mtu,
	};
}

void network_facts_clear(struct network_facts *f)
{
	free(f->subnet6);
	free(f->libvirt);
}
