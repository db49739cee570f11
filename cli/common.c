#include "cli/cli.h"

#include "base/io.h"
#include "cli/sink.h"
#include "core/spec_changes.h"
#include "lab/limits.h"
#include "lab/network/published.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int cli_fail(const struct cli *cli, const struct err *err)
{
	int code = err_exit_code(err);
	AUTO_STR message = {0}, hint = {0};

	/* Some of it may be a guest's words. */
	str_add_escaped(&message, err->message, strlen(err->message));
	str_add_escaped(&hint, err->hint, strlen(err->hint));
	fprintf(stderr, "prov: %s\n", str_text(&message));
	if (hint.len)
		fprintf(stderr, "  hint: %s\n", str_text(&hint));
	if (err->kind == ERR_INTERRUPTED && cli->stop_signal && *cli->stop_signal == SIGTERM)
		code = 143;
	return code;
}

int cli_fail_usage(const struct cli *cli, const char *fmt, ...)
{
	AUTO_STR escaped = {0};
	struct err err;
	va_list ap;

	va_start(ap, fmt);
	AUTO_FREE char *text = xvasprintf(fmt, ap);
	va_end(ap);
	str_add_escaped(&escaped, text, strlen(text));
	err_set(&err, ERR_USAGE, "%s", str_text(&escaped));
	if (cli->command && *cli->command->name)
		err_hint(&err, "prov help %s", cli->command->name);
	return cli_fail(cli, &err);
}

int cli_failed(const struct cli *cli, const struct err *err)
{
	return err->kind == ERR_INTERRUPTED ? cli_fail(cli, err) : err_exit_code(err);
}

void cli_print(const struct str *text)
{
	if (io_write_all(STDOUT_FILENO, str_text(text), text->len, NULL) < 0)
		_exit(1); /* nobody reads: there is nothing left to say it to */
}

int cli_print_json(void *json)
{
	AUTO_FREE char *text = json_dumps(json, JSON_INDENT(2));
	AUTO_STR out = {0};

	str_addf(&out, "%s\n", text ? text : "null");
	json_decref(json);
	cli_print(&out);
	return 0;
}

size_t cli_screen_width(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

char *cli_size_text(int64_t bytes)
{
	AUTO_STR text = {0};

	if (bytes < 0)
		return xstrdup("-");
	str_add_size(&text, bytes);
	return str_steal(&text);
}

int cli_check_operands(const struct cli *cli, size_t min, size_t max)
{
	if (cli->operands.n < min)
		return cli_fail_usage(
		        cli, "'%s' needs %s", cli->command->name, cli->command->usage);
	if (cli->operands.n > max)
		return cli_fail_usage(cli, "'%s' takes nothing behind '%s'", cli->command->name,
		        max ? cli->operands.v[max - 1] : cli->command->name);
	return 0;
}

/* FILE:LINE:COLUMN, as editors take it; the path as seen from the working folder. */
void cli_print_problems(const struct lab *lab, const struct problems *problems)
{
	AUTO_FREE char *cwd = get_current_dir_name();
	const char *file = lab->file ? lab->file : "prov.yaml";
	size_t n = cwd ? strlen(cwd) : 0;

	if (n && strncmp(file, cwd, n) == 0 && file[n] == '/')
		file += n + 1;
	for (size_t i = 0; i < problems->n; i++) {
		const struct problem *p = &problems->rows[i];
		fprintf(stderr, "%s:%d:%d: %s\n", file, p->line, p->column, p->text);
		if (p->hint && *p->hint)
			fprintf(stderr, "  hint: %s\n", p->hint);
	}
}

const char *cli_provider(const struct cli *cli)
{
	const char *provider = cli_value(cli, "provider");

	return provider ? provider : getenv("PROV_PROVIDER");
}

void cli_edited(const struct machine *m, struct str *out)
{
	struct machine_spec stored;

	if (!m->state.exists || !m->in_file || !m->state.spec ||
	        spec_read(m->state.spec, &stored, NULL) < 0)
		return;
	spec_changes(&stored, &m->spec, out);
	spec_clear(&stored);
}

void cli_note_memory(struct machine *const *machines, size_t n)
{
	AUTO_FREE char *text = limits_beyond_host("", machines, n);

	if (text)
		fprintf(stderr, "note: %s\n", text);
}

int cli_no_file(const struct lab *lab, struct err *err)
{
	err_set(err, ERR_CONFIG, "lab '%s' has no prov.yaml any more", lab->name);
	return err_hint(err, "its folder was '%s'; halt and destroy work without it",
	        lab->folder ? lab->folder : "not recorded");
}

static int open_with(const struct cli *cli, struct lab_options options, bool aloud, struct lab *lab,
        struct err *err)
{
	struct problems problems = {0};

	options.file = cli_value(cli, "file");
	options.lab_id = cli_value(cli, "lab");
	options.provider = cli_provider(cli);
	int rc = lab_open(&options, lab, &problems, err);
	if (rc < 0 && aloud)
		cli_print_problems(lab, &problems);
	if (rc == 0 && lab->notice)
		fprintf(stderr, "note: %s\n", lab->notice);
	problems_clear(&problems);
	if (rc < 0)
		lab_clear(lab);
	return rc;
}

int cli_open_lab(const struct cli *cli, struct lab *lab)
{
	struct err err = {0};

	return open_with(cli, (struct lab_options){0}, true, lab, &err) < 0 ? cli_fail(cli, &err)
	                                                                    : 0;
}

int cli_open_file(const struct cli *cli, struct lab *lab)
{
	struct err err = {0};

	return open_with(cli, (struct lab_options){.file_only = true}, true, lab, &err) < 0
	        ? cli_fail(cli, &err)
	        : 0;
}

int cli_open_lab_anyhow(const struct cli *cli, struct lab *lab)
{
	return cli_open_lab_for(cli, NULL, lab);
}

int cli_open_lab_for(const struct cli *cli, const char *machine, struct lab *lab)
{
	struct err err = {0}, why;

	if (open_with(cli, (struct lab_options){.only = machine}, false, lab, &err) == 0)
		return 0;
	why = err;
	if (why.kind != ERR_CONFIG ||
	        open_with(cli, (struct lab_options){.journal_only = true, .only = machine}, true,
	                lab, &err) < 0)
		return cli_fail(cli, &err);
	if (lab->file)
		fprintf(stderr,
		        "note: %s; prov validate says why. What follows is from the "
		        "journals\n",
		        why.message);
	return 0;
}

struct event_sink *cli_sink(const struct cli *cli)
{
	if (cli_has(cli, "events"))
		return sink_json(STDOUT_FILENO);
	if (isatty(STDERR_FILENO) && !cli_has(cli, "quiet"))
		return sink_terminal(STDERR_FILENO);
	return sink_plain(STDERR_FILENO, cli_has(cli, "quiet"));
}

static void print_outcome(const struct outcome *o, const char *verb)
{
	cli_print_json(json_pack("{s:i, s:s, s:i, s:i, s:i, s:i, s:i}", "schema", 1, "verb", verb,
	        "changed", (int)o->changed, "unchanged", (int)o->unchanged, "failed",
	        (int)o->failed, "interrupted", (int)o->interrupted, "skipped", (int)o->skipped));
}

static void say_outcome(const struct outcome *o, const char *verb)
{
	if (o->unchanged && !o->changed && !o->failed && !o->interrupted && !o->skipped) {
		fprintf(stderr, "%s: nothing to do, %zu machine%s unchanged\n", verb, o->unchanged,
		        o->unchanged == 1 ? "" : "s");
		return;
	}
	fprintf(stderr, "%s: %zu done, %zu unchanged", verb, o->changed, o->unchanged);
	if (o->failed)
		fprintf(stderr, ", %zu failed", o->failed);
	if (o->interrupted)
		fprintf(stderr, ", %zu interrupted", o->interrupted);
	if (o->skipped)
		fprintf(stderr, ", %zu skipped", o->skipped);
	fprintf(stderr, "\n");
}

int cli_run_verb(const struct cli *cli, struct lab *lab, const struct verb *verb,
        struct machine *const *chosen, size_t n, const struct verb_options *options,
        struct event_sink *sink)
{
	struct job pattern = {
	        .providers = cli->providers,
	        .lab = lab,
	        .options = options,
	        .stop = cli->stop,
	};
	struct watch watch = {.sink = sink, .stop = cli->stop};
	struct outcome outcome = {0};
	struct err err = {0};

	int rc = workers_run(&pattern, verb, chosen, n, &watch, &outcome, &err);
	if (cli_has(cli, "json"))
		print_outcome(&outcome, verb->name);
	else if (!cli_has(cli, "quiet") && !cli_has(cli, "events") && n)
		say_outcome(&outcome, verb->name);
	return rc < 0               ? cli_fail(cli, &err)
	        : outcome.exit_code ? outcome.exit_code
	        : outcome.skipped   ? 1
	                            : 0;
}

/* Who asks for a port of a halted machine is refused at once, also where only some were halted. */
static int unpublish(const struct cli *cli, struct lab *lab, struct event_sink *sink, int code)
{
	struct err err = {0};

	if (!published_now(lab) || lab_ports_up(lab, (struct ports_who){0}, sink, NULL, &err) == 0)
		return code;
	return code ? code : cli_failed(cli, &err);
}

int cli_verb_by_journals(const struct cli *cli, const struct verb *verb)
{
	struct lab lab = {0};
	struct err err = {0};
	struct verb_options options = {.named = cli->operands.n > 0};
	AUTO_FREE struct machine **chosen = NULL;
	size_t n = 0;
	int code = cli_open_lab_anyhow(cli, &lab);

	if (code)
		return code;
	if (lab_select(&lab, &cli->operands, &chosen, &n, &err) < 0 ||
	        (lab.id && lab_lock(&lab, &err) < 0) ||
	        cli_number(cli, "parallel", 1, 0, &options.parallel, &err) < 0) {
		code = cli_fail(cli, &err);
	} else {
		struct event_sink *sink = cli_sink(cli);
		code = cli_run_verb(cli, &lab, verb, chosen, n, &options, sink);
		if (verb == &verb_halt)
			code = unpublish(cli, &lab, sink, code);
		sink->close(sink);
	}
	lab_clear(&lab);
	return code;
}

void cli_hold_signals(sigset_t *before)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, before);
}
