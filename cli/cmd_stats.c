/* stats: what machines of both kinds use now, as the host sees it. */
#include "cli/look.h"

#include "base/clock.h"
#include "base/table.h"
#include "cli/redraw.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_WAIT_NS INT64_C(2000000000)
#define FIRST_WAIT_NS   INT64_C(500000000) /* CPU time is a difference */

struct sample {
	bool running;
	enum machine_state state;
	int64_t at_ns;
	struct usage use;
	double cpu; /* % of one CPU; -1: not known */
};

/* A machine that cannot be measured does not run, or does no longer. */
static void measure(const struct looked_at *m, struct sample *s)
{
	const struct sample before = *s;
	struct status world;

	*s = (struct sample){.state = m->access.world.state, .cpu = -1};
	usage_init(&s->use);
	if (!m->opened)
		return;
	if (m->access.provider->inspect(m->access.session, &world, NULL) == 0)
		s->state = world.state;
	if (s->state != MACHINE_RUNNING && s->state != MACHINE_SUSPENDED)
		return;
	s->running = m->access.provider->usage(m->access.session, &s->use, NULL) == 0;
	s->at_ns = clock_mono_ns();
	if (s->running && before.running && before.use.cpu_ns >= 0 &&
	        s->use.cpu_ns >= before.use.cpu_ns && s->at_ns > before.at_ns)
		s->cpu = 100.0 * (double)(s->use.cpu_ns - before.use.cpu_ns) /
		        (double)(s->at_ns - before.at_ns);
}

static void cell_size(struct table *t, int64_t bytes)
{
	AUTO_STR text = {0};

	if (bytes >= 0)
		str_add_size(&text, bytes);
	table_cell(t, bytes >= 0 ? str_text(&text) : NULL);
}

static void cell_count(struct table *t, int64_t n, int64_t limit)
{
	AUTO_STR text = {0};

	if (n >= 0)
		str_addf(&text, "%lld", (long long)n);
	if (n >= 0 && limit >= 0)
		str_addf(&text, "/%lld", (long long)limit);
	table_cell(t, text.len ? str_text(&text) : NULL);
}

static void add_row(struct table *t, const struct looked_at *m, const struct sample *s)
{
	const struct usage *u = &s->use;
	char cpu[24], share[24];

	snprintf(cpu, sizeof(cpu), "%.1f", s->cpu);
	snprintf(share, sizeof(share), "%.1f",
	        100.0 * (double)u->memory_bytes / (double)u->memory_limit_bytes);
	table_cell(t, m->machine->spec.selector);
	table_cell(t, machine_state_name(s->state));
	table_cell(t, s->cpu >= 0 ? cpu : NULL);
	cell_size(t, u->memory_bytes);
	cell_size(t, u->memory_limit_bytes);
	table_cell(t, u->memory_bytes >= 0 && u->memory_limit_bytes > 0 ? share : NULL);
	cell_size(t, u->swap_bytes);
	cell_size(t, u->net_received_bytes);
	cell_size(t, u->net_sent_bytes);
	cell_size(t, u->io_read_bytes);
	cell_size(t, u->io_written_bytes);
	cell_count(t, u->pids, u->pids_limit);
	cell_count(t, u->oom_kills, -1);
}

static void print_table(const struct look *look, const struct sample *v, struct redraw *r)
{
	static const char *const heads[] = {"MACHINE", "STATE", "CPU %", "MEMORY", "LIMIT", "MEM %",
	        "SWAP", "NET RX", "NET TX", "READ", "WRITTEN", "PIDS", "OOM"};
	struct table t;
	AUTO_STR out = {0};

	table_init(&t, ARRAY_SIZE(heads));
	table_cells(&t, heads);
	for (size_t i = 0; i < look->n; i++)
		add_row(&t, &look->v[i], &v[i]);
	table_print(&t, &out);
	table_clear(&t);
	redraw_show(r, &out);
}

static void put(json_t *object, const char *key, int64_t value)
{
	json_object_set_new(object, key, value < 0 ? json_null() : json_integer(value));
}

static json_t *row_json(const struct looked_at *m, const struct sample *s)
{
	const struct usage *u = &s->use;
	const struct {
		const char *key;
		int64_t value;
	} rows[] = {
	        {"cpu_ns", u->cpu_ns},
	        {"cpu_user_ns", u->cpu_user_ns},
	        {"cpu_system_ns", u->cpu_system_ns},
	        {"memory_bytes", u->memory_bytes},
	        {"memory_limit_bytes", u->memory_limit_bytes},
	        {"swap_bytes", u->swap_bytes},
	        {"net_received_bytes", u->net_received_bytes},
	        {"net_sent_bytes", u->net_sent_bytes},
	        {"io_read_bytes", u->io_read_bytes},
	        {"io_written_bytes", u->io_written_bytes},
	        {"pids", u->pids},
	        {"pids_limit", u->pids_limit},
	        {"oom_kills", u->oom_kills},
	};
	json_t *out = json_pack("{s:s, s:s, s:o, s:s}", "name", m->machine->spec.selector, "state",
	        machine_state_name(s->state), "cpu_percent",
	        s->cpu >= 0 ? json_real(s->cpu) : json_null(), "memory_measured_as", u->method);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		put(out, rows[i].key, rows[i].value);
	return out;
}

/* A line for each sample, so that a program can read them as they come. */
static void print_json(const struct look *look, const struct sample *v)
{
	json_t *list = json_array();
	AUTO_STR out = {0};

	for (size_t i = 0; i < look->n; i++)
		json_array_append_new(list, row_json(&look->v[i], &v[i]));
	json_t *all = json_pack("{s:i, s:I, s:o}", "schema", 1, "time_ns",
	        (json_int_t)clock_wall_ns(), "machines", list);
	AUTO_FREE char *text = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	str_addf(&out, "%s\n", text);
	cli_print(&out);
}

static void show(const struct cli *cli, const struct look *look, int64_t interval_ns)
{
	AUTO_FREE struct sample *v = xcalloc(look->n + 1, sizeof(*v));
	bool once = cli_has(cli, "once");
	struct redraw r;

	redraw_begin(&r);
	for (size_t i = 0; i < look->n; i++)
		measure(&look->v[i], &v[i]);
	/* The first picture comes soon, whatever the interval. */
	int64_t wait = interval_ns < FIRST_WAIT_NS ? interval_ns : FIRST_WAIT_NS;
	while (!redraw_pause(cli, wait)) {
		for (size_t i = 0; i < look->n; i++)
			measure(&look->v[i], &v[i]);
		if (cli_has(cli, "json"))
			print_json(look, v);
		else
			print_table(look, v, &r);
		if (once)
			break;
		wait = interval_ns;
	}
}

static int run(struct cli *cli)
{
	struct look look = {0};
	struct err err = {0};
	int64_t interval_ns;

	if (redraw_interval(cli, "interval", DEFAULT_WAIT_NS, &interval_ns, &err) < 0)
		return cli_fail(cli, &err);
	int code = look_open(cli, &look);
	if (code == 0)
		show(cli, &look, interval_ns);
	look_close(&look);
	return code == 0 && *cli->stop ? redraw_stopped(cli) : code;
}

static const struct option_row options[] = {
        {'1', "once", NULL, "one sample over half a second, then end"},
        {0, "interval", "SECONDS", "the time between two samples (2)"},
};

const struct command cmd_stats = {
        .name = "stats",
        .usage = "[MACHINE…]",
        .summary = "show live what machines use: processor, memory, network, disk",
        .options = options,
        .n_options = ARRAY_SIZE(options),
        .run = run,
};
