#include "oci/hooks.h"

#include "base/io.h"
#include "base/proc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SAID_MAX      600
#define NS_A_SECOND   1000000000
#define TIMEOUT_MAX_S 1000000

const char *hook_kind_name(enum hook_kind kind)
{
	static const char *const names[HOOK_KINDS] = {"prestart", "createRuntime",
	        "createContainer", "startContainer", "poststart", "poststop"};

	return names[kind];
}

static void hook_clear(struct hook *hook)
{
	free(hook->path);
	strv_clear(&hook->args);
	strv_clear(&hook->env);
}

void hooks_clear(struct hooks *hooks)
{
	for (size_t kind = 0; kind < HOOK_KINDS; kind++) {
		for (size_t i = 0; i < hooks->of[kind].n; i++)
			hook_clear(&hooks->of[kind].v[i]);
		free(hooks->of[kind].v);
	}
	*hooks = (struct hooks){0};
}

static int read_hook(const struct node *n, struct hook *out, struct err *err)
{
	struct node path = node_get(n, "path"), args = node_get(n, "args");
	struct node env = node_get(n, "env"), timeout = node_get(n, "timeout");
	const char *text = NULL;

	if (node_object(n, err) < 0 || node_need(&path, err) < 0 ||
	        node_text(&path, &text, err) < 0)
		return -1;
	if (text[0] != '/')
		return node_fail(&path, err, "'%s' is no absolute path", text);
	out->path = xstrdup(text);
	if (node_texts(&args, &out->args, err) < 0 || node_texts(&env, &out->env, err) < 0)
		return -1;
	if (!out->args.n)
		strv_add(&out->args, out->path);
	return node_int(&timeout, 1, TIMEOUT_MAX_S, &out->timeout_s, err);
}

static int read_list(const struct node *n, struct hook_list *out, struct err *err)
{
	if (node_array(n, err) < 0)
		return -1;
	size_t wanted = node_size(n);
	out->v = wanted ? xcalloc(wanted, sizeof(*out->v)) : NULL;
	for (size_t i = 0; i < wanted; i++) {
		struct node item = node_at(n, i);
		out->n = i + 1;
		if (node_need(&item, err) < 0 || read_hook(&item, &out->v[i], err) < 0)
			return -1;
	}
	return 0;
}

int hooks_read(const struct node *config, struct hooks *out, struct err *err)
{
	struct node hooks = node_get(config, "hooks");
	struct hooks read = {0};

	if (node_object(&hooks, err) < 0)
		return -1;
	for (enum hook_kind kind = 0; kind < HOOK_KINDS; kind++) {
		struct node list = node_get(&hooks, hook_kind_name(kind));
		if (read_list(&list, &read.of[kind], err) < 0) {
			hooks_clear(&read);
			return -1;
		}
	}
	*out = read;
	return 0;
}

/* A file, so that a hook that reads nothing blocks nobody. */
static int state_file(const char *text, struct err *err)
{
	AUTO_FD int fd = memfd_create("state", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "make a hook's standard input");
	if (io_write_all(fd, text, strlen(text), err) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "make a hook's standard input");
	return util_steal_fd(&fd);
}

static void keep_said(void *ctx, int stream, const char *data, size_t n)
{
	struct str *said = ctx;

	(void)stream;
	if (said->len < SAID_MAX)
		str_addn(said, data, n);
}

static int run_one(const struct hook *hook, const char *kind, const char *state, const char *cwd,
        struct err *err)
{
	static const char *const nothing[] = {NULL};
	AUTO_STR said = {0}, shown = {0};
	AUTO_FD int in = state_file(state, err);
	struct proc_cmd cmd = {.argv = (const char *const *)hook->args.v,
	        .path = hook->path,
	        .env = hook->env.n ? (const char *const *)hook->env.v : nothing,
	        .cwd = cwd,
	        .in_fd = in,
	        .out_fd = -1,
	        .err_fd = -1,
	        .output = keep_said,
	        .ctx = &said,
	        .timeout_ns = hook->timeout_s * NS_A_SECOND};
	int status;

	if (in < 0)
		return -1;
	if (proc_run(&cmd, &status, err) < 0)
		return err_wrap(err, "%s hook '%s'", kind, hook->path);
	if (status == 0)
		return 0;
	size_t n = said.len < SAID_MAX ? said.len : SAID_MAX;
	while (n && said.buf[n - 1] == '\n')
		n--;
	str_add_escaped(&shown, str_text(&said), n);
	return err_set(err, ERR_FAILED, "%s hook '%s' exited with %d%s%s", kind, hook->path, status,
	        n ? ": " : "", str_text(&shown));
}

int hooks_run(const struct hooks *hooks, enum hook_kind kind, json_t *state, const char *cwd,
        hooks_warn_fn warn, void *ctx, struct err *err)
{
	const struct hook_list *list = &hooks->of[kind];
	AUTO_FREE char *text = list->n ? json_dumps(state, JSON_COMPACT) : NULL;

	for (size_t i = 0; i < list->n; i++) {
		struct err why = {0};

		if (run_one(&list->v[i], hook_kind_name(kind), text, cwd, &why) == 0)
			continue;
		if (!warn) {
			if (err)
				*err = why;
			return -1;
		}
		warn(ctx, &why);
	}
	return 0;
}
