/* A transport that writes down what it is told and answers as scripted by fake_answer. */
#include "base/fs.h"
#include "base/io.h"
#include "core/transport.h"
#include "tests/fake/fake_provider.h"
#include "tests/fake/fake_world.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fake {
	struct transport transport;
	char *selector;
};

static json_t *load_answers(const char *path)
{
	json_t *list = json_load_file(path, 0, NULL);

	return list ? list : json_array();
}

void fake_answer(const char *part, int status, const char *output)
{
	AUTO_FREE char *path = fake_path("answers");
	json_t *list = load_answers(path);

	json_array_append_new(list,
	        json_pack("{s:s, s:i, s:s}", "part", part, "status", status, "output", output));
	if (json_dump_file(list, path, 0) < 0)
		abort();
	json_decref(list);
}

static void say(const struct transport_cmd *cmd, const char *text)
{
	size_t n = strlen(text);

	if (cmd->output && n)
		cmd->output(cmd->ctx, 1, text, n);
	else if (!cmd->output && cmd->out_fd >= 0 && io_write_all(cmd->out_fd, text, n, NULL) < 0)
		abort();
}

/* The words, then what a provisioner sends to standard input. */
static void command_text(const struct transport_cmd *cmd, struct str *out)
{
	char buf[4096];
	ssize_t n;

	for (size_t i = 0; cmd->argv && cmd->argv[i]; i++)
		str_addf(out, "%s%s", i ? " " : "", cmd->argv[i]);
	while (cmd->in_fd >= 0 && (n = read(cmd->in_fd, buf, sizeof(buf))) > 0)
		str_addn(out, buf, (size_t)n);
}

static int run(struct transport *t, const struct transport_cmd *cmd, int *status, struct err *err)
{
	struct fake *self = (struct fake *)t;
	AUTO_FREE char *path = fake_path("answers");
	AUTO_STR words = {0}, shown = {0};
	json_t *list = load_answers(path);

	(void)err;
	command_text(cmd, &words);
	str_add_escaped(&shown, str_text(&words), words.len);
	fake_logf("run %s %s", self->selector, str_text(&shown));
	*status = 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *row = json_array_get(list, i);
		const char *part = json_string_value(json_object_get(row, "part"));
		if (!strstr(str_text(&words), part))
			continue;
		*status = (int)json_integer_value(json_object_get(row, "status"));
		say(cmd, json_string_value(json_object_get(row, "output")));
		break;
	}
	json_decref(list);
	return 0;
}

static int put(struct transport *t, const struct transport_file *file, struct err *err)
{
	struct fake *self = (struct fake *)t;

	if (!fs_exists(file->source))
		return err_set(err, ERR_MISSING, "there is no '%s'", file->source);
	fake_logf("put %s %s %s", self->selector, file->source, file->destination);
	return 0;
}

static int get(struct transport *t, const struct transport_file *file, struct err *err)
{
	struct fake *self = (struct fake *)t;

	fake_logf("get %s %s %s", self->selector, file->source, file->destination);
	return fs_replace(file->destination, "fake\n", 5, 0644, err);
}

static void close_transport(struct transport *t)
{
	struct fake *self = (struct fake *)t;

	fake_logf("close %s", self->selector);
	free(self->selector);
	free(self);
}

struct transport *fake_transport(const char *selector)
{
	static const struct transport_ops ops = {
	        .run = run, .put = put, .get = get, .shell = run, .close = close_transport};
	struct fake *self = xcalloc(1, sizeof(*self));

	self->transport.ops = &ops;
	self->selector = xstrdup(selector);
	return &self->transport;
}
