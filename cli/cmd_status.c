#include "cli/cli.h"

#include "base/table.h"
#include "lab/network/plug.h"
#include "lab/orphan.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct row {
	const struct machine *machine;
	struct machine_spec stored;
	const struct machine_spec *spec;
	struct status world;
	struct err err;  /* the world could not be asked */
	struct str note; /* what an up would find, and where the last one stopped */
	bool ready;
	bool plugged; /* it is in other networks than it was made with */
};

/* All steps that ever began are done, and nothing failed in the last run. */
static bool all_done(const struct journal_state *state)
{
	for (size_t i = 0; i < state->n_steps; i++)
		if (state->steps[i].state != STEP_DONE)
			return false;
	return state->n_steps && !state->failed_step;
}

static void add_note(struct row *row, const char *fmt, const char *what)
{
	AUTO_FREE char *text = xasprintf("%s%s%s", row->note.len ? "; " : "", fmt, what);

	str_add(&row->note, text);
}

/* An up that was killed or interrupted leaves no error, only a step that never came to its end; one
 * that works on the machine now holds its journal. */
static void note_interruption(struct row *row)
{
	const struct journal_state *state = &row->machine->state;

	for (size_t i = 0; !state->failed_step && i < state->n_steps; i++) {
		AUTO_STR command = {0};
		if (state->steps[i].state != STEP_BEGUN)
			continue;
		if (journal_holder(row->machine->names.journal, &command) > 0)
			str_add(&command, " is at ");
		else
			str_add(&command, "prov up goes on at ");
		add_note(row, str_text(&command), state->steps[i].name);
	}
}

/* What connect did is no edit of the file, and told apart. */
static void note_steps(
        struct row *row, const struct plan *plan, enum plan_action action, const char *text)
{
	AUTO_STR names = {0};

	for (size_t i = 0; i < plan->n; i++) {
		const struct step *step = plan->rows[i].step;
		if (plan->rows[i].action == action && !(row->plugged && step->flags & STEP_PLUGS))
			str_addf(&names, "%s%s", names.len ? ", " : "", step->name);
	}
	if (names.len)
		add_note(row, text, str_text(&names));
}

/* What was edited since: the plan of the declared spec, where it can be made. */
static void note_changes(const struct cli *cli, const struct machine *m, struct row *row)
{
	static const char *const texts[] = {
	        [PLAN_LIVE] = "changed, prov up applies it: ",
	        [PLAN_RESTART] = "changed, prov up restarts for it: ",
	        [PLAN_RECREATE] = "changed, needs prov up --recreate: ",
	        [PLAN_MANUAL] = "edited after it ran: ",
	};
	struct access a;
	struct plan plan = {0};
	int rc = access_open(cli->providers, m, ACCESS_DECLARED, NULL, &a, NULL);
	struct runner runner = {.provider = a.provider,
	        .spec = a.spec,
	        .names = a.names,
	        .session = a.session,
	        .state = &m->state,
	        .machine = m->spec.selector,
	        .steps = a.steps,
	        .n_steps = a.n_steps};

	size_t before = row->note.len;
	if (rc == 0 && run_plan(&runner, &a.world, &plan, NULL) == 0)
		for (size_t k = PLAN_LIVE; k < ARRAY_SIZE(texts); k++)
			note_steps(row, &plan, (enum plan_action)k, texts[k]);
	AUTO_STR edited = {0};
	if (row->note.len > before)
		cli_edited(m, &edited);
	if (edited.len)
		add_note(row, "edited: ", str_text(&edited));
	free(plan.rows);
	access_close(&a);
}

static void note_difference(struct row *row, const char *text, const struct strv *networks,
        const struct strv *others, const char *until)
{
	AUTO_STR names = {0};

	for (size_t i = 0; i < networks->n; i++)
		if (!strv_has(others, networks->v[i]))
			str_addf(&names, "%s%s", names.len ? ", " : "", networks->v[i]);
	if (!names.len)
		return;
	row->plugged = true;
	str_add(&names, until);
	add_note(row, text, str_text(&names));
}

static void list_networks(const struct machine_spec *spec, struct strv *out)
{
	for (size_t i = 0; i < spec->n_nics; i++)
		strv_add(out, spec->nics[i].network);
}

/* Until up goes by the file again. */
static void note_plugs(const struct journal_state *lab, const struct access *a, struct row *row)
{
	AUTO_STRV before = {0}, now = {0};

	list_networks(&row->stored, &before);
	plug_look(lab, a, &row->stored);
	list_networks(&row->stored, &now);
	note_difference(row, "connected: ", &now, &before, "");
	note_difference(row, "disconnected: ", &before, &now, ", prov up connects it");
}

static void ask(const struct cli *cli, const struct journal_state *lab, const struct machine *m,
        struct row *row)
{
	struct access a;

	*row = (struct row){.machine = m, .spec = &m->spec};
	if (m->state.spec && spec_read(m->state.spec, &row->stored, NULL) == 0)
		row->spec = &row->stored;
	if (!m->state.exists)
		return;
	if (access_open(cli->providers, m, ACCESS_STORED, NULL, &a, &row->err) == 0) {
		row->world = a.world;
		if (row->spec == &row->stored)
			note_plugs(lab, &a, row);
	}
	access_close(&a);
	row->ready = row->world.state == MACHINE_RUNNING && all_done(&m->state);
	note_interruption(row);
	if (m->in_file && m->spec.box.digest)
		note_changes(cli, m, row);
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
		if (spec->nics[i].address)
			json_array_append_new(list,
			        json_pack("{s:s, s:s, s:s*}", "network", spec->nics[i].network,
			                "address", spec->nics[i].address, "address6",
			                spec->nics[i].address6));
	return list;
}

/* One word, in the order of the networks; nothing where none was allocated yet. */
static void addresses_text(const struct machine_spec *spec, struct str *out)
{
	for (size_t i = 0; i < spec->n_nics; i++)
		if (spec->nics[i].address)
			str_addf(out, "%s%s", out->len ? "," : "", spec->nics[i].address);
}

/* "": nothing was allocated to it yet. */
static const char *address_of(const struct machine_spec *spec)
{
	return spec->n_nics && spec->nics[0].address ? spec->nics[0].address : "";
}

static json_t *row_json(const struct row *row)
{
	const struct machine_spec *spec = row->spec;

	return json_pack("{s:s, s:s, s:b, s:s, s:b, s:s, s:s, s:s, s:o, s:s, s:s, s:s}", "name",
	        spec->selector, "provider", spec->provider, "in_file", row->machine->in_file,
	        "state", machine_state_name(row->world.state), "ready", row->ready, "step",
	        failed_step(row), "error", error_text(row), "address", address_of(spec),
	        "addresses", addresses_json(spec), "box", spec->box.name ? spec->box.name : "",
	        "detail", row->world.detail, "note", str_text(&row->note));
}

static void add_part(struct str *out, const char *text, size_t n)
{
	if (!n)
		return;
	str_add(out, out->len ? "; " : "");
	str_add_escaped(out, text, n);
}

static const char *orphan_text(const struct lab *lab, const struct machine *m)
{
	AUTO_FREE struct machine **all = xcalloc(lab->n + 1, sizeof(*all));

	for (size_t i = 0; i < lab->n; i++)
		all[i] = &lab->machines[i];
	return orphan_of(lab, all, lab->n, m) == ORPHAN_SCALED_DOWN
	        ? "count went down, prov up destroys it"
	        : "no longer in the file";
}

/* One line: of an error the first. */
static void note_text(const struct lab *lab, const struct row *row, struct str *out)
{
	const char *error = error_text(row);
	AUTO_FREE char *at =
	        *failed_step(row) ? xasprintf("failed at %s: ", failed_step(row)) : xstrdup("");
	AUTO_FREE char *first = xasprintf("%s%.*s", at, (int)strcspn(error, "\n"), error);

	add_part(out, row->world.detail, strlen(row->world.detail));
	add_part(out, first, strlen(first));
	add_part(out, str_text(&row->note), row->note.len);
	if (row->machine->in_file || !lab->decl.file)
		return;
	const char *orphan = orphan_text(lab, row->machine);
	add_part(out, orphan, strlen(orphan));
}

static void print_rows(const struct lab *lab, const struct row *rows, size_t n)
{
	struct table t;
	AUTO_STR out = {0};

	table_init(&t, 5);
	t.screen = cli_screen_width();
	table_row(&t, "MACHINE", "STATE", "ADDRESS", "BOX", "NOTE");
	for (size_t i = 0; i < n; i++) {
		const struct row *row = &rows[i];
		AUTO_STR note = {0}, addresses = {0};
		note_text(lab, row, &note);
		addresses_text(row->spec, &addresses);
		table_row(&t, row->spec->selector, machine_state_name(row->world.state),
		        addresses.len ? str_text(&addresses) : NULL, row->spec->box.name,
		        str_text(&note));
	}
	str_addf(&out, "lab %s%s%s\n", lab->name ? lab->name : lab->folder, lab->id ? " " : "",
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
	        lab->id ? lab->id : "", "name", lab->name ? lab->name : "", "machines", list));
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
	AUTO_FREE struct machine **all = xcalloc(lab.n + 1, sizeof(*all));
	AUTO_FREE struct row *rows = xcalloc(lab.n + 1, sizeof(*rows));
	for (size_t i = 0; i < lab.n; i++)
		all[i] = &lab.machines[i];
	/* For what was edited; where a box is missing, its machine is shown without. */
	if (prepare_specs(&lab, all, lab.n, &err) < 0)
		err_clear(&err);
	/* Without names all are shown, also those that come up only by name. */
	if (cli->operands.n == 0)
		n = lab.n;
	for (size_t i = 0; i < n; i++)
		ask(cli, &lab.state, cli->operands.n ? chosen[i] : &lab.machines[i], &rows[i]);
	if (cli_has(cli, "json"))
		print_json(&lab, rows, n);
	else
		print_rows(&lab, rows, n);
	for (size_t i = 0; i < n; i++) {
		spec_clear(&rows[i].stored);
		str_clear(&rows[i].note);
	}
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
