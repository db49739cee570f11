/* network: the lab's networks, what is declared of them and what stands. */
#include "cli/cli.h"

#include "base/fs.h"
#include "base/table.h"
#include "cli/network_plug.h"
#include "lab/plug.h"
#include "lab/networks.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* A machine as it is there, else as the file has it. */
struct member {
	const struct machine *machine;
	struct machine_spec stored;
	const struct machine_spec *spec;
	struct strv in_file; /* its networks that the file, or an earlier one, gives it */
};

struct view {
	struct lab lab;
	struct member *members;
	struct strv names; /* of networks: of the file, then what only the journal knows */
};

static void add_name(struct strv *names, const char *name)
{
	if (!strv_has(names, name))
		strv_add(names, name);
}

/* What was connected and disconnected since it was started. */
static void look_at(const struct cli *cli, const struct lab *lab, struct member *m)
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

static int view_open(const struct cli *cli, struct view *v)
{
	*v = (struct view){0};
	int code = cli_open_lab_anyhow(cli, &v->lab);
	if (code)
		return code;
	const struct lab *lab = &v->lab;
	v->members = xcalloc(lab->n + 1, sizeof(*v->members));
	for (size_t i = 0; i < lab->n; i++) {
		struct machine *machine = &v->lab.machines[i];
		struct member *m = &v->members[i];
		if (machine->in_file)
			alloc_fill(&lab->state, &machine->spec);
		*m = (struct member){.machine = machine, .spec = &machine->spec};
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

static void view_close(struct view *v)
{
	for (size_t i = 0; v->members && i < v->lab.n; i++) {
		spec_clear(&v->members[i].stored);
		strv_clear(&v->members[i].in_file);
	}
	free(v->members);
	strv_clear(&v->names);
	lab_clear(&v->lab);
}

static const struct nic *nic_of(const struct member *m, const char *network)
{
	for (size_t i = 0; i < m->spec->n_nics; i++)
		if (str_eq(m->spec->nics[i].network, network))
			return &m->spec->nics[i];
	return NULL;
}

/* Of one network, from the file and the journal. Texts are borrowed but for what is freed. */
struct facts {
	const char *name, *mode, *subnet, *bridge, *state;
	char *subnet6; /* with its prefix; NULL: none */
	char *libvirt; /* NULL: the lab has no id yet */
	const char *uri, *gateway, *dns;
	int mtu;
};

/* Whether it stands is asked of the kernel: the bridge has the lab's MAC. */
static const char *state_of(const struct view *v, const char *name, enum net_mode mode)
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

static void facts_of(const struct view *v, const char *name, struct facts *out)
{
	const struct journal_state *state = &v->lab.state;
	struct network_decl decl;
	const char *mtu = net_fact(state, name, "mtu");
	const char *subnet6 = net_fact(state, name, "subnet6");
	bool recorded = net_fact(state, name, "subnet");

	net_declared(&v->lab, name, &decl);
	enum net_mode mode = recorded ? net_recorded_mode(state, name) : decl.mode;
	*out = (struct facts){
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

static void facts_clear(struct facts *f)
{
	free(f->subnet6);
	free(f->libvirt);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static json_t *facts_json(const struct facts *f)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "name", f->name, "mode",
	        f->mode, "subnet", or_empty(f->subnet), "subnet6", or_empty(f->subnet6), "bridge",
	        or_empty(f->bridge), "state", f->state, "libvirt", or_empty(f->libvirt), "mtu",
	        f->mtu);
}

static json_t *names_json(const struct member *m, const struct nic *nic)
{
	AUTO_FREE char *names = nic_host_names(m->spec, m->spec->alias, nic);
	json_t *list = json_array();
	char *save = NULL;

	for (char *word = strtok_r(names, " ", &save); word; word = strtok_r(NULL, " ", &save))
		json_array_append_new(list, json_string(word));
	return list;
}

static json_t *members_json(const struct view *v, const char *network, bool whole)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->lab.n; i++) {
		const struct member *m = &v->members[i];
		const struct nic *nic = nic_of(m, network);
		if (!nic)
			continue;
		if (!whole) {
			json_array_append_new(list, json_string(m->spec->selector));
			continue;
		}
		json_array_append_new(list,
		        json_pack("{s:s, s:b, s:b, s:s, s:s, s:s, s:b, s:o}", "machine",
		                m->spec->selector, "exists", m->machine->state.exists, "in_file",
		                strv_has(&m->in_file, network), "address", or_empty(nic->address),
		                "address6", or_empty(nic->address6), "mac", or_empty(nic->mac),
		                "default_route", nic->default_route, "names", names_json(m, nic)));
	}
	return list;
}

/* The first few, and how many there are. */
static void members_text(const struct view *v, const char *network, struct str *out)
{
	enum { SHOWN = 6 };
	size_t n = 0;

	for (size_t i = 0; i < v->lab.n; i++) {
		if (!nic_of(&v->members[i], network))
			continue;
		if (n++ < SHOWN)
			str_addf(out, "%s%s", n > 1 ? ", " : "", v->members[i].spec->selector);
	}
	if (n > SHOWN)
		str_addf(out, ", … (%zu)", n);
}

static int list_all(struct cli *cli, struct view *v)
{
	struct table t;
	AUTO_STR out = {0};
	json_t *rows = json_array();

	table_init(&t, 6);
	table_row(&t, "NETWORK", "MODE", "SUBNET", "BRIDGE", "STATE", "MEMBERS");
	for (size_t i = 0; i < v->names.n; i++) {
		struct facts f;
		AUTO_STR members = {0};
		facts_of(v, v->names.v[i], &f);
		members_text(v, f.name, &members);
		table_row(&t, f.name, f.mode, f.subnet, f.bridge, f.state,
		        members.len ? str_text(&members) : NULL);
		json_t *row = facts_json(&f);
		json_object_set_new(row, "members", members_json(v, f.name, false));
		json_array_append_new(rows, row);
		facts_clear(&f);
	}
	table_print(&t, &out);
	table_clear(&t);
	if (cli_has(cli, "json"))
		return cli_print_json(json_pack("{s:i, s:o}", "schema", 1, "networks", rows));
	json_decref(rows);
	cli_print(&out);
	return 0;
}

static void print_line(struct str *out, const char *name, const char *value)
{
	if (value && *value)
		str_addf(out, "%-10s %s\n", name, value);
}

static void print_one(const struct view *v, const struct facts *f)
{
	AUTO_STR out = {0};
	AUTO_FREE char *mtu = f->mtu ? xasprintf("%d", f->mtu) : NULL;
	struct table t;

	print_line(&out, "network", f->name);
	print_line(&out, "mode", f->mode);
	print_line(&out, "state", f->state);
	print_line(&out, "subnet", f->subnet);
	print_line(&out, "subnet6", f->subnet6);
	print_line(&out, "gateway", f->gateway);
	print_line(&out, "dns", f->dns);
	print_line(&out, "bridge", f->bridge);
	print_line(&out, "mtu", mtu);
	print_line(&out, "libvirt", f->libvirt);
	print_line(&out, "uri", f->uri);
	str_add(&out, "\n");
	table_init(&t, 6);
	table_row(&t, "MACHINE", "ADDRESS", "ADDRESS6", "MAC", "JOINED", "NAMES");
	for (size_t i = 0; i < v->lab.n; i++) {
		const struct member *m = &v->members[i];
		const struct nic *nic = nic_of(m, f->name);
		if (!nic)
			continue;
		AUTO_FREE char *names = nic_host_names(m->spec, m->spec->alias, nic);
		table_row(&t, m->spec->selector, nic->address, nic->address6, nic->mac,
		        strv_has(&m->in_file, f->name) ? "by file" : "by connect", names);
	}
	table_print(&t, &out);
	table_clear(&t);
	cli_print(&out);
}

static int inspect(struct cli *cli, struct view *v)
{
	const char *name = cli->operands.v[1];
	struct facts f;
	struct err err;

	if (!strv_has(&v->names, name)) {
		const char *near = str_nearest(name, (const char *const *)v->names.v, v->names.n);
		AUTO_STR safe = {0};
		str_add_escaped(&safe, name, strlen(name));
		err_set(&err, ERR_USAGE, "the lab has no network '%s'", str_text(&safe));
		if (near)
			err_hint(&err, "did you mean '%s'?", near);
		else
			err_hint(&err, "prov network ls lists them");
		return cli_fail(cli, &err);
	}
	facts_of(v, name, &f);
	if (cli_has(cli, "json")) {
		json_t *object = facts_json(&f);
		json_object_set_new(object, "uri", json_string(or_empty(f.uri)));
		json_object_set_new(object, "gateway", json_string(or_empty(f.gateway)));
		json_object_set_new(object, "dns", json_string(or_empty(f.dns)));
		json_object_set_new(object, "members", members_json(v, name, true));
		cli_print_json(json_pack("{s:i, s:o}", "schema", 1, "network", object));
	} else {
		print_one(v, &f);
	}
	facts_clear(&f);
	return 0;
}

static int network_ls(struct cli *cli)
{
	struct view v;
	int code = view_open(cli, &v);

	if (code == 0)
		code = list_all(cli, &v);
	view_close(&v);
	return code;
}

static int network_inspect(struct cli *cli)
{
	struct view v;
	int code = view_open(cli, &v);

	if (code == 0)
		code = inspect(cli, &v);
	view_close(&v);
	return code;
}

static int network_connect(struct cli *cli)
{
	return cli_network_plug(cli, true);
}

static int network_disconnect(struct cli *cli)
{
	return cli_network_plug(cli, false);
}

struct subcommand {
	const char *name, *alias;
	size_t min, max; /* operands behind it */
	int (*run)(struct cli *cli);
};
static const struct subcommand subcommands[] = {
        {"ls", "list", 0, 0, network_ls},
        {"inspect", NULL, 1, 1, network_inspect},
        {"connect", NULL, 2, 2, network_connect},
        {"disconnect", NULL, 2, 2, network_disconnect},
};

static int run(struct cli *cli)
{
	AUTO_STR safe = {0};

	if (!cli->operands.n)
		return network_ls(cli);
	const char *name = cli->operands.v[0];
	for (size_t i = 0; i < ARRAY_SIZE(subcommands); i++) {
		const struct subcommand *sub = &subcommands[i];
		if (!str_eq(name, sub->name) && !(sub->alias && str_eq(name, sub->alias)))
			continue;
		int code = cli_check_operands(cli, sub->min + 1, sub->max + 1);
		return code ? code : sub->run(cli);
	}
	str_add_escaped(&safe, name, strlen(name));
	return cli_fail_usage(cli, "there is no 'prov network %s', it takes %s", str_text(&safe),
	        cli->command->usage);
}

static const struct option_row options[] = {
        {0, "ip", "ADDRESS", "connect: with this address"},
};

const struct command cmd_network = {
        .name = "network",
        .usage = "ls | inspect NETWORK | connect NETWORK MACHINE | disconnect NETWORK MACHINE",
        .summary = "show the lab's networks, their members and addresses, or change who joins",
        .options = options,
        .n_options = ARRAY_SIZE(options),
        .run = run,
};
