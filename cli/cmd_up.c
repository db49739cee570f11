#include "cli/commands.h"

#include "lab/exposed.h"
#include "lab/lab_plan.h"
#include "lab/limits.h"
#include "lab/network/plug.h"
#include "lab/network/published.h"
#include "lab/orphan.h"
#include "lab/volumes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_missing(struct strv *list, const struct strv *more)
{
	for (size_t i = 0; i < more->n; i++)
		if (!strv_has(list, more->v[i]))
			strv_add(list, more->v[i]);
}

/* What the chosen machines depend on comes up with them. */
static struct machine **with_dependencies(struct lab *lab, struct machine **chosen, size_t *n)
{
	AUTO_STRV wanted = {0};

	for (size_t i = 0; i < *n; i++)
		strv_add(&wanted, chosen[i]->spec.selector);
	for (size_t i = 0; i < wanted.n; i++) /* the list grows while it is walked */
		for (size_t k = 0; k < lab->n; k++)
			if (str_eq(lab->machines[k].spec.selector, wanted.v[i]))
				add_missing(&wanted, &lab->machines[k].spec.depends_on);
	chosen = xrealloc(chosen, lab->n + 1, sizeof(*chosen));
	*n = 0;
	for (size_t i = 0; i < lab->n; i++)
		if (lab->machines[i].in_file && strv_has(&wanted, lab->machines[i].spec.selector))
			chosen[(*n)++] = &lab->machines[i];
	return chosen;
}

static int remove_orphans(const struct cli *cli, struct lab *lab, struct machine *const *chosen,
        size_t n_chosen, const struct verb_options *options, struct event_sink *sink)
{
	AUTO_FREE struct machine **gone = xcalloc(lab->n + 1, sizeof(*gone));
	bool asked = cli_has(cli, "remove-orphans");
	size_t n = 0;

	for (size_t i = 0; i < lab->n; i++) {
		struct machine *m = &lab->machines[i];
		enum orphan kind = orphan_of(lab, chosen, n_chosen, m);
		const char *name = m->spec.selector;
		/* Another kind than --provider asks for is no orphan. */
		if (m->in_file || (kind == ORPHAN_OTHER_KIND && cli_provider(cli)))
			continue;
		bool destroyed = asked || kind == ORPHAN_SCALED_DOWN;
		AUTO_FREE char *text = kind == ORPHAN_SCALED_DOWN
		        ? xasprintf("count went down: %s is destroyed", name)
		        : destroyed
		        ? xasprintf("%s is no longer in the file: it is destroyed", name)
		        : xasprintf("%s is no longer in the file; prov destroy %s, or up "
		                    "--remove-orphans, removes it",
		                  name, name);
		event_emit(
		        sink, &(struct event){.kind = EVENT_WARNING, .machine = "", .text = text});
		if (destroyed)
			gone[n++] = m;
	}
	return n ? cli_run_verb(cli, lab, &verb_destroy, gone, n, options, sink) : 0;
}

static int read_options(const struct cli *cli, struct verb_options *options, struct err *err)
{
	options->recreate = cli_has(cli, "recreate");
	options->no_provision = cli_has(cli, "no-provision");
	for (size_t i = 0; i < cli->n_values; i++)
		if (str_eq(cli->values[i].row->name, "provision-with"))
			strv_add(&options->provision_with, cli->values[i].value);
	return cli_number(cli, "parallel", 1, 0, &options->parallel, err);
}

/* Every name of --provision-with is an item of a chosen machine. */
static int check_provision_with(
        const struct strv *with, struct machine *const *chosen, size_t n, struct err *err)
{
	AUTO_STRV names = {0};

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < chosen[i]->spec.n_provision; k++)
			if (chosen[i]->spec.provision[k].name)
				strv_add(&names, chosen[i]->spec.provision[k].name);
	for (size_t i = 0; i < with->n; i++) {
		if (strv_has(&names, with->v[i]))
			continue;
		const char *near = str_nearest(with->v[i], (const char *const *)names.v, names.n);
		err_set(err, ERR_USAGE, "no machine has a provision item named '%s'", with->v[i]);
		return near ? err_hint(err, "did you mean '%s'?", near) : -1;
	}
	return 0;
}

/* From locked lab to running machines. */
static int climb(const struct cli *cli, struct lab *lab, const struct verb *verb,
        struct machine **chosen, size_t n, const struct verb_options *options,
        struct event_sink *sink)
{
	/* What is to be provisioned runs, or is refused. */
	const struct ports_who who = {
	        .coming = chosen, .n_coming = verb == &verb_provision ? 0 : n};
	struct err err = {0};

	if ((verb != &verb_provision && plug_reset(lab, chosen, n, &err) < 0) ||
	        alloc_network(lab, &err) < 0 || alloc_ids(lab, &err) < 0 ||
	        prepare_specs(lab, chosen, n, &err) < 0 ||
	        (verb != &verb_provision && volumes_admit(lab, chosen, n, &err) < 0))
		return cli_fail(cli, &err);
	int code = verb == &verb_up ? remove_orphans(cli, lab, chosen, n, options, sink) : 0;
	if (code)
		return code;
	if (published_alloc(lab, chosen, n, &err) < 0)
		return cli_fail(cli, &err);
	if (lab_steps_up(lab, chosen, n, sink, cli->stop, &err) < 0 ||
	        lab_ports_up(lab, who, sink, cli->stop, &err) < 0)
		return cli_failed(cli, &err);
	if (verb != &verb_provision && volumes_up(lab, chosen, n, sink, cli->stop, &err) < 0)
		return cli_failed(cli, &err);
	code = cli_run_verb(cli, lab, verb, chosen, n, options, sink);
	/* Nothing leads to those that did not come up. */
	if (code && lab_ports_up(lab, (struct ports_who){0}, sink, NULL, &err) < 0)
		return code;
	lab_ports_hairpin(lab, chosen, n);
	if (code == 0 && verb != &verb_provision && lab_networks_drop(lab, sink, &err) < 0)
		return cli_failed(cli, &err);
	return code;
}

/* Once in the life of a machine: what its root can do to the host. */
static void say_exposed(struct machine *const *chosen, size_t n)
{
	AUTO_STRV folders = {0};
	AUTO_STR names = {0};

	lab_exposed(chosen, n, true, &folders);
	for (size_t i = 0; i < folders.n; i++) {
		str_add(&names, i ? ", '" : "'");
		str_add_escaped(&names, folders.v[i], strlen(folders.v[i]));
		str_add(&names, "'");
	}
	if (names.len)
		fprintf(stderr,
		        "note: other users of this host reach %s, where root inside writes as the "
		        "host's root: see prov doctor\n",
		        str_text(&names));
}

static void say_nothing_comes_up(const struct lab *lab)
{
	bool any = false;

	for (size_t i = 0; i < lab->n; i++)
		any = any || lab->machines[i].in_file;
	fprintf(stderr, "note: lab '%s' has no machine%s\n", lab->name,
	        any ? " that comes up without being named" : "");
}

/* What the host cannot carry is found now, not when most machines are up. */
static int admit(const struct lab *lab, struct machine *const *chosen, size_t n, struct err *err)
{
	struct lab_needs needs;
	char *warning;

	if (lab_needs_of(lab, chosen, n, &needs, err) < 0 ||
	        limits_admit("", &needs, &warning, err) < 0)
		return -1;
	if (warning)
		fprintf(stderr, "note: this host may become too small: %s\n", warning);
	free(warning);
	return 0;
}

static int check_specs(const struct cli *cli, const struct lab *lab, struct machine *const *chosen,
        size_t n, struct err *err)
{
	struct problems problems = {0};
	int rc = prepare_check(cli->providers, chosen, n, true, &problems, err);

	cli_print_problems(lab, &problems);
	problems_clear(&problems);
	return rc;
}

/* All that can be refused is refused before anything is locked or made. Locked is what there is
 * something to do for. */
static int prepare(const struct cli *cli, struct lab *lab, struct verb_options *options,
        struct machine ***chosen, size_t *n, struct err *err)
{
	if (!lab->file)
		return cli_no_file(lab, err);
	if (cli->command == &cmd_provision && !lab->id) {
		err_set(err, ERR_FAILED, "nothing of lab '%s' is up", lab->name);
		return err_hint(err, "prov up");
	}
	if (read_options(cli, options, err) < 0 ||
	        lab_select(lab, &cli->operands, chosen, n, err) < 0)
		return -1;
	*chosen = with_dependencies(lab, *chosen, n);
	if (check_provision_with(&options->provision_with, *chosen, *n, err) < 0 ||
	        (cli->command != &cmd_provision && alloc_check(lab, err) < 0) ||
	        prepare_specs(lab, *chosen, *n, err) < 0 ||
	        check_specs(cli, lab, *chosen, *n, err) < 0 ||
	        published_check(lab, *chosen, *n, err) < 0)
		return -1;
	if (cli->command != &cmd_provision && admit(lab, *chosen, *n, err) < 0)
		return -1;
	cli_note_memory(*chosen, *n);
	say_exposed(*chosen, *n);
	if (!*n)
		say_nothing_comes_up(lab);
	/* Nothing makes a lab of nothing. */
	return *n || lab->id ? lab_lock(lab, err) : 0;
}

static int run(struct cli *cli, const struct verb *verb)
{
	struct lab lab = {0};
	struct err err = {0};
	struct verb_options options = {0};
	struct machine **chosen = NULL;
	size_t n = 0;
	int code = cli_open_lab(cli, &lab);

	if (code)
		return code;
	if (prepare(cli, &lab, &options, &chosen, &n, &err) < 0) {
		code = cli_fail(cli, &err);
	} else if (lab.journal) {
		struct event_sink *sink = cli_sink(cli);
		code = climb(cli, &lab, verb, chosen, n, &options, sink);
		sink->close(sink);
	}
	strv_clear(&options.provision_with);
	free(chosen);
	lab_clear(&lab);
	return code;
}

static int run_up_command(struct cli *cli)
{
	return run(cli, &verb_up);
}

static int run_reload_command(struct cli *cli)
{
	return run(cli, &verb_reload);
}

static int run_provision_command(struct cli *cli)
{
	return run(cli, &verb_provision);
}

static const struct option_row up_options[] = {
        {0, "no-provision", NULL, "leave the scripts out"},
        {0, "provision", NULL, "run the scripts that have not run yet (the default)"},
        {0, "provision-with", "NAME", "run also this item marked `run: never`"},
        {0, "provider", "NAME", "container, kvm or both, instead of the file's"},
        {0, "parallel", "N", "at most N machines at once"},
        {0, "recreate", NULL, "destroy and make anew what cannot be changed otherwise"},
        {0, "remove-orphans", NULL, "destroy machines that are no longer in the file"},
};
static const struct option_row provision_options[] = {
        {0, "provision-with", "NAME", "only this item"},
        {0, "provider", "NAME", "container, kvm or both, instead of the file's"},
        {0, "parallel", "N", "at most N machines at once"},
};

const struct command cmd_up = {
        .name = "up",
        .alias = "start",
        .usage = "[MACHINE…]",
        .summary = "bring machines up and provision them; running it again changes nothing",
        .options = up_options,
        .n_options = ARRAY_SIZE(up_options),
        .run = run_up_command,
};
const struct command cmd_reload = {
        .name = "reload",
        .alias = "restart",
        .usage = "[MACHINE…]",
        .summary = "halt and up",
        .options = up_options,
        .n_options = ARRAY_SIZE(up_options),
        .run = run_reload_command,
};
const struct command cmd_provision = {
        .name = "provision",
        .usage = "[MACHINE…]",
        .summary = "run the provisioning scripts again on running machines",
        .options = provision_options,
        .n_options = ARRAY_SIZE(provision_options),
        .run = run_provision_command,
};
