/* The experiment with machines of the fake provider: what it measures, in which order, what it
 * leaves. */
#include "compare/experiment.h"

#include "tests/fake/check_util.h"
#include "tests/fake/fake_provider.h"

#include <stdio.h>
#include <unistd.h>

static char *root, *home;
static struct err err;
static struct result result;
static struct machine_spec spec;
static const struct machine_spec *declared[] = {&spec};
static volatile int stop;
static bool interrupts;
static struct str said;

static void hear(struct event_sink *sink, const struct event *e)
{
	(void)sink;
	if (e->kind == EVENT_NOTE || e->kind == EVENT_WARNING)
		str_addf(&said, "%s\n", e->text);
	/* The user interrupts the second round. */
	if (interrupts && e->kind == EVENT_NOTE && strstr(e->text, "round 2 of"))
		stop = 1;
}
static struct event_sink sink = {.emit = hear};
static struct experiment_env env = {&fake_providers, &sink, &stop};

static const char box[] =
        "{\"schema\":1,\"name\":\"mini\",\"version\":\"1\",\"architecture\":\"x86_64\","
        "\"description\":\"for a test\",\"cmdline\":\"\",\"user\":\"root\",\"created\":1,"
        "\"artefacts\":[{\"kind\":\"rootfs\",\"format\":\"tree\",\"sha256\":\"%s\",\"size\":1}]}\n";
static const char digest[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

static void write_box(void)
{
	AUTO_FREE char *folder = xasprintf("%s/boxes/mini", home);
	AUTO_FREE char *path = xasprintf("%s/box.json", folder);
	AUTO_FREE char *tree = xasprintf("%s/store/trees/%s", home, digest);
	AUTO_STR text = {0};

	str_addf(&text, box, digest);
	ck_ok(fs_mkdirs(folder, 0711, &err));
	ck_ok(fs_mkdirs(tree, 0711, &err));
	ck_ok(fs_replace(path, text.buf, text.len, 0644, &err));
}

static void begin(void)
{
	root = tmp_begin();
	home = xasprintf("%s/home", root);
	AUTO_FREE char *world = xasprintf("%s/world", root);
	setenv("PROV_HOME", home, 1);
	setenv("PROV_MODULE_DIR", root, 1); /* no probe program there */
	unsetenv("PROV_PROVIDER");
	fake_begin(world);
	write_box();
	spec_init(&spec);
	spec.name = xstrdup("web");
	spec.provider = xstrdup("container");
	spec.box.name = xstrdup("mini");
	spec.network_mode = NET_NONE;
	spec.memory_bytes = INT64_C(64) << 20;
	stop = 0;
	interrupts = false;
	fake_answer(
	        "uname -r", 0, "6.1.0\ninit\n7\n2\nMemTotal: 64000 kB\nMemAvailable: 40000 kB\n");
	fake_answer("prov-compare ]", 0, "yes\n");
}

static void end(void)
{
	result_clear(&result);
	spec_clear(&spec);
	str_clear(&said);
	fake_end();
	tmp_end(root);
	free(home);
}

static struct experiment_options options(void)
{
	return (struct experiment_options){.declared = declared,
	        .n_declared = 1,
	        .kinds = "process,container",
	        .runs = 2,
	        .quick = true,
	        .reserve = 0.1};
}

static bool empty(const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", home, name);
	AUTO_STRV left = {0};

	ck_ok(fs_list(path, &left, &err));
	return left.n == 0;
}

static void ck_nothing_left(void)
{
	ck_assert(fake_empty());
	ck_assert(empty("labs"));
	ck_assert(empty("tmp"));
}

static size_t runs_of(const char *id, const char *kind)
{
	const struct series *s = result_find(&result, id, kind);

	return s ? s->n : 0;
}

START_TEST(two_kinds_twice)
{
	struct experiment_options o = options();

	ck_ok(experiment_run(&o, &env, &result, &err));
	ck_assert(result.complete);
	ck_assert_str_eq(result.machine, "web");
	ck_assert_str_eq(result.box, "mini");
	ck_assert_uint_eq(runs_of("start.t5", "process"), 2);
	ck_assert_uint_eq(runs_of("start.t5", "container"), 2);
	ck_assert_uint_eq(runs_of("start.t3", "container"), 2);
	ck_assert_uint_eq(runs_of("start.cpu", "container"), 2);
	ck_assert_uint_eq(runs_of("stop.halt", "container"), 2);
	ck_assert_uint_eq(runs_of("stop.destroy", "container"), 2);
	ck_assert_uint_eq(runs_of("load.other", "container"), 2);
	ck_assert_uint_eq(runs_of("memory.delta", "container"), 5);
	ck_assert_uint_eq(runs_of("start.t5", "kvm"), 0);
	ck_assert_str_eq(result_fact_of(&result, "identity.kernel", "container")->value, "6.1.0");
	ck_assert_str_eq(result_fact_of(&result, "repeat.fresh", "container")->value, "yes");
	double t3 = result_find(&result, "start.t3", "container")->values[0];
	double t5 = result_find(&result, "start.t5", "container")->values[0];
	ck_assert_msg(t3 > 0 && t3 <= t5, "%f and %f", t3, t5);
	ck_nothing_left();
}
END_TEST

/* No kind always runs on what another one left warm. */
START_TEST(order_alternates)
{
	struct experiment_options o = options();

	ck_ok(experiment_run(&o, &env, &result, &err));
	const char *text = str_text(&said);
	const char *rows[] = {"round 1 of 2: process", "round 1 of 2: container",
	        "round 2 of 2: container", "round 2 of 2: process"};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = strstr(text, rows[i]);
		ck_assert_msg(
		        at != NULL, "'%s' not behind the others in:\n%s", rows[i], str_text(&said));
		text = at + 1;
	}
}
END_TEST

START_TEST(interrupted_is_whole)
{
	struct experiment_options o = options();

	o.runs = 5;
	interrupts = true;
	ck_fails(experiment_run(&o, &env, &result, &err), ERR_INTERRUPTED, "interrupted");
	ck_assert(!result.complete);
	ck_assert_uint_eq(runs_of("start.t5", "container"), 1);
	ck_assert_uint_eq(runs_of("stop.destroy", "container"), 1);
	ck_assert_uint_eq(runs_of("memory.delta", "container"), 0);
	ck_nothing_left();
}
END_TEST

START_TEST(a_kind_that_fails_is_left_out)
{
	struct experiment_options o = options();

	fake_fail("apply", "container-1@container", "fake.start", "no such kernel");
	ck_ok(experiment_run(&o, &env, &result, &err));
	ck_assert(result.complete);
	ck_assert_uint_eq(runs_of("start.t5", "process"), 2);
	ck_assert_uint_eq(runs_of("start.t5", "container"), 0);
	ck_has(str_text(&said), "container is left out: fake.start: no such kernel");
	ck_lacks(str_text(&said), "round 2 of 2: container");
	ck_assert(strv_has(&result.notes,
	        "container failed and was left out from then on: fake.start: no such kernel"));
	fake_heal();
	ck_nothing_left();
}
END_TEST

START_TEST(storm)
{
	struct experiment_options o = options();

	o.parallel = 3;
	o.runs = 1;
	ck_ok(experiment_run(&o, &env, &result, &err));
	ck_assert_uint_eq(runs_of("storm.t5", "container"), 3);
	ck_nothing_left();
}
END_TEST

START_TEST(refused_before_anything_is_made)
{
	struct experiment_options o = options();

	o.kinds = "kvm-warm";
	ck_fails(experiment_run(&o, &env, &result, &err), ERR_USAGE,
	        "the kind 'kvm-warm' is not offered yet: virtual machines are not started from a "
	        "saved state yet");
	result_clear(&result);
	o = options();
	free(spec.box.name);
	spec.box.name = xstrdup("nope");
	ck_fails(experiment_run(&o, &env, &result, &err), ERR_MISSING, "there is no box 'nope'");
	/* Not even how long it would take. */
	ck_lacks(str_text(&said), "left");
	ck_nothing_left();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {two_kinds_twice, order_alternates, interrupted_is_whole,
	        a_kind_that_fails_is_left_out, storm, refused_before_anything_is_made};

	return suite_run("experiment", tests, ARRAY_SIZE(tests), begin, end);
}
