/* logs: what PID 1 or the serial console printed, or what the provisioners did; kept by the machine
 * however it is now. */
#include "cli/look.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/jsontext.h"
#include "cli/log_reader.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How long the last words of an ended machine may take to be written. The writer of a console log
 * closes it then, so this is for one that hangs; who writes that of the provisioners is not told.
 */
#define LAST_WORDS_NS     INT64_C(10000000000)
#define LAST_PROVISION_NS INT64_C(1000000000)
enum { FLUSH_FROM = 65536 };

struct source {
	const struct looked_at *machine;
	struct log_reader reader;
	int pidfd;           /* of PID 1 or QEMU; -1: it has ended, or cannot be watched */
	int64_t deadline_ns; /* of its last words; 0: it runs */
	bool over;
	const char *log; /* "console" or "provision" */
	bool prefix, terminal, json;
	struct str *out;
};

static void flush(struct str *out)
{
	cli_print(out);
	str_reset(out);
}

static void add_json(const struct source *s, const char *text, size_t n)
{
	json_t *object = json_pack("{s:i, s:s, s:s}", "schema", 1, "machine",
	        s->machine->machine->spec.selector, "log", s->log);

	json_put_text(object, "line", text, n);
	AUTO_FREE char *line = json_dumps(object, JSON_COMPACT);
	str_addf(s->out, "%s\n", line);
	json_decref(object);
}

/* A guest's words: on a terminal they must not steer it. */
static void on_line(void *ctx, const char *text, size_t n)
{
	const struct source *s = ctx;

	if (s->json) {
		add_json(s, text, n);
	} else {
		if (s->prefix)
			str_addf(s->out, "%s | ", s->machine->machine->spec.selector);
		while (s->terminal && n && text[n - 1] == '\r')
			n--;
		if (s->terminal)
			str_add_escaped(s->out, text, n);
		else
			str_addn(s->out, text, n);
		str_add(s->out, "\n");
	}
	if (s->out->len >= FLUSH_FROM)
		flush(s->out);
}

static int lines_wanted(const struct cli *cli, size_t *out, struct err *err)
{
	int n;

	if (cli_number(cli, "lines", 0, -1, &n, err) < 0)
		return -1;
	*out = n < 0 ? SIZE_MAX : (size_t)n;
	return 0;
}

static int open_source(
        const struct cli *cli, const struct look *look, size_t i, struct source *s, struct err *err)
{
	const struct looked_at *m = &look->v[i];
	const struct names *names = &m->machine->names;
	bool provision = cli_has(cli, "provision");

	s->machine = m;
	s->pidfd = -1;
	s->log = provision ? "provision" : "console";
	s->prefix = look->n > 1;
	s->terminal = isatty(STDOUT_FILENO);
	s->json = cli_has(cli, "json");
	log_reader_init(&s->reader, provision ? names->logs : names->console, on_line, s);
	if (!m->machine->state.exists)
		return look_running(m, true, err);
	/* Before the first look at the file: what ends afterwards is noticed. */
	if (cli_has(cli, "follow") && look_running(m, true, NULL) == 0) {
		if (m->access.world.pid)
			s->pidfd = (int)syscall(SYS_pidfd_open, m->access.world.pid, 0);
		s->over = m->access.world.pid && s->pidfd < 0;
		return log_reader_watch(&s->reader, err);
	}
	s->over = true;
	return 0;
}

static void say_empty(const struct source *s)
{
	if (s->over && s->reader.fd < 0 && !fs_exists(s->reader.path))
		fprintf(stderr, "note: '%s' has no %s log: nothing was printed\n",
		        s->machine->machine->spec.selector, s->log);
}

/* The end of the machine, then of its log. */
static void look_at_end(struct source *s, bool ended)
{
	if (ended) {
		util_close_fd(&s->pidfd);
		s->deadline_ns = clock_mono_ns() +
		        (str_eq(s->log, "console") ? LAST_WORDS_NS : LAST_PROVISION_NS);
	}
	if (s->deadline_ns && (s->reader.closed || clock_mono_ns() >= s->deadline_ns))
		s->over = true;
}

static int wait_ms(const struct source *v, size_t n)
{
	int64_t until = 0;

	for (size_t i = 0; i < n; i++)
		if (!v[i].over && v[i].deadline_ns && (!until || v[i].deadline_ns < until))
			until = v[i].deadline_ns;
	int64_t ms = until ? (until - clock_mono_ns()) / 1000000 + 1 : -1;
	return ms < 0 && until ? 0 : (int)ms;
}

static int wait_for_any(struct source *v, struct pollfd *fds, size_t n, const sigset_t *mask)
{
	int ms = wait_ms(v, n);
	struct timespec limit = {ms / 1000, ms % 1000 * 1000000};

	for (size_t i = 0; i < n; i++) {
		fds[2 * i] = (struct pollfd){v[i].over ? -1 : v[i].reader.watch, POLLIN, 0};
		fds[2 * i + 1] = (struct pollfd){v[i].over ? -1 : v[i].pidfd, POLLIN, 0};
	}
	return ppoll(fds, 2 * n, ms < 0 ? NULL : &limit, mask);
}

static bool all_over(const struct source *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!v[i].over)
			return false;
	return true;
}

/* Signals that stop prov arrive only while it waits, so that none is overlooked. */
static int follow(const struct cli *cli, struct source *v, size_t n, struct err *err)
{
	AUTO_FREE struct pollfd *fds = xcalloc(2 * n, sizeof(*fds));
	sigset_t before;

	cli_hold_signals(&before);
	int rc = 0;
	while (rc == 0 && !*cli->stop && !all_over(v, n)) {
		if (wait_for_any(v, fds, n, &before) < 0)
			continue;
		for (size_t i = 0; rc == 0 && i < n; i++) {
			if (fds[2 * i].revents)
				rc = log_reader_more(&v[i].reader, err);
			look_at_end(&v[i], fds[2 * i + 1].revents);
			if (rc == 0 && v[i].over)
				rc = log_reader_more(&v[i].reader, err);
		}
		flush(v->out);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (rc == 0 && *cli->stop)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	return rc;
}

static int show(struct cli *cli, struct look *look, struct source *v, struct err *err)
{
	size_t lines;

	if (lines_wanted(cli, &lines, err) < 0)
		return -1;
	for (size_t i = 0; i < look->n; i++)
		if (open_source(cli, look, i, &v[i], err) < 0)
			return -1;
	for (size_t i = 0; i < look->n; i++) {
		if (log_reader_print(&v[i].reader, lines, err) < 0)
			return -1;
		if (v[i].over)
			log_reader_flush(&v[i].reader);
		say_empty(&v[i]);
	}
	flush(v->out);
	if (follow(cli, v, look->n, err) < 0)
		return -1;
	for (size_t i = 0; i < look->n; i++)
		log_reader_flush(&v[i].reader);
	flush(v->out);
	return 0;
}

static int run(struct cli *cli)
{
	struct look look;
	struct err err = {0};
	AUTO_STR out = {0};
	int code = look_open(cli, &look);
	AUTO_FREE struct source *v = xcalloc(look.n + 1, sizeof(*v));

	for (size_t i = 0; i < look.n; i++)
		v[i] = (struct source){.out = &out, .pidfd = -1, .reader = {.fd = -1, .watch = -1}};
	if (code == 0 && show(cli, &look, v, &err) < 0)
		/* Ctrl-C is how one stops following: nothing failed that had to be said. */
		code = err.kind == ERR_INTERRUPTED
		        ? 128 + (cli->stop_signal ? *cli->stop_signal : SIGINT)
		        : cli_fail(cli, &err);
	for (size_t i = 0; i < look.n; i++) {
		log_reader_clear(&v[i].reader);
		util_close_fd(&v[i].pidfd);
	}
	look_close(&look);
	return code;
}

static const struct option_row options[] = {
        {'f', "follow", NULL, "go on with what is added, until the machine ends"},
        {'n', "lines", "N", "the last N lines only"},
        {0, "provision", NULL, "what the provisioners printed instead"},
};

const struct command cmd_logs = {
        .name = "logs",
        .usage = "[MACHINE…]",
        .summary = "show what PID 1 or the serial console printed",
        .options = options,
        .n_options = ARRAY_SIZE(options),
        .run = run,
};
