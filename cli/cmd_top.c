/* top: the processes of a machine. Of a container the host sees them too, so each has two numbers;
 * of a virtual machine only its own ps does. */
#include "cli/look.h"

#include "base/clock.h"
#include "base/proc.h"
#include "base/table.h"
#include "cli/redraw.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS       INT64_C(1000000000)
#define CONNECT_NS      (30 * SECOND_NS)
#define PS_LIMIT_NS     (30 * SECOND_NS)
#define DEFAULT_WAIT_NS (2 * SECOND_NS)

struct row {
	const char *machine;
	pid_t host, inside; /* 0: not seen from the host */
	char *user, *command;
	char state;
	double cpu;     /* % of one CPU; -1: not known */
	int64_t cpu_ns; /* -1: not known */
	int64_t memory_bytes;
};
struct rows {
	struct row *v;
	size_t n;
};

static void rows_clear(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		free(rows->v[i].user);
		free(rows->v[i].command);
	}
	free(rows->v);
	*rows = (struct rows){0};
}

static void add_row(struct rows *rows, struct row row)
{
	rows->v = xrealloc(rows->v, rows->n + 1, sizeof(*rows->v));
	rows->v[rows->n++] = row;
}

static int64_t since_boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* What the process has used of one CPU since the last look; since it began where there was none. */
static double cpu_percent(
        const struct procfs_process *p, const struct rows *before, int64_t apart_ns)
{
	int64_t used = p->cpu_ns, during = since_boot_ns() - p->started_ns;

	for (size_t i = 0; i < before->n; i++)
		if (before->v[i].host == p->pid && before->v[i].cpu_ns <= p->cpu_ns) {
			used = p->cpu_ns - before->v[i].cpu_ns;
			during = apart_ns;
		}
	return during > 0 ? 100.0 * (double)used / (double)during : 0;
}

static int seen_from_host(const struct looked_at *m, const struct rows *before, int64_t apart_ns,
        struct rows *out, struct err *err)
{
	struct machine_process *v;
	size_t n;

	if (m->access.provider->processes(m->access.session, &v, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		add_row(out,
		        (struct row){.machine = m->machine->spec.selector,
		                .host = v[i].p.pid,
		                .inside = v[i].p.inside,
		                .user = xstrdup(v[i].user),
		                .command = xstrdup(v[i].p.command),
		                .state = v[i].p.state,
		                .cpu = cpu_percent(&v[i].p, before, apart_ns),
		                .cpu_ns = v[i].p.cpu_ns,
		                .memory_bytes = v[i].p.memory_bytes});
	machine_processes_free(v, n);
	return 0;
}

/* "[DD-]HH:MM:SS" of procps. */
static int64_t time_ns(const char *text)
{
	int64_t seconds = 0, part = 0, days = 0;

	for (; *text; text++) {
		if (isdigit((unsigned char)*text)) {
			part = part * 10 + (*text - '0');
		} else if (*text == '-') {
			days = part;
			part = 0;
		} else if (*text == ':') {
			seconds = (seconds + part) * 60;
			part = 0;
		}
	}
	return (days * 86400 + seconds + part) * SECOND_NS;
}

/* KiB, or with BusyBox "12m". */
static int64_t size_bytes(const char *text)
{
	char *end;
	int64_t n = strtoll(text, &end, 10);

	return n << (*end == 'm' ? 20 : *end == 'g' ? 30 : 10);
}

static void take_ps_line(const struct looked_at *m, const char *line, struct rows *out)
{
	char user[65], size[24], time[24]; /* with BusyBox, which has no times, the state */
	int pid, used = 0;

	if (sscanf(line, " %d %64s %23s %23s %n", &pid, user, size, time, &used) != 4 || !used)
		return;
	bool has_time = strchr(time, ':');
	add_row(out,
	        (struct row){.machine = m->machine->spec.selector,
	                .inside = pid,
	                .user = xstrdup(user),
	                .command = xstrdup(line + used),
	                .state = has_time ? '-' : *time,
	                .cpu = -1,
	                .cpu_ns = has_time ? time_ns(time) : -1,
	                .memory_bytes = size_bytes(size)});
}

static int seen_from_inside(
        const struct cli *cli, const struct looked_at *m, struct rows *out, struct err *err)
{
	static const char *const argv[] = {"sh", "-c",
	        "ps -e -o pid,user:32,rss,time,args 2>/dev/null || ps -o pid,user,rss,stat,args",
	        NULL};
	AUTO_STR text = {0};
	struct transport *t;
	const struct transport_cmd cmd = {.argv = argv,
	        .cwd = "/",
	        .in_fd = -1,
	        .timeout_ns = PS_LIMIT_NS,
	        .stop = cli->stop};

	if (m->access.provider->connect(m->access.session, CONNECT_NS, cli->stop, &t, err) < 0)
		return -1;
	int rc = transport_ask(t, &cmd, &text, NULL, err);
	t->ops->close(t);
	if (rc > 0) {
		AUTO_FREE char *code = proc_code_text(rc);
		rc = err_set(err, ERR_FAILED, "ps in '%s' exited with %s",
		        m->machine->spec.selector, code);
	}
	char *save = NULL;
	if (rc == 0 && text.len)
		for (char *line = strtok_r(text.buf, "\n", &save); line;
		        line = strtok_r(NULL, "\n", &save))
			take_ps_line(m, line, out);
	return rc;
}

/* Machines that were named must run; of all, those that do. */
static int sample(const struct cli *cli, const struct look *look, const struct rows *before,
        int64_t apart_ns, struct rows *out, struct err *err)
{
	size_t seen = 0;

	for (size_t i = 0; i < look->n; i++) {
		const struct looked_at *m = &look->v[i];
		if (look_running(m, true, err) < 0) {
			if (cli->operands.n)
				return -1;
			continue;
		}
		seen++;
		int rc = m->access.provider->processes
		        ? seen_from_host(m, before, apart_ns, out, err)
		        : seen_from_inside(cli, m, out, err);
		if (rc < 0)
			return -1;
	}
	return seen ? 0 : -1;
}

static void add_table_row(struct table *t, const struct row *r, bool with_machine)
{
	AUTO_STR user = {0}, command = {0}, memory = {0};
	char host[16] = "-", inside[16], cpu[16] = "-", time[24] = "-";
	char state[2] = {r->state, '\0'};

	if (r->host)
		snprintf(host, sizeof(host), "%d", r->host);
	snprintf(inside, sizeof(inside), "%d", r->inside);
	if (r->cpu >= 0)
		snprintf(cpu, sizeof(cpu), "%.1f", r->cpu);
	if (r->cpu_ns >= 0)
		clock_format(time, r->cpu_ns);
	str_add_escaped(&user, r->user, strlen(r->user));
	str_add_escaped(&command, r->command, strlen(r->command));
	str_add_size(&memory, r->memory_bytes);
	if (with_machine)
		table_cell(t, r->machine);
	const char *const cells[] = {host, inside, str_text(&user), state, cpu, time,
	        str_text(&memory), str_text(&command)};
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
		table_cell(t, cells[i]);
}

static void print_table(const struct look *look, const struct rows *rows, struct redraw *r)
{
	static const char *const heads[] = {
	        "HOST PID", "PID", "USER", "S", "CPU %", "TIME", "MEMORY", "COMMAND"};
	bool with_machine = look->n > 1, blind = false;
	struct table t;
	AUTO_STR out = {0};

	table_init(&t, ARRAY_SIZE(heads) + with_machine);
	if (with_machine)
		table_cell(&t, "MACHINE");
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		table_cell(&t, heads[i]);
	for (size_t i = 0; i < rows->n; i++) {
		add_table_row(&t, &rows->v[i], with_machine);
		blind = blind || !rows->v[i].host;
	}
	table_print(&t, &out);
	table_clear(&t);
	if (blind)
		str_add(&out,
		        "(without a host PID: as ps inside the machine says; the host sees "
		        "only QEMU)\n");
	redraw_show(r, &out);
}

static void print_json(const struct rows *rows)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rows->n; i++) {
		const struct row *r = &rows->v[i];
		AUTO_STR user = {0}, command = {0};
		str_add_escaped(&user, r->user, strlen(r->user));
		str_add_escaped(&command, r->command, strlen(r->command));
		json_array_append_new(list,
		        json_pack("{s:s, s:o, s:i, s:s, s:o, s:o, s:I, s:s, s:s}", "machine",
		                r->machine, "host_pid",
		                r->host ? json_integer(r->host) : json_null(), "pid", r->inside,
		                "user", str_text(&user), "cpu_percent",
		                r->cpu >= 0 ? json_real(r->cpu) : json_null(), "cpu_ns",
		                r->cpu_ns >= 0 ? json_integer(r->cpu_ns) : json_null(),
		                "memory_bytes", (json_int_t)r->memory_bytes, "command",
		                str_text(&command), "seen_from", r->host ? "host" : "inside"));
	}
	cli_print_json(json_pack("{s:i, s:o}", "schema", 1, "processes", list));
}

static int show(const struct cli *cli, const struct look *look, int count, int64_t interval_ns,
        struct err *err)
{
	struct rows before = {0}, now = {0};
	struct redraw r;
	int64_t last_ns = 0;
	int rc = 0;

	redraw_begin(&r);
	for (int i = 0; i < count && rc == 0; i++) {
		if (i && redraw_pause(cli, interval_ns))
			break;
		int64_t t = since_boot_ns();
		rc = sample(cli, look, &before, t - last_ns, &now, err);
		last_ns = t;
		if (rc == 0 && cli_has(cli, "json"))
			print_json(&now);
		else if (rc == 0)
			print_table(look, &now, &r);
		rows_clear(&before);
		before = now;
		now = (struct rows){0};
	}
	rows_clear(&before);
	return rc;
}

static int run(struct cli *cli)
{
	struct look look = {0};
	struct err err = {0};
	int64_t interval_ns;
	int count;

	if (cli_number(cli, "count", 1, 1, &count, &err) < 0 ||
	        redraw_interval(cli, "interval", DEFAULT_WAIT_NS, &interval_ns, &err) < 0)
		return cli_fail(cli, &err);
	int code = look_open(cli, &look);
	if (code == 0 && show(cli, &look, count, interval_ns, &err) < 0)
		code = cli_fail(cli, &err);
	look_close(&look);
	return code == 0 && *cli->stop ? redraw_stopped(cli) : code;
}

static const struct option_row options[] = {
        {'n', "count", "N", "look N times instead of once, in the same place on a terminal"},
        {0, "interval", "SECONDS", "the time between two looks (2)"},
};

const struct command cmd_top = {
        .name = "top",
        .usage = "[MACHINE…]",
        .summary = "show a machine's processes, with their PID on the host and inside",
        .options = options,
        .n_options = ARRAY_SIZE(options),
        .run = run,
};
