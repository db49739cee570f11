/* inspect: all that is known of a machine, from the journal and from the world. What a kind has to
 * say comes from its provider; here it is only printed. */
#include "cli/look.h"

#include "cli/sections.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static void put_text(json_t *object, const char *key, const char *text)
{
	AUTO_STR shown = {0};

	if (!text || !*text)
		return;
	str_add_escaped(&shown, text, strlen(text));
	json_object_set_new(object, key, json_string(str_text(&shown)));
}

static json_t *addresses(const struct machine_spec *spec)
{
	json_t *list = json_array();

	for (size_t i = 0; i < spec->n_nics; i++)
		json_array_append_new(list,
		        json_pack("{s:s*, s:s*, s:s*, s:s*, s:s*}", "network",
		                spec->nics[i].network, "address", spec->nics[i].address, "address6",
		                spec->nics[i].address6, "mac", spec->nics[i].mac, "gateway",
		                spec->nics[i].gateway));
	return list;
}

static json_t *machine_section(const struct looked_at *l)
{
	const struct machine *m = l->machine;
	const struct machine_spec *spec = l->access.spec ? l->access.spec : &m->spec;
	const struct status *world = &l->access.world;
	json_t *out = json_object();

	put_text(out, "state", machine_state_name(world->state));
	put_text(out, "detail", world->detail);
	put_text(out, "error", l->err.message);
	put_text(out, "failed_step", m->state.failed_step);
	put_text(out, "failed_with", m->state.failed_message);
	json_object_set_new(out, "in_file", json_boolean(m->in_file));
	if (world->exit_status >= 0 && world->state == MACHINE_HALTED)
		json_object_set_new(out, "exit_status", json_integer(world->exit_status));
	put_text(out, "box", spec->box.name);
	put_text(out, "box_digest", spec->box.digest);
	put_text(out, "hostname", spec->hostname);
	json_object_set_new(out, "declared_cpus", json_real(spec->cpus));
	json_object_set_new(out, "declared_memory_bytes", json_integer(spec->memory_bytes));
	put_text(out, "folder", m->names.dir);
	put_text(out, "journal", m->names.journal);
	if (spec->n_nics)
		json_object_set_new(out, "addresses", addresses(spec));
	return out;
}

static const char *state_text(const struct journal_state *state, const struct step_record *step)
{
	static const char *const names[] = {
	        [STEP_ABSENT] = "undone",
	        [STEP_BEGUN] = "begun",
	        [STEP_DONE] = "done",
	        [STEP_REVERTING] = "half undone",
	};
	char boot[BOOT_ID_LEN + 1];

	(void)state;
	if (step->state == STEP_DONE && step->is_volatile && clock_boot_id(boot, NULL) == 0 &&
	        !str_eq(boot, step->boot_id))
		return "void since the host's restart";
	return names[step->state];
}

static json_t *steps_section(const struct journal_state *state)
{
	json_t *list = json_array();

	for (size_t i = 0; i < state->n_steps; i++) {
		const struct step_record *step = &state->steps[i];
		time_t t = (time_t)(step->begun_ns / 1000000000);
		char begun[32] = "";
		struct tm tm;
		if (localtime_r(&t, &tm))
			strftime(begun, sizeof(begun), "%Y-%m-%dT%H:%M:%S%z", &tm);
		json_t *row = json_pack("{s:s, s:s, s:s}", "step", step->name, "state",
		        state_text(state, step), "begun", begun);
		json_object_set_new(row, "took_ns",
		        step->state == STEP_DONE && step->done_ns >= step->begun_ns
		                ? json_integer(step->done_ns - step->begun_ns)
		                : json_null());
		json_array_append_new(list, row);
	}
	return list;
}

static json_t *facts_section(const struct journal_state *state)
{
	json_t *out = json_object();

	for (size_t i = 0; i < state->n_facts; i++)
		put_text(out, state->facts[i].key, state->facts[i].value);
	return out;
}

static void put_number(json_t *object, const char *key, int64_t value)
{
	if (value >= 0)
		json_object_set_new(object, key, json_integer(value));
}

static json_t *use_section(const struct looked_at *l)
{
	json_t *out = json_object();
	struct usage use;

	usage_init(&use);
	if (look_running(l, true, NULL) < 0 || !l->access.provider->usage ||
	        l->access.provider->usage(l->access.session, &use, NULL) < 0)
		return out;
	const struct {
		const char *key;
		int64_t value;
	} rows[] = {
	        {"memory_bytes", use.memory_bytes},
	        {"memory_limit_bytes", use.memory_limit_bytes},
	        {"swap_bytes", use.swap_bytes},
	        {"anonymous_bytes", use.anon_bytes},
	        {"file_bytes", use.file_bytes},
	        {"kernel_bytes", use.kernel_bytes},
	        {"cpu_ns", use.cpu_ns},
	        {"cpu_user_ns", use.cpu_user_ns},
	        {"cpu_system_ns", use.cpu_system_ns},
	        {"io_read_bytes", use.io_read_bytes},
	        {"io_written_bytes", use.io_written_bytes},
	        {"net_received_bytes", use.net_received_bytes},
	        {"net_sent_bytes", use.net_sent_bytes},
	        {"pids", use.pids},
	        {"pids_limit", use.pids_limit},
	        {"oom_kills", use.oom_kills},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		put_number(out, rows[i].key, rows[i].value);
	put_text(out, "memory_measured_as", use.method);
	return out;
}

/* An empty section says nothing. */
static void put_section(json_t *all, const char *name, json_t *section)
{
	if (json_object_size(section) || json_array_size(section))
		json_object_set(all, name, section);
	json_decref(section);
}

static json_t *describe(const struct looked_at *l, struct err *err)
{
	const struct machine *m = l->machine;
	const struct provider *provider = l->access.provider;
	json_t *out =
	        json_pack("{s:s, s:s}", "name", m->spec.selector, "provider", m->spec.provider);

	put_section(out, "machine", machine_section(l));
	put_section(out, "use", use_section(l));
	if (l->opened && provider->describe) {
		json_t *of_kind = provider->describe(l->access.session, err);
		if (!of_kind) {
			json_decref(out);
			return NULL;
		}
		json_object_update_missing(out, of_kind);
		json_decref(of_kind);
	}
	put_section(out, "steps", steps_section(&m->state));
	put_section(out, "facts", facts_section(&m->state));
	return out;
}

static int screen_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 60 ? size.ws_col : 80;
}

static void print_machine(const struct looked_at *l, json_t *sections, bool first)
{
	AUTO_STR out = {0};

	json_object_del(sections, "name");
	json_object_del(sections, "provider");
	str_addf(&out, "%s%s\n", first ? "" : "\n", l->machine->spec.selector);
	sections_print(sections, 2, screen_width(), &out);
	cli_print(&out);
}

static int run(struct cli *cli)
{
	struct look look;
	struct err err = {0};
	json_t *list = json_array();
	int code = look_open(cli, &look);

	for (size_t i = 0; code == 0 && i < look.n; i++) {
		json_t *sections = describe(&look.v[i], &err);
		if (!sections)
			code = cli_fail(cli, &err);
		else if (cli_has(cli, "json"))
			json_array_append(list, sections);
		else
			print_machine(&look.v[i], sections, i == 0);
		json_decref(sections);
	}
	if (code == 0 && cli_has(cli, "json"))
		cli_print_json(json_pack("{s:i, s:{s:s, s:s}, s:O}", "schema", 1, "lab", "id",
		        look.lab.id ? look.lab.id : "", "name", look.lab.name ? look.lab.name : "",
		        "machines", list));
	json_decref(list);
	look_close(&look);
	return code;
}

const struct command cmd_inspect = {
        .name = "inspect",
        .usage = "[MACHINE…]",
        .summary = "show what a machine is made of: namespaces, cgroup, mounts, network …",
        .run = run,
};
