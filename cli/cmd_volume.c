/* volume: what the lab keeps apart from its machines. */
#include "cli/cli.h"

#include "base/fs.h"
#include "base/table.h"
#include "lab/volumes.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool exists(const struct volume_row *row)
{
	return row->used_bytes >= 0;
}

static char *users_text(const struct volume_row *row)
{
	AUTO_STR text = {0};

	for (size_t i = 0; i < row->users.n; i++)
		str_addf(&text, "%s%s", i ? ", " : "", row->users.v[i]);
	return xstrdup(row->users.n ? str_text(&text) : "-");
}

static json_t *row_json(const struct lab *lab, const struct volume_row *row)
{
	json_t *users = json_array();

	for (size_t i = 0; i < row->users.n; i++)
		json_array_append_new(users, json_string(row->users.v[i]));
	return json_pack("{s:s, s:s, s:s, s:b, s:I, s:I, s:b, s:s, s:o}", "name", row->name, "lab",
	        lab->name, "lab_id", lab->id ? lab->id : "", "exists", exists(row), "size",
	        (json_int_t)row->size_bytes, "used", (json_int_t)row->used_bytes, "declared",
	        row->declared, "path", exists(row) ? row->path : "", "machines", users);
}

static void add_lab(const struct lab *lab, const struct volume_rows *rows, bool all,
        struct table *t, json_t *list)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct volume_row *row = &rows->v[i];
		AUTO_FREE char *size = cli_size_text(row->size_bytes),
		               *used = cli_size_text(row->used_bytes);
		AUTO_FREE char *users = users_text(row);
		if (all)
			table_row(t, row->name, size, used, users, lab->name, lab->id);
		else
			table_row(t, row->name, size, used, users);
		json_array_append_new(list, row_json(lab, row));
	}
}

static int print_list(const struct cli *cli, struct table *t, json_t *list)
{
	AUTO_STR out = {0};

	table_print(t, &out);
	table_clear(t);
	if (cli_has(cli, "json"))
		return cli_print_json(json_pack("{s:i, s:o}", "schema", 1, "volumes", list));
	json_decref(list);
	cli_print(&out);
	return 0;
}

static int list_all(const struct cli *cli)
{
	AUTO_FREE char *home = prov_home();
	AUTO_STRV ids = {0};
	struct err err = {0};
	struct table t;

	if (lab_ids(home, &ids, &err) < 0)
		return cli_fail(cli, &err);
	json_t *list = json_array();
	table_init(&t, 6);
	table_row(&t, "VOLUME", "SIZE", "USED", "MACHINES", "LAB", "ID");
	for (size_t i = 0; i < ids.n; i++) {
		struct lab lab;
		struct lab_options options = {.lab_id = ids.v[i], .journal_only = true};
		struct problems problems = {0};
		struct volume_rows rows = {0};
		if (lab_open(&options, &lab, &problems, NULL) == 0 &&
		        volumes_look(&lab, &rows, NULL) == 0)
			add_lab(&lab, &rows, true, &t, list);
		volume_rows_clear(&rows);
		problems_clear(&problems);
		lab_clear(&lab);
	}
	return print_list(cli, &t, list);
}

static int list(const struct cli *cli, struct lab *lab, struct volume_rows *rows)
{
	struct table t;
	json_t *rows_json = json_array();

	table_init(&t, 4);
	table_row(&t, "VOLUME", "SIZE", "USED", "MACHINES");
	add_lab(lab, rows, false, &t, rows_json);
	return print_list(cli, &t, rows_json);
}

static struct volume_row *find(
        const struct cli *cli, const struct lab *lab, struct volume_rows *rows, struct err *err)
{
	const char *name = cli->operands.v[1];
	AUTO_FREE const char **names = xcalloc(rows->n + 1, sizeof(*names));
	AUTO_STR safe = {0};

	for (size_t i = 0; i < rows->n; i++) {
		if (str_eq(rows->v[i].name, name))
			return &rows->v[i];
		names[i] = rows->v[i].name;
	}
	str_add_escaped(&safe, name, strlen(name));
	const char *near = str_nearest(name, names, rows->n);
	err_set(err, ERR_USAGE, "there is no volume '%s' in lab '%s'", str_text(&safe), lab->name);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	return NULL;
}

static int inspect(const struct cli *cli, struct lab *lab, struct volume_rows *rows)
{
	struct err err = {0};
	const struct volume_row *row = find(cli, lab, rows, &err);
	AUTO_STR out = {0};

	if (!row)
		return cli_fail(cli, &err);
	if (cli_has(cli, "json"))
		return cli_print_json(
		        json_pack("{s:i, s:o}", "schema", 1, "volume", row_json(lab, row)));
	AUTO_FREE char *size = cli_size_text(row->size_bytes),
	               *used = cli_size_text(row->used_bytes);
	AUTO_FREE char *users = users_text(row);
	str_addf(&out, "volume    %s\nlab       %s\nsize      %s\nused      %s\nmachines  %s\n",
	        row->name, lab->name, size, used, users);
	str_addf(&out, "file      %s\n",
	        exists(row) ? row->path : "- (made by the first up of a machine that has it)");
	cli_print(&out);
	return 0;
}

/* The lab goes with the last that it had. */
static int remove_named(
        const struct cli *cli, struct lab *lab, const struct strv *names, struct err *err)
{
	AUTO_FREE char *machines = xasprintf("%s/machines", lab->dir);
	AUTO_STRV left = {0};
	struct event_sink *sink = cli_sink(cli);
	int rc = volumes_remove(lab, names, sink, err);

	if (rc == 0)
		rc = fs_list(machines, &left, err);
	if (rc == 0 && left.n == 0 && volumes_count(lab) == 0)
		rc = lab_steps_down(lab, sink, err);
	sink->close(sink);
	return rc;
}

static int rm(const struct cli *cli, struct lab *lab, struct volume_rows *rows)
{
	struct err err = {0};
	AUTO_STRV names = {0};
	const struct volume_row *row = find(cli, lab, rows, &err);

	if (!row)
		return cli_fail(cli, &err);
	if (row->users.n) {
		AUTO_FREE char *users = users_text(row);
		err_set(&err, ERR_BUSY, "the volume '%s' belongs to %s", row->name, users);
		err_hint(&err, "prov destroy %s", row->users.v[0]);
		return cli_fail(cli, &err);
	}
	if (!lab->id || lab_lock(lab, &err) < 0)
		return lab->id ? cli_fail(cli, &err) : 0; /* nothing was ever made */
	strv_add(&names, row->name);
	return remove_named(cli, lab, &names, &err) < 0 ? cli_fail(cli, &err) : 0;
}

static int confirm(const struct cli *cli, const struct lab *lab, const struct strv *names)
{
	char answer[8] = "";

	if (cli_has(cli, "force"))
		return 0;
	if (!isatty(STDIN_FILENO))
		return cli_fail_usage(cli,
		        "prune asks before it removes anything: without a terminal it needs -f");
	fprintf(stderr, "Remove of lab '%s' the volumes", lab->name);
	for (size_t i = 0; i < names->n; i++)
		fprintf(stderr, " %s", names->v[i]);
	fprintf(stderr, "? [y/N] ");
	if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return 0;
	fprintf(stderr, "nothing was removed\n");
	return 1;
}

static int prune(const struct cli *cli, struct lab *lab, struct volume_rows *rows)
{
	struct err err = {0};
	AUTO_STRV names = {0};

	for (size_t i = 0; i < rows->n; i++) {
		const struct volume_row *row = &rows->v[i];
		if (exists(row) && !row->users.n && (cli_has(cli, "all") || !row->declared))
			strv_add(&names, row->name);
	}
	if (!names.n) {
		if (!cli_has(cli, "quiet"))
			fprintf(stderr, "lab '%s' has no volume to prune\n", lab->name);
		return 0;
	}
	int code = confirm(cli, lab, &names);
	if (code)
		return code;
	if (lab_lock(lab, &err) < 0 || remove_named(cli, lab, &names, &err) < 0)
		return cli_fail(cli, &err);
	return 0;
}

static const struct subcommand {
	const char *name, *alias;
	size_t operands;
	int (*run)(const struct cli *cli, struct lab *lab, struct volume_rows *rows);
} subcommands[] = {
        {"ls", "list", 0, list},
        {"inspect", NULL, 1, inspect},
        {"rm", "remove", 1, rm},
        {"prune", NULL, 0, prune},
};

static int call(const struct cli *cli, const struct subcommand *sub)
{
	struct lab lab = {0};
	struct volume_rows rows = {0};
	struct err err = {0};
	int code = cli_open_lab_anyhow(cli, &lab);

	if (code)
		return code;
	code = volumes_look(&lab, &rows, &err) < 0 ? cli_fail(cli, &err)
	                                           : sub->run(cli, &lab, &rows);
	volume_rows_clear(&rows);
	lab_clear(&lab);
	return code;
}

static int run(struct cli *cli)
{
	const char *name = cli->operands.n ? cli->operands.v[0] : "ls";

	for (size_t i = 0; i < ARRAY_SIZE(subcommands); i++) {
		const struct subcommand *sub = &subcommands[i];
		if (!str_eq(name, sub->name) && !str_eq(name, sub->alias))
			continue;
		int code = cli_check_operands(
		        cli, cli->operands.n ? sub->operands + 1 : 0, sub->operands + 1);
		if (code)
			return code;
		return sub->run == list && cli_has(cli, "all") ? list_all(cli) : call(cli, sub);
	}
	return cli_fail_usage(cli, "there is no command 'volume %s'", name);
}

static const struct option_row options[] = {
        {'a', "all", NULL, "ls: of all labs of this host; prune: those of the file, too"},
        {'f', "force", NULL, "prune: do not ask"},
};

const struct command cmd_volume = {
        .name = "volume",
        .usage = "ls | inspect NAME | rm NAME | prune",
        .summary = "list and remove what outlives its machines",
        .options = options,
        .n_options = ARRAY_SIZE(options),
        .run = run,
};
