/* box: make, fetch, export and verify boxes; what only reads the store is in cli/box_store.c. */
#include "cli/cli.h"

#include "base/fs.h"
#include "base/proc.h"
#include "boxes/boxes.h"
#include "cli/box_store.h"

#include <string.h>
#include <unistd.h>

static int open_module(const struct boxes_ops **out, struct err *err)
{
	void *symbol;

	if (module_symbol("prov-box", "prov_boxes", &symbol, err) < 0)
		return -1;
	*out = symbol;
	return 0;
}

/* A recipe is a folder of the user's (a path), or comes with prov: boxes/ beside the build folder,
 * else where it is installed. */
static int find_recipe(const char *name, char **out, struct err *err)
{
	char self[4096];
	AUTO_FREE char *folder = xstrdup(name);

	if (strchr("./~", name[0])) {
		*out = STEAL(folder);
		return 0;
	}
	if (box_check_name(name, err) < 0)
		return -1;
	for (char *p = folder; *p; p++)
		*p = *p == '/' ? '-' : *p;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = '\0';
		*strrchr(self, '/') = '\0';
		AUTO_FREE char *beside = xasprintf("%s/../boxes/%s", self, folder);
		AUTO_FREE char *recipe = xasprintf("%s/recipe.sh", beside);
		if (fs_exists(recipe)) {
			*out = STEAL(beside);
			return 0;
		}
	}
	*out = xasprintf("%s/%s", RECIPE_DIR, folder);
	if (fs_is_dir(*out))
		return 0;
	err_set(err, ERR_MISSING, "there is no recipe for box '%s'", name);
	return err_hint(err,
	        "prov comes with debian/12 and tiny; a folder of your own is named by its path");
}

/* Above the live row, and before the verb's own end. */
static void say(const struct box_job *job, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(const struct box_job *job, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	AUTO_FREE char *text = xvasprintf(fmt, ap);
	va_end(ap);
	event_emit(job->sink, &(struct event){.kind = EVENT_NOTE, .machine = "", .text = text});
}

static int build(const struct boxes_ops *ops, const struct cli *cli, const struct box_job *job,
        struct err *err)
{
	AUTO_FREE char *recipe = NULL;
	struct box box = {0};

	if (find_recipe(cli->operands.v[1], &recipe, err) < 0 ||
	        ops->build(job, recipe, &box, err) < 0)
		return -1;
	AUTO_FREE char *size = cli_size_text(box_size(&box));
	say(job, "box %s is built: %s, for %s", box.name, size, box_store_kinds(&box));
	box_clear(&box);
	return 0;
}

static int add(const struct boxes_ops *ops, const struct cli *cli, const struct box_job *job,
        struct err *err)
{
	struct box box = {0};

	if (ops->add(job, cli->operands.v[1], cli_value(cli, "name"), cli_value(cli, "sha256"),
	            &box, err) < 0)
		return -1;
	say(job, "box %s is added, for %s", box.name, box_store_kinds(&box));
	box_clear(&box);
	return 0;
}

static int export(const struct boxes_ops *ops, const struct cli *cli, const struct box_job *job,
        struct err *err)
{
	const char *name = cli->operands.v[1], *path = cli->operands.v[2];

	if (ops->export(job, name, path, err) < 0)
		return -1;
	say(job, "box %s is written to %s", name, path);
	return 0;
}

static int verify(const struct boxes_ops *ops, const struct cli *cli, const struct box_job *job,
        struct err *err)
{
	const char *name = cli->operands.v[1];

	if (ops->verify(job, name, err) < 0)
		return -1;
	say(job, "box %s is as it was made: every digest is right", name);
	return 0;
}

/* Some need the module with libcurl and libarchive, some only read the store. */
struct subcommand {
	const char *name, *alias;
	size_t operands; /* beyond the name */
	int (*local)(const struct cli *cli, const char *home, struct err *err);
	int (*with_module)(const struct boxes_ops *ops, const struct cli *cli,
	        const struct box_job *job, struct err *err);
};
static const struct subcommand subcommands[] = {
        {"build", NULL, 1, NULL, build},
        {"add", NULL, 1, NULL, add},
        {"list", "ls", 0, box_store_list, NULL},
        {"inspect", NULL, 1, box_store_inspect, NULL},
        {"remove", "rm", 1, box_store_remove, NULL},
        {"export", NULL, 2, NULL, export},
        {"verify", NULL, 1, NULL, verify},
};

/* The way a verb tells of itself; the error is among it, as with machines. */
static void tell_end(struct event_sink *sink, const char *verb, int rc, const struct err *err)
{
	bool stopped = rc < 0 && err->kind == ERR_INTERRUPTED;
	struct event error = {.kind = EVENT_ERROR,
	        .machine = "",
	        .text = err->message,
	        .hint = err->hint,
	        .code = err_exit_code(err)};
	struct event end = {.kind = EVENT_VERB_END,
	        .machine = "",
	        .step = verb,
	        .text = rc == 0   ? "done"
	                : stopped ? "interrupted"
	                          : "failed",
	        .code = rc == 0 ? 0 : error.code};

	if (rc < 0 && !stopped)
		event_emit(sink, &error);
	event_emit(sink, &end);
}

/* The exit code. */
static int call(const struct cli *cli, const struct subcommand *sub)
{
	AUTO_FREE char *home = prov_home();
	const struct boxes_ops *ops;
	struct err err = {0};

	if (sub->local)
		return sub->local(cli, home, &err) < 0 ? cli_fail(cli, &err) : 0;
	if (open_module(&ops, &err) < 0)
		return cli_fail(cli, &err);
	struct event_sink *sink = cli_sink(cli);
	struct box_job job = {.home = home, .sink = sink, .stop = cli->stop};
	event_emit(
	        sink, &(struct event){.kind = EVENT_VERB_BEGIN, .machine = "", .text = sub->name});
	int rc = sub->with_module(ops, cli, &job, &err);
	tell_end(sink, sub->name, rc, &err);
	sink->close(sink);
	return rc < 0 ? cli_failed(cli, &err) : 0;
}

static int run(struct cli *cli)
{
	const char *name = cli->operands.n ? cli->operands.v[0] : "list";

	for (size_t i = 0; i < ARRAY_SIZE(subcommands); i++) {
		const struct subcommand *sub = &subcommands[i];
		if (!str_eq(name, sub->name) && !(sub->alias && str_eq(name, sub->alias)))
			continue;
		int code = cli_check_operands(
		        cli, cli->operands.n ? sub->operands + 1 : 0, sub->operands + 1);
		if (code)
			return code;
		return call(cli, sub);
	}
	return cli_fail_usage(cli, "there is no command 'box %s'", name);
}

static const struct option_row options[] = {
        {0, "name", "NAME", "add: the box's name here"},
        {0, "sha256", "DIGEST", "add: refuse the file unless it has this digest"},
};

const struct command cmd_box = {
        .name = "box",
        .usage = "build NAME|DIR | add PATH|URL | list | inspect NAME | verify NAME | export NAME "
                 "FILE | remove NAME",
        .summary = "make, fetch, list and remove boxes",
        .options = options,
        .n_options = ARRAY_SIZE(options),
        .run = run,
};
