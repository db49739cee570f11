/* network: the lab's networks, what is declared of them and what stands. */
#include "cli/cli.h"

#include "base/table.h"
#include "cli/network_plug.h"
#include "cli/network_view.h"
#include "lab/network/networks.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static json_t *facts_json(const struct network_facts *f)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "name", f->name, "mode",
	        f->mode, "subnet", or_empty(f->subnet), "subnet6", or_empty(f->subnet6), "bridge",
	        or_empty(f->bridge), "state", f->state, "libvirt", or_empty(f->libvirt), "mtu",
	        f->mtu);
}

static json_t *names_json(const struct network_member *m, const struct nic *nic)
{
	AUTO_FREE char *names = nic_host_names(m->spec, m->spec->alias, nic);
	json_t *list = json_array();
	char *save = NULL;

	for (char *word = strtok_r(names, " ", &save); word; word = strtok_r(NULL, " ", &save))
		json_array_append_new(list, json_string(word));
	return list;
}

static json_t *members_json(const struct network_view *v, const char *network, bool whole)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->lab.n; i++) {
		const struct network_member *m = &v->members[i];
		const struct nic *nic = network_nic_of(m, network);
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
static void members_text(const struct network_view *v, const char *network, struct str *out)
{
	enum { SHOWN = 6 };
	size_t n = 0;

	for (size_t i = 0; i < v->lab.n; i++) {
		if (!network_nic_of(&v->members[i], network))
			continue;
		if (n++ < SHOWN)
			str_addf(out, "%s%s", n > 1 ? ", " : "", v->members[i].spec->selector);
	}
	if (n > SHOWN)
		str_addf(out, ", … (%zu)", n);
}

static int list_all(struct cli *cli, struct network_view *v)
{
	struct table t;
	AUTO_STR out = {0};
	json_t *rows = json_array();

	table_init(&t, 6);
	t.screen = cli_screen_width();
	table_row(&t, "NETWORK", "MODE", "SUBNET", "BRIDGE", "STATE", "MEMBERS");
	for (size_t i = 0; i < v->names.n; i++) {
		struct network_facts f;
		AUTO_STR members = {0};
		network_facts_of(v, v->names.v[i], &f);
		members_text(v, f.name, &members);
		table_row(&t, f.name, f.mode, f.subnet, f.bridge, f.state,
		        members.len ? str_text(&members) : NULL);
		json_t *row = facts_json(&f);
		json_object_set_new(row, "members", members_json(v, f.name, false));
		json_array_append_new(rows, row);
		network_facts_clear(&f);
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

static void print_one(const struct network_view *v, const struct network_facts *f)
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
	t.screen = cli_screen_width();
	table_row(&t, "MACHINE", "ADDRESS", "ADDRESS6", "MAC", "JOINED", "NAMES");
	for (size_t i = 0; i < v->lab.n; i++) {
		const struct network_member *m = &v->members[i];
		const struct nic *nic = network_nic_of(m, f->name);
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

static int inspect(struct cli *cli, struct network_view *v)
{
	const char *name = cli->operands.v[1];
	struct network_facts f;
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
	network_facts_of(v, name, &f);
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
	network_facts_clear(&f);
	return 0;
}

static int network_ls(struct cli *cli)
{
	struct network_view v;
	int code = network_view_open(cli, &v);

	if (code == 0)
		code = list_all(cli, &v);
	network_view_close(&v);
	return code;
}

static int network_inspect(struct cli *cli)
{
	struct network_view v;
	int code = network_view_open(cli, &v);

	if (code == 0)
		code = inspect(cli, &v);
	network_view_close(&v);
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
