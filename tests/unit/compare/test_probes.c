#include "base/clock.h"
#include "base/digest.h"
#include "base/proc.h"
#include "tests/fake/local_transport.h"
#include "tests/unit/compare/probe_fixture.h"
#include "tests/unit/compare/probes_open.h"

#include <regex.h>
#include <sys/syscall.h>

/* Runs the program on this host; its output is the caller's. */
static char *run_program(const char *const *words)
{
	AUTO_STR out = {0};
	int status = -1;

	probe_open_host(&place, dir);
	ck_ok(probe_place_run(&place, words, &out, &status, &err));
	ck_assert_msg(status == 0, "status %d: %s", status, str_text(&out));
	return str_steal(&out);
}

static double value_of(const char *id)
{
	const struct series *s = result_find(&result, id, "host");

	ck_assert_msg(s != NULL, "no series %s", id);
	ck_assert_uint_eq(s->n, 1);
	return s->values[0];
}

START_TEST(every_row_is_a_series_of_its_own)
{
	size_t n;
	const struct probe *table = probes_table(&n);

	ck_assert_uint_ge(n, 12);
	for (size_t i = 0; i < n; i++) {
		ck_assert_msg(str_starts(table[i].id, "probe."), "%s", table[i].id);
		ck_assert_ptr_eq(probe_of(table[i].id), &table[i]);
		ck_assert(str_eq(table[i].unit, "ns") || table[i].higher_is_better);
		ck_assert_msg(strlen(table[i].method) > 20, "%s has no method", table[i].id);
	}
}
END_TEST

START_TEST(a_line_has_the_form_that_is_promised)
{
	regex_t re;

	if (!probe_built())
		return;
	AUTO_FREE char *out = run_program((const char *const[]){"-q", "syscall", NULL});
	ck_assert_int_eq(
	        regcomp(&re, "^probe\\.syscall [0-9]+\\.[0-9]{4} ns [0-9]+ [0-9.]+ [0-9.]+\n$",
	                REG_EXTENDED),
	        0);
	ck_assert_msg(regexec(&re, out, 0, NULL, 0) == 0, "'%s'", out);
	regfree(&re);
}
END_TEST

/* Wide, as this machine may be busy with much else or be a sanitizer's: what a wrong unit or factor
 * would break. */
static const struct {
	const char *id;
	double min, max;
} sane[] = {{"probe.syscall", 10, 1e6}, {"probe.switch", 100, 1e9}, {"probe.forkexec", 1e4, 1e10},
        {"probe.pagefault", 20, 1e7}, {"probe.membw", 5, 1e6}, {"probe.membw_cache", 10, 1e7},
        {"probe.cpu", 100, 1e8}, {"probe.float", 1e4, 1e10}, {"probe.fsync", 500, 6e10},
        {"probe.seqwrite", 0.005, 1e6}, {"probe.seqread", 0.05, 1e6}, {"probe.randread", 100, 1e10},
        {"probe.tcp_latency", 500, 1e10}, {"probe.tcp_throughput", 0.1, 1e6}};

START_TEST(all_probes_run_on_the_host)
{
	struct probe_options options = {.quick = true, .host = {.host = "127.0.0.1"}};
	AUTO_STRV left = {0};

	if (!probe_built())
		return;
	probe_open_host(&place, dir);
	ck_ok(probe_serve(&place, "127.0.0.1", &options.host.port, &err));
	ck_ok(probes_run(&place, &options, &result, &err));
	ck_ok(probe_quit(&place, "127.0.0.1", options.host.port, &err));
	ck_assert_msg(result.n_series == ARRAY_SIZE(sane), "%zu series, note: %s", result.n_series,
	        result.notes.n ? result.notes.v[0] : "none");
	for (size_t i = 0; i < ARRAY_SIZE(sane); i++) {
		double value = value_of(sane[i].id);
		ck_assert_msg(
		        value >= sane[i].min && value <= sane[i].max, "%s: %g", sane[i].id, value);
	}
	/* The cache is not slower than memory, a fork not faster than a system call. */
	ck_assert(value_of("probe.forkexec") > value_of("probe.syscall"));
	ck_assert(value_of("probe.switch") > value_of("probe.syscall"));
	ck_ok(fs_list(dir, &left, &err));
	ck_assert_uint_eq(left.n, 0);
}
END_TEST

/* Runs work() until 20 ms are over, several times; the shortest time of one of n in ns. */
static double best_ns(void (*work)(long n), long n)
{
	double best = INFINITY;

	for (int i = 0; i < 20; i++) {
		int64_t begun = clock_mono_ns();
		work(n);
		double each = (double)(clock_mono_ns() - begun) / (double)n;
		best = each < best ? each : best;
	}
	return best;
}

static void call_getppid(long n)
{
	for (long i = 0; i < n; i++)
		syscall(SYS_getppid);
}

static void hash_blocks(long n)
{
	static const char zeros[64];
	char hex[DIGEST_HEX_LEN + 1];
	struct digest d;

	digest_init(&d);
	for (long i = 0; i < n; i++)
		digest_add(&d, zeros, sizeof(zeros));
	digest_hex(&d, hex);
}

static struct probe_answer ask(const char *name, const char *id)
{
	AUTO_FREE char *out = run_program((const char *const[]){name, NULL});
	struct probe_answer answer = {0};

	ck_ok(probe_parse(probe_of(id), out, strlen(out), &answer, &err));
	ck_ok(probe_place_close(&place, &err));
	return answer;
}

enum { ROUNDS = 30 };

START_TEST(a_system_call_costs_what_a_second_program_measures)
{
	if (!probe_built())
		return;
	/* On a host that others use as well, one of the two may have a bad moment. */
	for (int round = 1;; round++) {
		double here = best_ns(call_getppid, 20000);
		struct probe_answer answer = ask("syscall", "probe.syscall");
		bool near = answer.min < here * 3 && answer.min > here / 3;

		ck_assert_msg(near || round < ROUNDS, "probe %g ns, here %g ns", answer.min, here);
		ck_assert_int_ge(answer.n, 3);
		probe_answer_clear(&answer);
		if (near)
			break;
	}
}
END_TEST

/* libmd's implementation does the same work. */
START_TEST(arithmetic_is_as_fast_as_a_second_implementation)
{
	if (!probe_built())
		return;
	for (int round = 1;; round++) {
		double here = 1e9 / best_ns(hash_blocks, 10000);
		struct probe_answer answer = ask("cpu", "probe.cpu");
		bool near = answer.max < here * 4 && answer.max > here / 6;

		ck_assert_msg(near || round < ROUNDS, "probe %g/s, here %g/s", answer.max, here);
		probe_answer_clear(&answer);
		if (near)
			break;
	}
}
END_TEST

START_TEST(a_note_is_kept_once_and_runs_are_added)
{
	struct probe_options options = {0};

	probe_open_script(
	        &place, dir, "echo 'NOTE probe.fsync tmpfs here'; echo 'probe.fsync 7 ns 3 6 8'");
	ck_ok(probe_run(&place, probe_of("probe.fsync"), &options, &result, &err));
	options.disturbed = true;
	ck_ok(probe_run(&place, probe_of("probe.fsync"), &options, &result, &err));
	const struct series *s = result_find(&result, "probe.fsync", "container");
	ck_assert_uint_eq(s->n, 2);
	ck_assert(!s->disturbed[0] && s->disturbed[1]);
	ck_assert_str_eq(s->unit, "ns");
	ck_assert_str_eq(s->group, "probe");
	ck_assert_uint_eq(result.notes.n, 1);
	ck_assert_str_eq(result.notes.v[0], "container, create, fsync, unlink: tmpfs here");
}
END_TEST

START_TEST(the_program_leaves_the_machine)
{
	struct local_transport local;

	if (!probe_built())
		return;
	local_transport_init(&local);
	AUTO_FREE char *program = module_file("prov-probe");
	AUTO_FREE char *inside = xasprintf("%s/bin", dir);
	ck_ok(fs_mkdirs(inside, 0755, &err));
	place = (struct probe_place){.kind = xstrdup("kvm"),
	        .transport = &local.base,
	        .program = xasprintf("%s/prov-probe", inside),
	        .dir = xstrdup(inside)};
	struct transport_file file = {
	        .source = program, .destination = place.program, .mode = 0755};
	ck_ok(local.base.ops->put(&local.base, &file, &err));
	ck_ok(probe_run(&place, probe_of("probe.syscall"), &(struct probe_options){.quick = true},
	        &result, &err));
	ck_assert_ptr_nonnull(result_find(&result, "probe.syscall", "kvm"));
	ck_ok(probe_place_close(&place, &err));
	ck_assert(!fs_exists(inside));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {every_row_is_a_series_of_its_own,
	        a_line_has_the_form_that_is_promised, all_probes_run_on_the_host,
	        a_system_call_costs_what_a_second_program_measures,
	        arithmetic_is_as_fast_as_a_second_implementation,
	        a_note_is_kept_once_and_runs_are_added, the_program_leaves_the_machine};

	return suite_run("probes", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
