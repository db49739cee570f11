#include "cli/box_store.h"

#include "base/table.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* The selectors of machines, in any lab of this home, that were made from the box. */
static int users_of(const char *home, const char *name, struct strv *out, struct err *err)
{
	AUTO_STRV ids = {0};

	if (lab_ids(home, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.n; i++) {
		struct lab lab;
		struct lab_options options = {.lab_id = ids.v[i], .journal_only = true};
		struct problems problems = {0};
		int rc = lab_open(&options, &lab, &problems, err);
		for (size_t k = 0; rc == 0 && k < lab.n; k++)
			if (str_eq(lab.machines[k].spec.box.name, name))
				strv_addf(out, "%s of lab %s (%s)", lab.machines[k].spec.selector,
				        lab.name, lab.id);
		problems_clear(&problems);
		lab_clear(&lab);
		if (rc < 0) /* what cannot be read may use it */
			return err_wrap(err, "lab %s", ids.v[i]);
	}
	return 0;
}

static json_t *box_json(const struct box *box)
{
	json_t *list = json_array();

	for (size_t i = 0; i < box->n_artefacts; i++) {
		const struct artefact *a = &box->artefacts[i];
		json_array_append_new(list,
		        json_pack("{s:s, s:s, s:s, s:I}", "kind", a->kind, "format", a->format,
		                "digest", a->digest, "size", (json_int_t)a->size));
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "name", box->name, "version",
	        box->version ? box->version : "", "architecture",
	        box->architecture ? box->architecture : "", "description",
	        box->description ? box->description : "", "user", box->user ? box->user : "",
	        "digest", box->digest ? box->digest : "", "size", (json_int_t)box_size(box),
	        "artefacts", list);
}

const char *box_store_kinds(const struct box *box)
{
	bool tree = box_artefact(box, "rootfs"), disk = box_artefact(box, "disk");

	return tree && disk ? "container, kvm" : tree ? "container" : disk ? "kvm" : "-";
}

int box_store_list(const struct cli *cli, const char *home, struct err *err)
{
	struct box *boxes = NULL;
	size_t n = 0;
	struct table t;
	AUTO_STR out = {0};
	AUTO_STRV bad = {0};
	json_t *rows = json_array();

	if (store_list(home, &boxes, &n, &bad, err) < 0) {
		json_decref(rows);
		return -1;
	}
	table_init(&t, 4);
	table_row(&t, "BOX", "VERSION", "SIZE", "FOR");
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *size = cli_size_text(box_size(&boxes[i]));
		table_row(&t, boxes[i].name, boxes[i].version, size, box_store_kinds(&boxes[i]));
		json_array_append_new(rows, box_json(&boxes[i]));
		box_clear(&boxes[i]);
	}
	free(boxes);
	for (size_t i = 0; i < bad.n; i++)
		fprintf(stderr, "warning: %s\n", bad.v[i]);
	table_print(&t, &out);
	table_clear(&t);
	if (cli_has(cli, "json")) {
		cli_print_json(json_pack("{s:i, s:o}", "schema", 1, "boxes", rows));
	} else {
		json_decref(rows);
		cli_print(&out);
	}
	return 0;
}

int box_store_inspect(const struct cli *cli, const char *home, struct err *err)
{
	struct box box = {0};
	AUTO_STR out = {0};

	if (store_find(home, cli->operands.v[1], &box, err) < 0)
		return -1;
	if (cli_has(cli, "json")) {
		cli_print_json(json_pack("{s:i, s:o}", "schema", 1, "box", box_json(&box)));
		box_clear(&box);
		return 0;
	}
	str_addf(&out, "%s %s (%s)\n", box.name, box.version ? box.version : "",
	        box.architecture ? box.architecture : "");
	if (box.description)
		str_addf(&out, "%s\n", box.description);
	str_addf(&out, "login user %s, for %s\nkernel command line: %s\nmanifest sha256:%s\n",
	        box.user ? box.user : "root", box_store_kinds(&box),
	        box.cmdline ? box.cmdline : "-", box.digest);
	for (size_t i = 0; i < box.n_artefacts; i++) {
		AUTO_FREE char *size = cli_size_text(box.artefacts[i].size);
		str_addf(&out, "  %-7s %-6s %10s  sha256:%s\n", box.artefacts[i].kind,
		        box.artefacts[i].format, size, box.artefacts[i].digest);
	}
	cli_print(&out);
	box_clear(&box);
	return 0;
}

int box_store_remove(const struct cli *cli, const char *home, struct err *err)
{
	const char *name = cli->operands.v[1];
	AUTO_STRV users = {0};

	if (box_check_name(name, err) < 0 || users_of(home, name, &users, err) < 0)
		return -1;
	if (users.n) {
		err_set(err, ERR_FAILED, "box '%s' is used by %s%s", name, users.v[0],
		        users.n > 1 ? " and others" : "");
		return err_hint(err, "destroy what uses it first");
	}
	if (store_remove(home, name, err) < 0)
		return -1;
	fprintf(stderr, "box %s is removed\n", name);
	return 0;
}
