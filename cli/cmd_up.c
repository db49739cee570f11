#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the chosen machines depend on comes up with them. */
static struct machine **with_dependencies(struct lab *lab, struct machine **chosen, size_t *n)
{
	AUTO_STRV wanted = {0};

	for (size_t i = 0; i < *n; i++)
		strv_add(&wanted, chosen[i]->spec.selector);
	for (size_t i = 0; i < wanted.n; i++) /* the list grows while it is walked */
		for (size_t k = 0; k < lab->n; k++)
			if (str_eq(lab->machines[k].spec.selector, wanted.v[i]))
				for (size_t d = 0; d < lab->machines[k].spec.depends_on.n; d++)
					if (!strv_has(
					            &wanted, lab->machines[k].spec.depends_on.v[d]))
						strv_add(&wanted,
						        lab->machines[k].spec.depends_on.v[d]);
	chosen = xrealloc(chosen, lab->n + 1, sizeof(*chosen));
	*n = 0;
	for (size_t i = 0; i < lab->n; i++)
		if (lab->machines[i].in_file && strv_has(&wanted, lab->machines[i].spec.selector))
			chosen[(*n)++] = &lab->machines[i];
	return chosen;
}

/* The name in front of an instance's number is still declared: count went down. */
static bool scaled_down(const struct lab *lab, const struct machine *m)
{
	const char *dash = strrchr(m->spec.name, '-');

	for (size_t i = 0; dash && i < lab->n; i++) {
		const struct machine *other = &lab->machines[i];
		const char *other_dash = strrchr(other->spec.name, '-');
		if (other->in_file && other->spec.count && m->spec.count && other_dash &&
		        str_eq(other->spec.provider, m->spec.provider) &&
		        other_dash - other->spec.name == dash - m->spec.name &&
		        strncmp(other->spec.name, m->spec.name, (size_t)(dash - m->spec.name)) == 0)
			return true;
	}
	return false;
}

static int remove_orphans(const struct cli *cli, struct lab *lab,
        const struct verb_options *options, struct event_sink *sink)
{
	AUTO_FREE struct machine **gone = xcalloc(lab->n + 1, sizeof(*gone));
	size_t n = 0;

	for (size_t i = 0; i < lab->n; i++) {
		struct machine *m = &lab->machines[i];
		if (m->in_file)
			continue;
		bool fewer = scaled_down(lab, m);
		if (fewer || cli_has(cli, "remove-orphans"))
			gone[n++] = m;
		AUTO_FREE char *text = fewer
		        ? xasprintf("count went down: %s is destroyed", m->spec.selector)
		        : cli_has(cli, "remove-orphans")
		        ? xasprintf(
		                  "%s is no longer in prov.yaml: it is destroyed", m->spec.selector)
		        : xasprintf("%s is no longer in prov.yaml; prov destroy %s, or up "
		                    "--remove-orphans, removes it",
		                  m->spec.selector, m->spec.selector);
		event_emit(
		        sink, &(struct event){.kind = EVENT_WARNING, .machine = "", .text = text});
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

/* From locked lab to running machines. */
static int climb(const struct cli *cli, struct lab *lab, const struct verb *verb,
        struct machine **chosen, size_t n, const struct verb_options *options,
        struct event_sink *sink)
{
	struct err err = {0};

	if (alloc_network(lab, &err) < 0 || prepare_specs(lab, &err) < 0)
		return cli_fail(cli, &err);
	int code = verb == &verb_up ? remove_orphans(cli, lab, options, sink) : 0;
	if (code)
		return code;
	if (lab_steps_up(lab, chosen, n, sink, cli->stop, &err) < 0)
		return cli_failed(cli, &err);
	return cli_run_verb(cli, lab, verb, chosen, n, options, sink);
}

static int run(struct cli *cli, const struct verb *verb)
{
	struct lab lab = {0};
	struct err err = {0};
	struct verb_options options = {0};
	struct machine **chosen = NULL;
	size_t n = 0;
	int code = cli_open_lab(cli, false, &lab);

	if (code)
		return code;
	/* Boxes are looked for before anything is locked or made. */
	if (read_options(cli, &options, &err) < 0 ||
	        lab_select(&lab, &cli->operands, &chosen, &n, &err) < 0 ||
	        prepare_specs(&lab, &err) < 0 || lab_lock(&lab, &err) < 0) {
		code = cli_fail(cli, &err);
	} else {
		struct event_sink *sink = cli_sink(cli);
		chosen = with_dependencies(&lab, chosen, &n);
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
