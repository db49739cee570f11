/* cp: files and folders between the host and a machine, through its transport: what is inside is
 * resolved inside, so no link of the machine's ever means something on the host. */
#include "cli/look.h"

#include "base/fs.h"
#include "base/io.h"
#include "base/proc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNECT_NS INT64_C(30000000000)

/* "web:/path", "./path" or "-". */
struct side {
	char *machine; /* NULL: the host */
	const char *path;
	bool stream; /* a tar on standard input or output */
};

struct copying {
	struct side from, to;
	struct transport *t;
	const struct cli *cli;
};

/* A colon behind a slash belongs to a path, as with scp. */
static void split(const char *text, struct side *out)
{
	const char *colon = strchr(text, ':');

	*out = (struct side){.path = text, .stream = str_eq(text, "-")};
	if (!colon || colon == text || memchr(text, '/', (size_t)(colon - text)))
		return;
	out->machine = xstrndup(text, (size_t)(colon - text));
	out->path = colon + 1;
}

static int check_sides(const struct copying *c, struct err *err)
{
	const struct side *inside = c->from.machine ? &c->from : &c->to;
	const struct side *host = c->from.machine ? &c->to : &c->from;

	if (!inside->machine) {
		err_set(err, ERR_USAGE, "neither '%s' nor '%s' is in a machine", c->from.path,
		        c->to.path);
		return err_hint(err, "prov cp FILE MACHINE:/PATH, or the other way round");
	}
	if (host->machine) {
		err_set(err, ERR_USAGE, "both '%s' and '%s' are machines", c->from.machine,
		        c->to.machine);
		return err_hint(err, "prov cp %s:%s - | prov cp - %s:%s", c->from.machine,
		        c->from.path, c->to.machine, c->to.path);
	}
	if (*inside->path != '/') {
		err_set(err, ERR_USAGE, "'%s' is no absolute path in '%s'", inside->path,
		        inside->machine);
		return err_hint(err, "%s:/%s", inside->machine, inside->path);
	}
	if (!*host->path)
		return err_set(err, ERR_USAGE, "the path of the host is empty");
	if (c->to.stream && isatty(STDOUT_FILENO))
		return err_set(err, ERR_USAGE, "an archive is nothing for a terminal: use > FILE");
	return 0;
}

/* The last part of a path, that a copy of it gets as its name. NULL: its content is meant ("dir/.",
 * ".", "/"). The caller frees. */
static char *own_name(const char *path)
{
	size_t n = strlen(path);

	while (n && path[n - 1] == '/')
		n--;
	size_t from = n;
	while (from && path[from - 1] != '/')
		from--;
	AUTO_FREE char *name = xstrndup(path + from, n - from);
	if (!*name || str_eq(name, ".") || str_eq(name, ".."))
		return NULL;
	return STEAL(name);
}

/* Into a folder that exists under its own name, else as what the destination says. */
static int destination(
        const char *from, const char *to, bool to_is_folder, char **out, struct err *err)
{
	AUTO_FREE char *name = own_name(from);

	if (!to_is_folder && str_ends(to, "/"))
		return err_set(err, ERR_MISSING, "there is no folder '%s'", to);
	*out = to_is_folder && name ? xasprintf("%s%s%s", to, str_ends(to, "/") ? "" : "/", name)
	                            : xstrdup(to);
	return 0;
}

struct heard {
	struct str error;
	bool broken; /* nobody reads standard output any more */
};

static void hear(void *ctx, int stream, const char *data, size_t n)
{
	struct heard *heard = ctx;

	if (stream == 2 && heard->error.len < 2000)
		str_addn(&heard->error, data, n > 2000 ? 2000 : n);
	if (stream == 1 && !heard->broken)
		heard->broken = io_write_all(STDOUT_FILENO, data, n, NULL) < 0;
}

/* Runs a command inside; *status is its exit code, its first words of complaint are in *said. */
static int inside(const struct copying *c, const char *const *argv, int in_fd, int *status,
        struct str *said, struct err *err)
{
	struct heard heard = {0};
	const struct transport_cmd cmd = {.argv = argv,
	        .cwd = "/",
	        .in_fd = in_fd,
	        .out_fd = -1,
	        .err_fd = -1,
	        .output = hear,
	        .ctx = &heard,
	        .stop = c->cli->stop};
	int rc = c->t->ops->run(c->t, &cmd, status, err);

	if (rc == 0 && heard.broken)
		rc = err_set(err, ERR_FAILED, "standard output was closed");
	if (said)
		str_addn(said, str_text(&heard.error), strcspn(str_text(&heard.error), "\n"));
	str_clear(&heard.error);
	return rc;
}

static int is_folder_inside(const struct copying *c, const char *path, bool *out, struct err *err)
{
	const char *const argv[] = {"test", "-d", path, NULL};
	int status;

	if (inside(c, argv, -1, &status, NULL, err) < 0)
		return -1;
	*out = status == 0;
	return 0;
}

/* The archive goes through as it is. */
static int run_tar(const struct copying *c, const char *const *argv, int in_fd, struct err *err)
{
	AUTO_STR said = {0};
	int status;

	if (inside(c, argv, in_fd, &status, &said, err) < 0)
		return -1;
	if (status == 0)
		return 0;
	AUTO_FREE char *code = proc_code_text(status);
	return err_set(err, ERR_FAILED, "tar in '%s' exited with %s%s%s",
	        c->from.machine ? c->from.machine : c->to.machine, code, said.len ? ": " : "",
	        str_text(&said));
}

/* The name stands in the archive, so that the other end makes it; of "dir/." only the content. */
static int stream_out(const struct copying *c, struct err *err)
{
	AUTO_FREE char *name = own_name(c->from.path);
	AUTO_FREE char *folder = xstrdup(c->from.path);

	while (name && str_ends(folder, "/"))
		folder[strlen(folder) - 1] = '\0';
	if (name)
		strrchr(folder, '/')[1] = '\0';
	const char *const argv[] = {"tar", "-C", folder, "-cf", "-", "--", name ? name : ".", NULL};
	return run_tar(c, argv, -1, err);
}

static int stream_in(const struct copying *c, struct err *err)
{
	const char *const argv[] = {"tar", "-C", c->to.path, "-xpf", "-", NULL};
	bool is_folder;

	if (is_folder_inside(c, c->to.path, &is_folder, err) < 0)
		return -1;
	if (!is_folder)
		return err_set(err, ERR_MISSING, "there is no folder '%s' in '%s'", c->to.path,
		        c->to.machine);
	return run_tar(c, argv, STDIN_FILENO, err);
}

static void say_skipped(const struct strv *skipped)
{
	for (size_t i = 0; i < skipped->n; i++) {
		AUTO_STR shown = {0};
		str_add_escaped(&shown, skipped->v[i], strlen(skipped->v[i]));
		fprintf(stderr, "note: '%s' is not copied: neither a file nor a folder\n",
		        str_text(&shown));
	}
}

static int put(const struct copying *c, struct err *err)
{
	AUTO_FREE char *to = NULL;
	AUTO_STRV skipped = {0};
	bool is_folder;

	if (is_folder_inside(c, c->to.path, &is_folder, err) < 0 ||
	        destination(c->from.path, c->to.path, is_folder, &to, err) < 0)
		return -1;
	const struct transport_file file = {.source = c->from.path,
	        .destination = to,
	        .mode = -1,
	        .owner = cli_value(c->cli, "owner"),
	        .skipped = &skipped,
	        .no_follow = !cli_has(c->cli, "follow-link")};
	int rc = c->t->ops->put(c->t, &file, err);
	say_skipped(&skipped);
	if (rc < 0 && str_ends(err->message, "is a symbolic link"))
		return err_hint(err, "-L copies what it points to");
	return rc;
}

static int get(const struct copying *c, struct err *err)
{
	AUTO_FREE char *to = NULL;

	if (destination(c->from.path, c->to.path, fs_is_dir(c->to.path), &to, err) < 0)
		return -1;
	const struct transport_file file = {.source = c->from.path, .destination = to, .mode = -1};
	return c->t->ops->get(c->t, &file, err);
}

static int copy(struct copying *c, const struct looked_at *m, struct err *err)
{
	if (look_running(m, false, err) < 0)
		return -1;
	if (m->access.provider->connect(m->access.session, CONNECT_NS, c->cli->stop, &c->t, err) <
	        0)
		return -1;
	int rc = c->from.stream ? stream_in(c, err)
	        : c->to.stream  ? stream_out(c, err)
	        : c->to.machine ? put(c, err)
	                        : get(c, err);
	c->t->ops->close(c->t);
	return rc;
}

static int run_with(struct cli *cli, struct copying *c)
{
	const char *machine = c->from.machine ? c->from.machine : c->to.machine;
	struct err err = {0};
	struct look look = {0};
	struct machine *one;

	if (check_sides(c, &err) < 0)
		return cli_fail(cli, &err);
	strv_clear(&cli->operands);
	strv_add(&cli->operands, machine);
	int code = look_open(cli, &look);
	if (code == 0 && lab_select_one(&look.lab, machine, &one, &err) < 0)
		code = cli_fail(cli, &err);
	if (code == 0 && copy(c, &look.v[0], &err) < 0)
		code = cli_fail(cli, &err);
	look_close(&look);
	return code;
}

static int run(struct cli *cli)
{
	AUTO_STRV operands = {0};
	struct copying c = {.cli = cli};
	int code = cli_check_operands(cli, 2, 2);

	if (code)
		return code;
	/* The machine's name becomes the only operand. */
	strv_copy(&operands, &cli->operands);
	split(operands.v[0], &c.from);
	split(operands.v[1], &c.to);
	code = run_with(cli, &c);
	free(c.from.machine);
	free(c.to.machine);
	return code;
}

static const struct option_row options[] = {
        {0, "owner", "USER[:GROUP]", "who owns in the machine what is copied there (root)"},
        {'L', "follow-link", NULL, "copy what a symbolic link of the host points to"},
};

const struct command cmd_cp = {
        .name = "cp",
        .usage = "SOURCE DESTINATION",
        .summary = "copy files and folders between the host and a machine (MACHINE:/PATH)",
        .options = options,
        .n_options = ARRAY_SIZE(options),
        .run = run,
};
