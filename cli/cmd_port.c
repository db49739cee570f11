/* What is published, from the lab's journal, and whether the machine runs that it leads to. */
#include "cli/cli.h"

#include "base/table.h"
#include "lab/prepare.h"
#include "lab/network/plug.h"
#include "lab/network/published.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_chosen(struct machine *const *chosen, size_t n, const char *selector)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(chosen[i]->spec.selector, selector))
			return true;
	return false;
}

/* What the world says of a machine that has published ports. */
struct asked_state {
	const char *machine; /* its selector, borrowed of the lab */
	enum machine_state state;
	bool known; /* the world could be asked */
	bool out;   /* it runs, and was disconnected from all networks */
};
struct states {
	struct asked_state *v;
	size_t n;
};

static bool runs(enum machine_state state)
{
	return state == MACHINE_RUNNING || state == MACHINE_SUSPENDED;
}

static bool is_out(const struct lab *lab, const struct access *a)
{
	struct machine_spec now;

	spec_copy(&now, a->spec);
	plug_recorded(&lab->state, &now);
	bool out = now.n_nics == 0;
	spec_clear(&now);
	return out;
}

static void ask_states(const struct cli *cli, const struct lab *lab, struct states *out)
{
	struct published_list all = {0};

	published_read(&lab->state, &all);
	out->v = xcalloc(lab->n + 1, sizeof(*out->v));
	for (size_t i = 0; i < lab->n; i++) {
		const struct machine *m = &lab->machines[i];
		struct access a;
		if (!published_next(&all, m->spec.selector, NULL))
			continue;
		bool known = access_open(cli->providers, m, ACCESS_STORED, NULL, &a, NULL) == 0;
		bool cut = known && runs(a.world.state) && is_out(lab, &a);
		out->v[out->n++] =
		        (struct asked_state){m->spec.selector, a.world.state, known, cut};
		access_close(&a);
	}
	published_clear(&all);
}

static const struct asked_state *state_of(const struct states *states, const char *machine)
{
	for (size_t i = 0; i < states->n; i++)
		if (str_eq(states->v[i].machine, machine))
			return &states->v[i];
	return NULL;
}

/* Where it could not be asked, the journal's word is taken: it was up. */
static bool leads_there(const struct states *states, const char *machine)
{
	const struct asked_state *s = state_of(states, machine);

	return !s || !s->known || (runs(s->state) && !s->out);
}

/* "": not known. */
static const char *state_text(const struct states *states, const char *machine)
{
	const struct asked_state *s = state_of(states, machine);

	return !s || !s->known ? "" : s->out ? "disconnected" : machine_state_name(s->state);
}

/* Each family is a row: what connects asks for one. */
static void add_rows(const struct published *row, struct published_list *out)
{
	const struct host_address *a = &row->map.address;

	if (a->v4) {
		out->rows[out->n] = *row;
		out->rows[out->n++].map.address = host_address_v4(a->ip4);
	}
	if (a->v6) {
		out->rows[out->n] = *row;
		out->rows[out->n++].map.address = host_address_v6(&a->ip6);
	}
}

/* Where the rules are is the lab's own folder: what the file says is not published before an up. */
static void read_published(const struct lab *lab, struct machine *const *chosen, size_t n,
        struct published_list *all, struct published_list *out)
{
	published_read(&lab->state, all);
	out->rows = xcalloc(2 * all->n + 1, sizeof(*out->rows));
	for (size_t i = 0; i < lab->n; i++) {
		const char *selector = lab->machines[i].spec.selector;
		if (!is_chosen(chosen, n, selector))
			continue;
		for (const struct published *row = NULL;
		        (row = published_next(all, selector, row));)
			add_rows(row, out);
	}
}

/* Of a row of one family, without brackets. */
static char *address_of(const struct published *row)
{
	AUTO_FREE char *text = host_address_text(&row->map.address);

	return *text == '[' ? xstrndup(text + 1, strlen(text) - 2) : xstrdup(text);
}

static int print_json(
        const struct lab *lab, const struct published_list *list, const struct states *states)
{
	json_t *ports = json_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct published *row = &list->rows[i];
		AUTO_FREE char *address = address_of(row);
		for (int k = 0; k <= row->map.host_last - row->map.host; k++)
			json_array_append_new(ports,
			        json_pack("{s:s, s:s, s:i, s:i, s:s, s:s}", "machine", row->machine,
			                "address", address, "host", row->map.host + k, "guest",
			                row->map.guest + k, "protocol",
			                row->map.udp ? "udp" : "tcp", "state",
			                state_text(states, row->machine)));
	}
	return cli_print_json(json_pack("{s:i, s:{s:s, s:s}, s:o}", "schema", 1, "lab", "id",
	        lab->id ? lab->id : "", "name", lab->name ? lab->name : "", "ports", ports));
}

static int print_table(const struct published_list *list, const struct states *states)
{
	struct table t;
	AUTO_STR out = {0};

	table_init(&t, 5);
	table_row(&t, "HOST", "MACHINE", "PORT", "PROTOCOL", "STATE");
	for (size_t i = 0; i < list->n; i++) {
		const struct port_map *map = &list->rows[i].map;
		AUTO_FREE char *host = published_host(&list->rows[i]);
		AUTO_FREE char *guest = map->guest_last > map->guest
		        ? xasprintf("%d-%d", map->guest, map->guest_last)
		        : xasprintf("%d", map->guest);
		table_row(&t, host, list->rows[i].machine, guest, map->udp ? "udp" : "tcp",
		        state_text(states, list->rows[i].machine));
	}
	table_print(&t, &out);
	table_clear(&t);
	cli_print(&out);
	return 0;
}

/* One port of the machine's, as a second operand: "80", "53/udp". */
struct asked {
	int port; /* 0: all of them */
	bool udp;
};

static bool is_machine(const struct lab *lab, const char *name)
{
	for (size_t i = 0; i < lab->n; i++)
		if (str_eq(lab->machines[i].spec.name, name))
			return true;
	return false;
}

/* Names may be numbers, too: a machine's goes before. Leaves the machines in who. */
static void read_asked(
        const struct lab *lab, const struct strv *operands, struct strv *who, struct asked *out)
{
	const char *text = operands->n == 2 ? operands->v[1] : "";
	size_t digits = strspn(text, "0123456789");
	const char *protocol = text + digits;
	bool udp = str_eq(protocol, "/udp");

	*out = (struct asked){0};
	*who = *operands;
	if (!digits || digits > 5 || (*protocol && !udp && !str_eq(protocol, "/tcp")) ||
	        is_machine(lab, text))
		return;
	*out = (struct asked){atoi(text), udp};
	who->n = out->port ? 1 : who->n;
}

/* Leaves that one port of each row that has it. */
static int keep_asked(
        struct published_list *list, const struct asked *asked, const char *who, struct err *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct port_map *map = &list->rows[i].map;
		if (map->udp != asked->udp || map->guest > asked->port ||
		        map->guest_last < asked->port)
			continue;
		map->host += asked->port - map->guest;
		map->host_last = map->host;
		map->guest = map->guest_last = asked->port;
		list->rows[kept++] = list->rows[i];
	}
	list->n = kept;
	if (kept)
		return 0;
	err_set(err, ERR_FAILED, "no port of the host leads to port %d/%s of '%s'", asked->port,
	        asked->udp ? "udp" : "tcp", who);
	return err_hint(err, "prov port %s lists those that do", who);
}

/* Leaves the rows of machines that run: nothing leads to the others. */
static int keep_running(struct published_list *list, const struct states *states, struct err *err)
{
	const char *halted = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (leads_there(states, list->rows[i].machine))
			list->rows[kept++] = list->rows[i];
		else
			halted = list->rows[i].machine;
	}
	list->n = kept;
	if (kept)
		return 0;
	err_set(err, ERR_FAILED, "'%s' is %s: nothing leads to its ports", halted,
	        state_text(states, halted));
	return err_hint(err, "prov up %s", halted);
}

static int print_addresses(const struct published_list *list)
{
	AUTO_STR out = {0};

	for (size_t i = 0; i < list->n; i++) {
		AUTO_FREE char *host = published_host(&list->rows[i]);
		str_addf(&out, "%s\n", host);
	}
	cli_print(&out);
	return 0;
}

static int repair_made(
        const struct cli *cli, struct lab *made, const struct states *states, struct err *err)
{
	AUTO_FREE struct machine **ended = xcalloc(made->n + 1, sizeof(*ended));
	struct ports_who who = {.ended = ended};
	struct event_sink *sink = cli_sink(cli);

	for (size_t i = 0; i < made->n; i++)
		if (!leads_there(states, made->machines[i].spec.selector))
			ended[who.n_ended++] = &made->machines[i];
	int rc = lab_ports_repair(made, who, sink, cli->stop, err);
	sink->close(sink);
	return rc;
}

/* A firewall's reload takes away what it does not know, and a machine may have ended by itself: who
 * looks here wants to know why a port is dead. The rules are those of the machines as they were
 * made, whatever the file says now. */
static void repair(const struct cli *cli, const struct lab *lab, const struct states *states)
{
	const struct lab_options options = {.lab_id = lab->id, .journal_only = true};
	struct problems problems = {0};
	struct err err = {0};
	struct lab made;

	if (!published_now(lab))
		return;
	int rc = lab_open(&options, &made, &problems, &err);
	if (rc == 0)
		rc = repair_made(cli, &made, states, &err);
	if (rc < 0 && err.kind != ERR_BUSY)
		fprintf(stderr, "note: the rules of these ports are not in order: %s\n",
		        err.message);
	problems_clear(&problems);
	lab_clear(&made);
}

static int show(const struct cli *cli, const struct lab *lab, const struct asked *asked,
        const struct states *states, struct published_list *list)
{
	struct err err = {0};

	if (asked->port &&
	        (keep_asked(list, asked, cli->operands.v[0], &err) < 0 ||
	                keep_running(list, states, &err) < 0))
		return cli_fail(cli, &err);
	if (cli_has(cli, "json"))
		return print_json(lab, list, states);
	return asked->port ? print_addresses(list) : print_table(list, states);
}

static int run(struct cli *cli)
{
	struct lab lab = {0};
	struct err err = {0};
	struct published_list all = {0}, list = {0};
	struct states states = {0};
	AUTO_FREE struct machine **chosen = NULL;
	struct strv who; /* the operands' */
	struct asked asked;
	size_t n = 0;
	int code = cli_open_lab_anyhow(cli, &lab);

	if (code)
		return code;
	read_asked(&lab, &cli->operands, &who, &asked);
	if (lab_select(&lab, &who, &chosen, &n, &err) < 0) {
		code = cli_fail(cli, &err);
	} else {
		ask_states(cli, &lab, &states);
		repair(cli, &lab, &states);
		read_published(&lab, chosen, n, &all, &list);
		code = show(cli, &lab, &asked, &states, &list);
		free(states.v);
		free(list.rows);
		published_clear(&all);
	}
	lab_clear(&lab);
	return code;
}

const struct command cmd_port = {
        .name = "port",
        .usage = "[MACHINE…] | MACHINE PORT[/tcp|/udp]",
        .summary = "list the ports of the host that lead to machines",
        .run = run,
};
