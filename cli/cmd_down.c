/* halt and destroy. Both go by the journals: they work without prov.yaml, or with a broken one. */
#include "cli/cli.h"

#include "base/fs.h"
#include "lab/network/published.h"
#include "lab/volumes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int run_halt_command(struct cli *cli)
{
	return cli_verb_by_journals(cli, &verb_halt);
}

static int confirm(
        const struct cli *cli, const struct lab *lab, struct machine *const *chosen, size_t n)
{
	char answer[8] = "";

	if (cli_has(cli, "force"))
		return 0;
	fprintf(stderr, "Destroy in lab '%s':", lab->name);
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, " %s", chosen[i]->spec.selector);
	if (cli_has(cli, "volumes"))
		fprintf(stderr, "%s volumes", n ? " and" : "");
	fprintf(stderr, "? [y/N] ");
	if (!fgets(answer, sizeof(answer), stdin) || (answer[0] != 'y' && answer[0] != 'Y')) {
		fprintf(stderr, "%snothing was destroyed\n", *cli->stop ? "\n" : "");
		return *cli->stop ? 128 + *cli->stop_signal : 1;
	}
	return 0;
}

/* With a machine go the volumes that no other one has; with the last machine all of them. */
static int remove_volumes(struct lab *lab, struct machine *const *chosen, size_t n,
        const struct volume_rows *rows, bool last, struct event_sink *sink, struct err *err)
{
	AUTO_STRV gone = {0};

	for (size_t i = 0; i < rows->n; i++) {
		const struct volume_row *row = &rows->v[i];
		bool had = last;
		for (size_t k = 0; k < n && !had; k++)
			for (size_t v = 0; v < chosen[k]->spec.n_volumes && !had; v++)
				had = str_eq(chosen[k]->spec.volumes[v].name, row->name);
		if (had && !row->users.n && row->used_bytes >= 0)
			strv_add(&gone, row->name);
	}
	return volumes_remove(lab, &gone, sink, err);
}

static void say_kept(const struct cli *cli, const struct lab *lab, const struct volume_rows *rows)
{
	AUTO_STR text = {0};

	for (size_t i = 0; i < rows->n; i++) {
		if (rows->v[i].used_bytes < 0)
			continue;
		str_addf(&text, "%s'%s' (", text.len ? ", " : "", rows->v[i].name);
		str_add_size(&text, rows->v[i].used_bytes);
		str_add(&text, ")");
	}
	if (text.len && !cli_has(cli, "quiet") && !cli_has(cli, "events"))
		fprintf(stderr,
		        "note: lab '%s' keeps the volumes %s; prov destroy --volumes removes "
		        "them\n",
		        lab->name, str_text(&text));
}

/* The lab's own steps go with its last machine. */
static int finish_lab(const struct cli *cli, struct lab *lab, struct machine *const *chosen,
        size_t n, struct event_sink *sink)
{
	AUTO_FREE char *machines = xasprintf("%s/machines", lab->dir);
	AUTO_STRV left = {0};
	struct volume_rows rows = {0};
	struct err err = {0};
	int code = 0;

	if (fs_list(machines, &left, &err) < 0 || volumes_look(lab, &rows, &err) < 0)
		return cli_fail(cli, &err);
	if (cli_has(cli, "volumes")) {
		if (remove_volumes(lab, chosen, n, &rows, left.n == 0, sink, &err) < 0)
			code = cli_fail(cli, &err);
	} else if (left.n == 0) {
		say_kept(cli, lab, &rows);
	}
	volume_rows_clear(&rows);
	if (code == 0 && left.n == 0 && lab_steps_down(lab, sink, &err) < 0)
		code = cli_failed(cli, &err);
	/* Ports of those that went are free again. */
	if (code == 0 && left.n && published_alloc(lab, NULL, 0, &err) < 0)
		return cli_fail(cli, &err);
	if (code == 0 && left.n &&
	        lab_ports_up(lab, (struct ports_who){0}, sink, cli->stop, &err) < 0)
		code = cli_failed(cli, &err);
	return code;
}

static int destroy(const struct cli *cli, struct lab *lab, struct machine *const *chosen, size_t n)
{
	struct verb_options options = {0};
	struct err err = {0};

	if (cli_number(cli, "parallel", 1, 0, &options.parallel, &err) < 0 ||
	        lab_lock(lab, &err) < 0)
		return cli_fail(cli, &err);
	struct event_sink *sink = cli_sink(cli);
	int code = cli_run_verb(cli, lab, &verb_destroy, chosen, n, &options, sink);
	if (code == 0)
		code = finish_lab(cli, lab, chosen, n, sink);
	sink->close(sink);
	return code;
}

static int run_destroy_command(struct cli *cli)
{
	struct lab lab = {0};
	struct err err = {0};
	AUTO_FREE struct machine **chosen = NULL;
	size_t n = 0, exist = 0;
	int code;

	if (!cli_has(cli, "force") && !isatty(STDIN_FILENO))
		return cli_fail_usage(cli,
		        "destroy asks before it removes anything: without a terminal it needs -f");
	if ((code = cli_open_lab_anyhow(cli, &lab)) != 0)
		return code;
	if (lab_select(&lab, &cli->operands, &chosen, &n, &err) < 0) {
		code = cli_fail(cli, &err);
		lab_clear(&lab);
		return code;
	}
	for (size_t i = 0; i < n; i++)
		if (chosen[i]->state.exists)
			chosen[exist++] = chosen[i];
	if (exist || lab.id)
		code = exist || cli_has(cli, "volumes") ? confirm(cli, &lab, chosen, exist) : 0;
	if (code == 0 && lab.id)
		code = destroy(cli, &lab, chosen, exist);
	else if (code == 0 && !cli_has(cli, "quiet"))
		fprintf(stderr, "lab '%s' has nothing to destroy\n",
		        lab.name ? lab.name : lab.folder);
	lab_clear(&lab);
	return code;
}

static const struct option_row halt_options[] = {
        {0, "parallel", "N", "at most N machines at once"},
};
static const struct option_row destroy_options[] = {
        {'f', "force", NULL, "do not ask"},
        {0, "volumes", NULL, "remove their volumes, too"},
        {0, "parallel", "N", "at most N machines at once"},
};

const struct command cmd_halt = {
        .name = "halt",
        .alias = "stop",
        .usage = "[MACHINE…]",
        .summary = "shut machines down; their disks stay",
        .options = halt_options,
        .n_options = ARRAY_SIZE(halt_options),
        .run = run_halt_command,
};
const struct command cmd_destroy = {
        .name = "destroy",
        .usage = "[-f] [--volumes] [MACHINE…]",
        .summary = "remove machines and all that belongs to them",
        .options = destroy_options,
        .n_options = ARRAY_SIZE(destroy_options),
        .run = run_destroy_command,
};
