#include "cli/cli.h"

#include "base/table.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct row {
	const struct machine *machine;
	struct machine_spec stored;
	const struct machine_spec *spec;
	struct status world;
	struct err err; /* the world could not be asked */
	bool ready;
};

/* All steps that ever began are done, and nothing failed in the last run. */
static bool all_done(const struct journal_state *state)
{
	for (size_t i = 0; i < state->n_steps; i++)
		if (state->steps[i].state != STEP_DONE)
			return false;
	return state->n_steps && !state->failed_step;
}

static void ask(const struct cli *cli, const struct machine *m, struct row *row)
{
	struct access a;

	*row = (struct row){.machine = m, .spec = &m->spec};
	if (m->state.spec && spec_read(m->state.spec, &row->stored, NULL) == 0)
		row->spec = &row->stored;
	if (!m->state.exists)
		return;
	if (access_open(cli->providers, m, ACCESS_STORED, NULL, &a, &row->err) == 0)
		row->world = a.world;
	access_close(&a);
	row->ready = row->world.state == MACHINE_RUNNING && all_done(&m->state);
}

static const char *failed_step(const struct row *row)
{
	return row->machine->state.failed_step ? row->machine->state.failed_step : "";
}

static const char *error_text(const struct row *row)
{
	if (row->err.message[0])
		return row->err.message;
	return row->machine->state.failed_message ? row->machine->state.failed_message : "";
}

static json_t *addresses_json(const struct machine_spec *spec)
{
	json_t *list = json_array();

	for (size_t i = 0; i < spec->n_nics; i++)
		json_array_append_new(list,
		        json_pack("{s:s, s:s}", "network", spec->nics[i].network, "address",
		                spec->nics[i].address));
	return list;
}

static json_t *row_json(const struct row *row)
{
	const struct machine_spec *spec = row->spec;

	return json_pack("{s:s, s:s, s:b, s:s, s:b, s:s, s:s, s:s, s:o, s:s}", "name",
	        spec->selector, "provider", spec->provider, "in_file", row->machine->in_file,
	        "state", machine_state_name(row->world.state), "ready", row->ready, "step",
	        failed_step(row), "error", error_text(row), "address",
	        spec->n_nics ? spec->nics[0].address : "", "addresses", addresses_json(spec), "box",
	        spec->box.name ? spec->box.name : "");
}

static void print_rows(const struct lab *lab, const struct row *rows, size_t n)
{
	struct table t;
	AUTO_STR out = {0};

	table_init(&t, 5);
	table_row(&t, "MACHINE", "STATE", "ADDRESS", "BOX", "NOTE");
	for (size_t i = 0; i < n; i++) {
		const struct row *row = &rows[i];
		AUTO_STR note = {0};
		if (row->world.detail[0])
			str_addf(&note, "%s; ", row->world.detail);
		if (*failed_step(row))
			str_addf(&note, "failed at %s: ", failed_step(row));
		str_add_escaped(&note, error_text(row), strlen(error_text(row)));
		if (!row->machine->in_file && lab->decl.file)
			str_add(&note, "not in prov.yaml");
		if (note.len >= 2 && str_ends(note.buf, "; "))
			note.buf[note.len - 2] = '\0';
		table_row(&t, row->spec->selector, machine_state_name(row->world.state),
		        row->spec->n_nics ? row->spec->nics[0].address : NULL, row->spec->box.name,
		        str_text(&note));
	}
	str_addf(&out, "lab %s%s%s\n", lab->name, lab->id ? " " : "",
	        lab->id ? lab->id : " (never up)");
	table_print(&t, &out);
	table_clear(&t);
	cli_print(&out);
}

static int print_json(const struct lab *lab, const struct row *rows, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, row_json(&rows[i]));
	return cli_print_json(json_pack("{s:i, s:{s:s, s:s}, s:o}", "schema", 1, "lab", "id",
	        lab->id ? lab->id : "", "name", lab->name, "machines", list));
}

static int run(struct cli *cli)
{
	struct lab lab = {0};
	struct err err = {0};
	AUTO_FREE struct machine **chosen = NULL;
	size_t n = 0;
	int code = cli_open_lab_anyhow(cli, &lab);

	if (code)
		return code;
	if (lab_select(&lab, &cli->operands, &chosen, &n, &err) < 0) {
		code = cli_fail(cli, &err);
		lab_clear(&lab);
		return code;
	}
	AUTO_FREE struct row *rows = xcalloc(lab.n + 1, sizeof(*rows));
	/* Without names all are shown, also those that come up only by name. */
	if (cli->operands.n == 0)
		n = lab.n;
	for (size_t i = 0; i < n; i++)
		ask(cli, cli->operands.n ? chosen[i] : &lab.machines[i], &rows[i]);
	if (cli_has(cli, "json"))
		print_json(&lab, rows, n);
	else
		print_rows(&lab, rows, n);
	for (size_t i = 0; i < n; i++)
		spec_clear(&rows[i].stored);
	lab_clear(&lab);
	return 0;
}

const struct command cmd_status = {
        .name = "status",
        .alias = "ps",
        .usage = "[MACHINE…]",
        .summary = "show what runs, as the host sees it",
        .run = run,
};
