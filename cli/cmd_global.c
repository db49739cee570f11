#include "cli/cli.h"

#include "base/table.h"
#include "lab/volumes.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* Every lab of this home, whether its folder still exists or not; states are asked of the world. */
static void add_lab(const struct cli *cli, const char *id, struct table *t, json_t *rows)
{
	struct lab lab;
	struct lab_options options = {.lab_id = id, .journal_only = true};
	struct problems problems = {0};

	if (lab_open(&options, &lab, &problems, NULL) == 0) {
		size_t running = 0;
		for (size_t i = 0; i < lab.n; i++) {
			struct access a;
			if (access_open(cli->providers, &lab.machines[i], ACCESS_STORED, NULL, &a,
			            NULL) == 0)
				running += a.world.state == MACHINE_RUNNING;
			access_close(&a);
		}
		AUTO_FREE char *count = xasprintf("%zu of %zu", running, lab.n);
		size_t volumes = volumes_count(&lab);
		AUTO_FREE char *volumes_text = xasprintf("%zu", volumes);
		table_row(t, lab.id, lab.name, count, volumes_text, lab.folder);
		json_array_append_new(rows,
		        json_pack("{s:s, s:s, s:s, s:i, s:i, s:i}", "id", lab.id, "name", lab.name,
		                "folder", lab.folder ? lab.folder : "", "machines", (int)lab.n,
		                "running", (int)running, "volumes", (int)volumes));
	}
	problems_clear(&problems);
	lab_clear(&lab);
}

static int run(struct cli *cli)
{
	AUTO_FREE char *home = prov_home();
	AUTO_STRV ids = {0};
	AUTO_STR out = {0};
	struct err err = {0};
	struct table t;
	json_t *rows = NULL;
	int code = cli_check_operands(cli, 0, 0);

	if (code)
		return code;
	rows = json_array();
	if (lab_ids(home, &ids, &err) < 0) {
		json_decref(rows);
		return cli_fail(cli, &err);
	}
	table_init(&t, 5);
	table_row(&t, "ID", "LAB", "RUNNING", "VOLUMES", "FOLDER");
	for (size_t i = 0; i < ids.n; i++)
		add_lab(cli, ids.v[i], &t, rows);
	table_print(&t, &out);
	table_clear(&t);
	if (cli_has(cli, "json"))
		return cli_print_json(json_pack("{s:i, s:o}", "schema", 1, "labs", rows));
	json_decref(rows);
	cli_print(&out);
	return 0;
}

const struct command cmd_global_status = {
        .name = "global-status",
        .usage = "",
        .summary = "list all labs of this host",
        .run = run,
};
