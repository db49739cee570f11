#include "cli/cli.h"

#include "lab/lab_plan.h"
#include "lab/orphan.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct action_row {
	const char *name; /* in JSON */
	const char *sign;
	const char *meaning;
};
static const struct action_row actions[] = {
        [PLAN_KEEP] = {"keep", " ", "is done"},
        [PLAN_APPLY] = {"apply", "+", "is applied"},
        [PLAN_LIVE] = {"live", "~", "is applied on the running machine"},
        [PLAN_RESTART] = {"restart", "!", "restarts the machine"},
        [PLAN_RECREATE] = {"recreate", "X",
                "needs --recreate: the machine is destroyed and made anew"},
        [PLAN_MANUAL] = {"manual", "?", "is run again only by prov provision"},
};

struct view {
	const struct machine *machine;
	struct access access;
	struct plan plan;
	struct err err;
};

static void look(const struct cli *cli, const struct machine *m, struct view *v)
{
	*v = (struct view){.machine = m};
	if (access_open(cli->providers, m, ACCESS_DECLARED, NULL, &v->access, &v->err) < 0)
		return;
	struct runner runner = {
	        .provider = v->access.provider,
	        .spec = v->access.spec,
	        .names = v->access.names,
	        .session = v->access.session,
	        .state = &m->state,
	        .machine = m->spec.selector,
	        .steps = v->access.steps,
	        .n_steps = v->access.n_steps,
	};
	if (run_plan(&runner, &v->access.world, &v->plan, &v->err) < 0)
		return;
}

/* The text of a step: the mechanism is its first line, the commands are the others. False: it has
 * none. */
static bool explain(const struct view *v, const struct step *step, struct strv *lines)
{
	AUTO_STR text = {0};
	struct runner runner = {
	        .provider = v->access.provider, .spec = v->access.spec, .names = v->access.names};
	struct run run = {.spec = v->access.spec,
	        .names = v->access.names,
	        .session = v->access.session,
	        .step = step,
	        .runner = &runner};
	char *save = NULL;

	if (!step->explain)
		return false;
	step->explain(&run, &text);
	char *line = text.len ? strtok_r(text.buf, "\n", &save) : NULL;
	for (; line; line = strtok_r(NULL, "\n", &save))
		strv_add(lines, line);
	return lines->n > 0;
}

/* The mechanism is a comment to a shell, so that all lines can be pasted into one. */
static void print_explained(const struct view *v, const struct step *step, struct str *out)
{
	AUTO_STRV lines = {0};

	if (explain(v, step, &lines))
		for (size_t i = 0; i < lines.n; i++)
			str_addf(out, "        %s%s\n", i ? "" : "# ", lines.v[i]);
}

static void put_explained(const struct view *v, const struct step *step, json_t *row)
{
	AUTO_STRV lines = {0};
	json_t *by_hand = json_array();

	if (explain(v, step, &lines))
		json_object_set_new(row, "mechanism", json_string(lines.v[0]));
	for (size_t i = 1; i < lines.n; i++)
		json_array_append_new(by_hand, json_string(lines.v[i]));
	json_object_set_new(row, "commands", by_hand);
}

/* All that is explained can be pasted as it stands. */
static const char *comment_sign(const struct cli *cli)
{
	return cli_has(cli, "explain") ? "# " : "";
}

/* The values behind "inputs changed". */
static void print_edited(const struct machine *m, const char *comment, struct str *out)
{
	AUTO_STR edited = {0};

	cli_edited(m, &edited);
	if (edited.len)
		str_addf(out, "%s  edited: %s\n", comment, str_text(&edited));
}

static void print_view(const struct cli *cli, const struct view *v, struct str *out)
{
	size_t todo = 0;
	bool with_text = cli_has(cli, "explain");
	const char *comment = comment_sign(cli);

	if (v->err.kind) {
		str_addf(out, "%s%s: %s\n", comment, v->machine->spec.selector, v->err.message);
		return;
	}
	for (size_t i = 0; i < v->plan.n; i++)
		todo += v->plan.rows[i].action != PLAN_KEEP;
	str_addf(out, "%s%s:%s\n", comment, v->machine->spec.selector,
	        v->access.world.state == MACHINE_SUSPENDED ? " suspended, prov up lets it go on"
	                : todo                             ? ""
	                                                   : " nothing to do");
	if (todo)
		print_edited(v->machine, comment, out);
	for (size_t i = 0; i < v->plan.n; i++) {
		const struct plan_row *row = &v->plan.rows[i];
		if (row->action == PLAN_KEEP && !with_text)
			continue;
		str_addf(out, "%s  %s %-24s %s (%s)\n", comment, actions[row->action].sign,
		        row->step->name, actions[row->action].meaning, row->why);
		if (with_text)
			print_explained(v, row->step, out);
	}
}

/* Only where there is something to do. */
static void print_lab(const struct cli *cli, const struct lab_plan *plan, struct str *out)
{
	const char *comment = comment_sign(cli);
	bool begun = false;

	for (size_t i = 0; i < plan->n; i++) {
		const struct lab_plan_row *row = &plan->v[i];
		if (row->action == PLAN_KEEP)
			continue;
		if (!begun)
			str_addf(out, "%sthe lab:\n", comment);
		begun = true;
		str_addf(out, "%s  %s %-24s %s (%s)\n", comment,
		        row->removed ? "-" : actions[row->action].sign, row->name,
		        row->removed                       ? "is removed"
		                : row->action == PLAN_LIVE ? "is applied, restarting nothing"
		                                           : actions[row->action].meaning,
		        row->why);
	}
}

static json_t *lab_json(const struct lab *lab, const struct lab_plan *plan)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < plan->n; i++)
		json_array_append_new(steps,
		        json_pack("{s:s, s:s, s:s}", "name", plan->v[i].name, "action",
		                plan->v[i].removed ? "remove" : actions[plan->v[i].action].name,
		                "why", plan->v[i].why));
	return json_pack(
	        "{s:s, s:s, s:o}", "id", lab->id ? lab->id : "", "name", lab->name, "steps", steps);
}

static json_t *view_json(const struct cli *cli, const struct view *v)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < v->plan.n; i++) {
		const struct plan_row *row = &v->plan.rows[i];
		json_t *step = json_pack("{s:s, s:s, s:s}", "name", row->step->name, "action",
		        actions[row->action].name, "why", row->why);
		if (cli_has(cli, "explain"))
			put_explained(v, row->step, step);
		json_array_append_new(steps, step);
	}
	return json_pack("{s:s, s:s, s:o}", "name", v->machine->spec.selector, "error",
	        v->err.message, "steps", steps);
}

/* A lab that never was up has no id yet: its names are shown with a stand-in. */
static void preview_names(struct lab *lab)
{
	for (size_t i = 0; !lab->id && i < lab->n; i++) {
		struct machine *m = &lab->machines[i];
		m->spec.lab_id = xstrdup("new");
		names_derive(&m->names, lab->home, "new", m->spec.name, m->spec.provider);
	}
}

/* Those that the file no longer has: where a count went down, up destroys them unasked, also those
 * that were not named. */
static void show_orphans(const struct cli *cli, const struct lab *lab,
        struct machine *const *chosen, size_t n, struct str *out, json_t *list)
{
	const char *comment = comment_sign(cli);

	for (size_t i = 0; i < lab->n; i++) {
		const struct machine *m = &lab->machines[i];
		const char *name = m->spec.selector;
		bool named = false;
		for (size_t k = 0; k < n; k++)
			named = named || chosen[k] == m;
		bool gone = !m->in_file && orphan_of(lab, chosen, n, m) == ORPHAN_SCALED_DOWN;
		if (m->in_file || (!named && !gone))
			continue;
		if (gone)
			str_addf(out, "%s%s: is destroyed (count went down)\n", comment, name);
		else
			str_addf(out,
			        "%s%s: no longer in the file; prov destroy %s, or up "
			        "--remove-orphans, removes it\n",
			        comment, name, name);
		json_array_append_new(list,
		        json_pack("{s:s, s:s, s:b, s:[]}", "name", name, "error",
		                gone ? "" : "no longer in the file", "destroyed", gone, "steps"));
	}
}

static int show(
        const struct cli *cli, const struct lab *lab, struct machine *const *chosen, size_t n)
{
	json_t *list = json_array();
	AUTO_STR out = {0};
	struct lab_plan of_lab = {0};
	struct err err = {0};
	int code = 0;

	if (lab_plan(lab, chosen, n, &of_lab, &err) < 0)
		code = cli_fail(cli, &err);
	print_lab(cli, &of_lab, &out);
	for (size_t i = 0; i < n; i++) {
		struct view view;
		if (!chosen[i]->in_file)
			continue;
		look(cli, chosen[i], &view);
		json_array_append_new(list, view_json(cli, &view));
		print_view(cli, &view, &out);
		if (view.err.kind && code == 0)
			code = err_exit_code(&view.err);
		free(view.plan.rows);
		access_close(&view.access);
	}
	show_orphans(cli, lab, chosen, n, &out, list);
	if (cli_has(cli, "json"))
		cli_print_json(json_pack("{s:i, s:o, s:O}", "schema", 1, "lab",
		        lab_json(lab, &of_lab), "machines", list));
	else
		cli_print(&out);
	json_decref(list);
	lab_plan_clear(&of_lab);
	return code;
}

static int run(struct cli *cli)
{
	struct lab lab = {0};
	struct err err = {0};
	AUTO_FREE struct machine **chosen = NULL;
	size_t n = 0;
	int code = cli_open_lab(cli, &lab);

	if (code)
		return code;
	if (!lab.file)
		cli_no_file(&lab, &err);
	if (err.kind || lab_select(&lab, &cli->operands, &chosen, &n, &err) < 0 ||
	        prepare_specs(&lab, chosen, n, &err) < 0) {
		code = cli_fail(cli, &err);
	} else {
		preview_names(&lab);
		if (cli_has(cli, "explain"))
			alloc_preview(&lab);
		code = show(cli, &lab, chosen, n);
	}
	lab_clear(&lab);
	return code;
}

static const struct option_row options[] = {
        {0, "explain", NULL,
                "for each step the mechanism and the commands that do the same by hand"},
        {0, "provider", "NAME", "container, kvm or both, instead of the file's"},
};

const struct command cmd_plan = {
        .name = "plan",
        .usage = "[MACHINE…]",
        .summary = "show what up would do, and why",
        .options = options,
        .n_options = ARRAY_SIZE(options),
        .run = run,
};
