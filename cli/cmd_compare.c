/* compare: the same machine as a process, a container and a virtual machine, measured side by side.
 */
#include "cli/compare_report.h"

#include "base/fs.h"
#include "boxes/store.h"
#include "compare/experiment.h"
#include "compare/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_RUNS    5
#define QUICK_RUNS      2
#define DEFAULT_STORM   4
#define DEFAULT_MAX     1000
#define DEFAULT_RESERVE 10 /* % of MemTotal */
#define DENSITY_NS      (INT64_C(600) * 1000000000)
#define SETTLE_NS       (INT64_C(6) * 1000000000)
#define QUICK_SETTLE_NS (INT64_C(2) * 1000000000)

/* The machine as one kind: the first instance, if the file has it and NAME@KIND means this one. */
static int find_declared(struct lab *lab, const char *name, const struct machine_spec **out,
        size_t *n, struct err *err)
{
	AUTO_FREE struct machine **chosen = NULL;
	AUTO_STRV patterns = {0};
	size_t found = 0;

	strv_add(&patterns, name);
	if (lab_select(lab, &patterns, &chosen, &found, err) < 0)
		return -1;
	for (size_t i = 0; i < found; i++) {
		if (!chosen[i]->in_file)
			continue;
		out[(*n)++] = &chosen[i]->spec;
		return 0;
	}
	return err_set(err, ERR_USAGE, "'%s' is not in prov.yaml", name);
}

static int read_numbers(const struct cli *cli, struct experiment_options *o, struct err *err)
{
	int reserve, storm;

	o->quick = cli_has(cli, "quick");
	o->cold = cli_has(cli, "cold");
	o->density = cli_has(cli, "density");
	o->kinds = cli_value(cli, "kinds");
	o->density_ns = DENSITY_NS;
	o->settle_ns = o->quick ? QUICK_SETTLE_NS : SETTLE_NS;
	if (cli_number(cli, "runs", 1, o->quick ? QUICK_RUNS : DEFAULT_RUNS, &o->runs, err) < 0 ||
	        cli_number(cli, "parallel", 1, o->quick ? 0 : DEFAULT_STORM, &storm, err) < 0 ||
	        cli_number(cli, "max", 1, DEFAULT_MAX, &o->max, err) < 0 ||
	        cli_number(cli, "reserve", 1, DEFAULT_RESERVE, &reserve, err) < 0)
		return -1;
	if (reserve > 90)
		return err_set(err, ERR_USAGE,
		        "--reserve: %d %% of the memory leaves nothing to use", reserve);
	o->parallel = storm;
	o->reserve = reserve / 100.0;
	return 0;
}

/* docs/claims.yaml beside the build folder, else where it is installed. */
static char *claims_path(void)
{
	AUTO_FREE char *self = realpath("/proc/self/exe", NULL);

	if (self) {
		*strrchr(self, '/') = '\0';
		AUTO_FREE char *beside = xasprintf("%s/../docs/claims.yaml", self);
		if (fs_exists(beside))
			return STEAL(beside);
	}
	return xstrdup(CLAIMS_FILE);
}

static int read_claims(struct claims *out, struct err *err)
{
	AUTO_FREE char *path = claims_path();
	AUTO_STR text = {0};

	if (fs_read(path, 1 << 20, &text, err) < 0)
		return -1;
	return claims_read(str_text(&text), text.len, out, err) < 0 ? err_wrap(err, "%s", path) : 0;
}

/* with: what --with names, read before the long experiment so that its errors come first. */
static int measure_with(
        const struct cli *cli, const struct experiment_options *options, const struct result *with)
{
	struct event_sink *sink = cli_sink(cli);
	const struct experiment_env env = {
	        .providers = cli->providers, .sink = sink, .stop = cli->stop};
	struct result result;
	struct err err = {0}, second = {0};

	int rc = experiment_run(options, &env, &result, &err);
	sink->close(sink);
	int code = rc < 0 ? cli_fail(cli, &err) : 0;
	if (rc == 0 && merge_add(&result, with, &second) < 0)
		code = cli_fail(cli, &second);
	/* What is there is whole, also where the experiment was cut short. */
	if ((rc == 0 || result.n_series) && compare_report(cli, &result, &second) < 0)
		code = cli_fail(cli, &second);
	result_clear(&result);
	return code;
}

static int measure(const struct cli *cli, struct experiment_options *options)
{
	const char *path = cli_value(cli, "with");
	struct claims claims = {0};
	struct result with = {0};
	struct err err = {0};
	int code;

	if ((cli_has(cli, "claims") && read_claims(&claims, &err) < 0) ||
	        (path && merge_read_file(path, &with, &err) < 0)) {
		code = cli_fail(cli, &err);
	} else {
		options->claims = claims.n ? &claims : NULL;
		code = measure_with(cli, options, &with);
	}
	claims_clear(&claims);
	result_clear(&with);
	return code;
}

static int compare_box(const struct cli *cli, struct experiment_options *options)
{
	const char *box = cli_value(cli, "box");
	struct err err = {0};

	options->box = box ? box : options->quick ? "tiny" : "debian/12";
	if (box_check_name(options->box, &err) < 0)
		return cli_fail(cli, &err);
	return measure(cli, options);
}

/* Nobody is to take the figures for those of a machine that has them. */
static void say_left_out(const struct cli *cli, const struct experiment_options *options)
{
	bool volumes = false, ports = false;

	for (size_t i = 0; i < options->n_declared; i++) {
		volumes = volumes || options->declared[i]->n_volumes;
		ports = ports || options->declared[i]->n_ports;
	}
	if ((volumes || ports) && !cli_has(cli, "quiet"))
		fprintf(stderr, "note: compare leaves out the %s of '%s'\n",
		        !ports            ? "volumes"
		                : volumes ? "volumes and ports"
		                          : "ports",
		        options->declared[0]->name);
}

static const char *const compared[] = {"container", "kvm"};

/* The file as if it said so of every machine, so that each kind has its own keys. */
static int open_as(const struct cli *cli, const char *kind, struct lab *lab, struct err *err)
{
	const struct lab_options options = {.file = cli_value(cli, "file"), .provider = kind};
	struct problems problems = {0};

	int rc = lab_open(&options, lab, &problems, err);
	if (rc < 0 && problems.n) {
		cli_print_problems(lab, &problems);
		err_hint(err, "compare reads the file as if all of it said 'provider: %s'", kind);
	}
	problems_clear(&problems);
	return rc;
}

/* One kind after the other: what two kinds of a machine cannot both have, such as a port of the
 * host, keeps nothing from being compared. */
static int compare_machine(const struct cli *cli, struct experiment_options *options)
{
	const struct machine_spec *declared[ARRAY_SIZE(compared)];
	struct lab labs[ARRAY_SIZE(compared)] = {0};
	struct err err = {0}, missing = {0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(compared); i++) {
		rc = open_as(cli, compared[i], &labs[i], &err);
		/* web@kvm is in one of them. */
		if (rc == 0 &&
		        find_declared(&labs[i], cli->operands.v[0], declared, &options->n_declared,
		                &missing) < 0)
			continue;
	}
	if (rc == 0 && !options->n_declared) {
		err = missing;
		rc = -1;
	}
	options->declared = declared;
	if (rc == 0)
		say_left_out(cli, options);
	int code = rc < 0 ? cli_fail(cli, &err) : measure(cli, options);
	for (size_t i = 0; i < ARRAY_SIZE(compared); i++)
		lab_clear(&labs[i]);
	return code;
}

static int run_compare(struct cli *cli)
{
	struct experiment_options options = {0};
	struct err err = {0};

	if (cli_has(cli, "diff"))
		return compare_diff(cli);
	int code = cli_check_operands(cli, 0, 1);
	if (code)
		return code;
	if (cli->operands.n && cli_has(cli, "box"))
		return cli_fail_usage(cli, "either a machine or --box, not both");
	if (read_numbers(cli, &options, &err) < 0)
		return cli_fail(cli, &err);
	return cli->operands.n ? compare_machine(cli, &options) : compare_box(cli, &options);
}

static const struct option_row options_of_compare[] = {
        {0, "box", "BOX",
                "a machine with the defaults of prov.yaml from this box (default: debian/12; with "
                "--quick tiny)"},
        {0, "runs", "N", "rounds (default 5; with --quick 2)"},
        {0, "kinds", "LIST", "process,container,container+init,kvm (default: all)"},
        {0, "parallel", "N", "machines of the boot storm (default 4; with --quick none)"},
        {0, "cold", NULL, "drop the page cache before each start"},
        {0, "quick", NULL, "few and short measurements, under three minutes"},
        {0, "density", NULL, "really start machines until the host's reserve is reached"},
        {0, "claims", NULL, "put the claims of docs/claims.yaml to this host"},
        {0, "max", "N", "with --density: at most N machines of a kind (default 1000)"},
        {0, "reserve", "PERCENT", "memory that the host keeps (default 10)"},
        {0, "with", "FILE.csv", "add the figures of a file that tools/bench-peers wrote"},
        {0, "csv", NULL, "print one line a run"},
        {0, "markdown", NULL, "print tables in Markdown"},
        {0, "html", "FILE", "write one self-contained page"},
        {'o', "output", "FILE",
                "write a report; its suffix .json, .csv, .md, .html or .txt says which; the head "
                "is "
                "printed"},
        {0, "diff", NULL, "lay two results beside each other: --diff A.json B.json"},
};

const struct command cmd_compare = {
        .name = "compare",
        .usage = "[MACHINE | --box BOX | --diff A.json B.json]",
        .summary = "measure the same machine as a container and as a virtual machine",
        .options = options_of_compare,
        .n_options = ARRAY_SIZE(options_of_compare),
        .run = run_compare,
};
