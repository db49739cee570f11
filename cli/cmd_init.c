/* init and validate: the file before any lab exists. */
#include "cli/cli.h"

#include "base/fs.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int write_new(const char *path, const char *text, struct err *err)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 && errno == EEXIST) {
		err_set(err, ERR_FAILED, "'%s' is there already", path);
		return err_hint(
		        err, "prov init never overwrites; remove it, or work in another folder");
	}
	if (fd < 0)
		return err_sys(err, "create '%s'", path);
	return io_write_all(fd, text, strlen(text), err);
}

static int run_init(struct cli *cli)
{
	struct err err = {0};
	int code = cli_check_operands(cli, 0, 0);

	if (code)
		return code;
	if (fs_exists("prov.yml"))
		err_set(&err, ERR_FAILED, "'prov.yml' is there already");
	else
		write_new("prov.yaml", config_template(), &err);
	if (err.kind)
		return cli_fail(cli, &err);
	fprintf(stderr, "wrote prov.yaml; prov up brings it up\n");
	return 0;
}

static int check_machines(const struct cli *cli, struct lab *lab, struct err *err)
{
	AUTO_FREE struct machine **all = xcalloc(lab->n + 1, sizeof(*all));
	struct problems problems = {0};

	for (size_t i = 0; i < lab->n; i++)
		all[i] = &lab->machines[i];
	int rc = prepare_check(cli->providers, all, lab->n, false, &problems, err);
	cli_print_problems(lab, &problems);
	problems_clear(&problems);
	return rc;
}

/* The file may be right all the same: it is for another host, or a box can still be built. What
 * root has cannot be seen by others. */
static void note_what_is_not_here(struct lab *lab)
{
	AUTO_FREE struct machine **all = xcalloc(lab->n + 1, sizeof(*all));
	struct err err = {0};

	for (size_t i = 0; i < lab->n; i++)
		all[i] = &lab->machines[i];
	cli_note_memory(all, lab->n);
	if (geteuid() != 0 || prepare_specs(lab, all, lab->n, &err) == 0 || err.kind != ERR_MISSING)
		return;
	fprintf(stderr, "note: %s\n", err.message);
	if (*err.hint)
		fprintf(stderr, "  hint: %s\n", err.hint);
}

static int run_validate(struct cli *cli)
{
	struct lab lab = {0};
	struct err err = {0};
	AUTO_STR out = {0};
	int code = cli_check_operands(cli, 0, 0);

	if (code || (code = cli_open_file(cli, &lab)))
		return code;
	if (check_machines(cli, &lab, &err) < 0) {
		code = cli_fail(cli, &err);
		lab_clear(&lab);
		return code;
	}
	note_what_is_not_here(&lab);
	if (cli_has(cli, "json")) {
		cli_print_json(json_pack("{s:i, s:s, s:s, s:i}", "schema", 1, "file", lab.file,
		        "lab", lab.name, "machines", (int)lab.n));
	} else {
		str_addf(&out, "%s: valid: lab %s, %zu machine%s\n", lab.file, lab.name, lab.n,
		        lab.n == 1 ? "" : "s");
		cli_print(&out);
	}
	lab_clear(&lab);
	return code;
}

const struct command cmd_init = {
        .name = "init",
        .usage = "",
        .summary = "write a commented prov.yaml",
        .run = run_init,
};
const struct command cmd_validate = {
        .name = "validate",
        .usage = "",
        .summary = "check prov.yaml and name every problem",
        .run = run_validate,
};
