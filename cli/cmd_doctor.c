#include "cli/cli.h"

#include "base/fs.h"
#include "base/table.h"
#include "lab/exposed.h"
#include "lab/limits.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char *const result_names[] = {
        [CHECK_OK] = "ok",
        [CHECK_WARN] = "warning",
        [CHECK_FAIL] = "missing",
        [CHECK_SKIP] = "skipped",
};

static void check_kernel(struct checklist *list)
{
	struct utsname u;

	if (uname(&u) == 0)
		checklist_add(list, CHECK_OK, "kernel", NULL, "%s %s, %ld processors", u.release,
		        u.machine, sysconf(_SC_NPROCESSORS_ONLN));
}

/* The nearest folder that exists: the home itself is made by the first command that needs it. */
static void check_space(struct checklist *list)
{
	AUTO_FREE char *home = prov_home();
	AUTO_FREE char *at = xstrdup(home);
	uint64_t bytes;
	struct err err;

	while (!fs_is_dir(at) && strrchr(at, '/') > at)
		*strrchr(at, '/') = '\0';
	if (fs_free_bytes(at, &bytes, &err) < 0)
		checklist_add(list, CHECK_FAIL, "disk", "PROV_HOME names another place", "%s",
		        err.message);
	else if (bytes < UINT64_C(4) << 30)
		checklist_add(list, CHECK_WARN, "disk",
		        "a Debian box needs about 2 GiB while it is built; PROV_HOME names another "
		        "place",
		        "%s has %.1f GiB free", home, (double)bytes / (1 << 30));
	else
		checklist_add(list, CHECK_OK, "disk", NULL, "%s has %.1f GiB free", home,
		        (double)bytes / (1 << 30));
}

/* Where a program of that name is that may be run; NULL: nowhere. The caller frees. */
static char *in_path(const char *program)
{
	const char *rest = getenv("PATH");

	for (const char *p = rest ? rest : ""; *p; p += strspn(p, ":")) {
		size_t n = strcspn(p, ":");
		AUTO_FREE char *path = xasprintf("%.*s/%s", (int)n, p, program);
		if (n && access(path, X_OK) == 0)
			return STEAL(path);
		p += n;
	}
	return NULL;
}

/* Of volumes, for both kinds: made, looked at and grown by these. */
static void check_volume_tools(struct checklist *list)
{
	static const char *const tools[] = {"mke2fs", "e2fsck", "resize2fs", "debugfs"};
	AUTO_STR missing = {0};

	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		AUTO_FREE char *found = in_path(tools[i]);
		if (!found)
			str_addf(&missing, "%s%s", missing.len ? ", " : "", tools[i]);
	}
	if (missing.len)
		checklist_add(list, CHECK_WARN, "e2fsprogs",
		        "tools/setup installs it (package e2fsprogs; its programs are in "
		        "/usr/sbin): volumes need it",
		        "not in PATH: %s", str_text(&missing));
	else
		checklist_add(list, CHECK_OK, "e2fsprogs", NULL, "volumes can be made");
}

static void check_providers(const struct cli *cli, struct checklist *list)
{
	for (size_t i = 0; i < cli->providers->n; i++) {
		const struct provider *provider;
		struct err err;
		if (provider_find(
		            cli->providers, cli->providers->entries[i].name, &provider, &err) < 0)
			checklist_add(list, CHECK_FAIL, cli->providers->entries[i].name, err.hint,
			        "%s", err.message);
		else
			provider->check_host(list);
	}
}

static void check_folders(struct machine *const *chosen, size_t n, struct checklist *list)
{
	AUTO_STRV folders = {0};

	lab_exposed(chosen, n, false, &folders);
	for (size_t i = 0; i < folders.n; i++) {
		AUTO_STR safe = {0};
		str_add_escaped(&safe, folders.v[i], strlen(folders.v[i]));
		checklist_add(list, CHECK_WARN, "synced folders", lab_exposed_hint,
		        "'%s' is root's and other users reach it: root of a machine can leave "
		        "set-user-id programs there",
		        str_text(&safe));
	}
}

/* Of the lab around the working folder, if there is one that can be read: where is no lab, there is
 * nothing to hold the limits against. */
static void check_limits(const struct cli *cli, struct checklist *list)
{
	struct lab_options options = {.file = cli_value(cli, "file"),
	        .lab_id = cli_value(cli, "lab"),
	        .provider = cli_provider(cli)};
	struct problems problems = {0};
	struct lab lab = {0};
	struct lab_needs needs;
	AUTO_FREE struct machine **chosen = NULL;
	size_t n = 0;
	struct err err = {0};

	if (lab_open(&options, &lab, &problems, &err) == 0 &&
	        lab_select(&lab, &cli->operands, &chosen, &n, &err) == 0 && n &&
	        lab_needs_of(&lab, chosen, n, &needs, &err) == 0) {
		limits_check("", &needs, list);
		check_folders(chosen, n, list);
	}
	problems_clear(&problems);
	lab_clear(&lab);
}

static void print_rows(const struct checklist *list)
{
	struct table t;
	AUTO_STR out = {0};

	table_init(&t, 3);
	t.screen = cli_screen_width();
	for (size_t i = 0; i < list->n; i++) {
		table_row(&t, list->rows[i].name, result_names[list->rows[i].result],
		        list->rows[i].found);
		if (list->rows[i].hint) {
			AUTO_FREE char *hint = xasprintf("→ %s", list->rows[i].hint);
			table_row(&t, "", "", hint);
		}
	}
	table_print(&t, &out);
	table_clear(&t);
	cli_print(&out);
}

static void print_json(const struct checklist *list)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(rows,
		        json_pack("{s:s, s:s, s:s, s:s}", "name", list->rows[i].name, "result",
		                result_names[list->rows[i].result], "found", list->rows[i].found,
		                "hint", list->rows[i].hint ? list->rows[i].hint : ""));
	cli_print_json(json_pack("{s:i, s:o}", "schema", 1, "checks", rows));
}

static int run(struct cli *cli)
{
	struct checklist list = {0};
	int code = cli_check_operands(cli, 0, 0);

	if (code)
		return code;
	check_kernel(&list);
	check_space(&list);
	check_volume_tools(&list);
	check_providers(cli, &list);
	check_limits(cli, &list);
	if (cli_has(cli, "json"))
		print_json(&list);
	else
		print_rows(&list);
	for (size_t i = 0; i < list.n; i++)
		if (list.rows[i].result == CHECK_FAIL)
			code = 3;
	checklist_clear(&list);
	return code;
}

const struct command cmd_doctor = {
        .name = "doctor",
        .usage = "",
        .summary = "check what this host can do, and say what to do about the rest",
        .run = run,
};
