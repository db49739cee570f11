/* Which of two ways to read memory the head of a report takes, and that all kinds take the same. */
#include "compare/memory_each.h"

#include "compare/measure.h"
#include "tests/unit/compare/report_open.h"

#include <math.h>

static struct result result;

static void end(void)
{
	result_clear(&result);
}

/* A ladder of 1, 2, 4, … instances. */
static void falls(const char *id, const char *kind, const double *mib, size_t n, bool disturbed)
{
	struct series described = measure_series(measure_find(id), kind);
	struct series *s = result_series(&result, &described);

	for (size_t i = 0; i < n; i++)
		series_add(s, mib[i], (double)(1 << i), disturbed);
}
#define FALLS(id, kind, disturbed, ...)                \
	falls(id, kind, (const double[]){__VA_ARGS__}, \
	        sizeof((const double[]){__VA_ARGS__}) / sizeof(double), disturbed)

static void accounts(const char *kind, double mib)
{
	for (int i = -1; i <= 1; i++)
		measure_add(&result, "memory.total", kind, mib * (1 + i * 0.1), NAN, NULL);
}

static double figure(const char *id, const char *kind)
{
	const struct series *s = result_find(&result, id, kind);
	struct summary summary;

	if (!s)
		return NAN;
	view_summary(s, &summary);
	return summary.median;
}

static void ck_near(const char *id, const char *kind, double mib)
{
	double found = figure(id, kind);

	ck_assert_msg(fabs(found - mib) < 0.01 * mib, "%s of %s: %f, not %f", id, kind, found, mib);
}

static void ck_way(const char *kind, const char *begin)
{
	const struct series *s = result_find(&result, "memory.each", kind);

	ck_assert_ptr_nonnull(s);
	ck_assert_msg(str_starts(s->method, begin), "%s: %s", kind, s->method);
}
#define BY_FALL    "slope of the least-squares line through the fall of MemAvailable"
#define BY_ACCOUNT "what the provider accounts for"

START_TEST(a_steady_fall_is_taken)
{
	/* Links and mounts of a container stand in no cgroup. */
	FALLS("memory.delta", "container", false, 1, 2, 4, 8, 16);
	accounts("container", 0.3);
	FALLS("memory.delta", "kvm", true, 300, 600, 1200);
	accounts("kvm", 280);
	memory_each(&result, 3100);
	ck_near("memory.each", "container", 1);
	ck_near("memory.each", "kvm", 300);
	ck_way("container", BY_FALL);
	ck_way("kvm", BY_FALL);
	ck_near("density.extrapolated", "container", 3100);
	ck_near("density.extrapolated", "kvm", 10);
	ck_assert_uint_eq(result.notes.n, 1);
	ck_has(result.notes.v[0],
	        "accounts for: container 1.00 MiB (r² 1.00, accounted 0.30 MiB). ");
}
END_TEST

/* What a busy host showed: 16 MiB for a container of 108 KiB, and a fall below nothing. */
START_TEST(a_disturbed_fall_gives_way_in_every_kind)
{
	FALLS("memory.delta", "container", false, 16, 32, 64, 128, 256);
	accounts("container", 0.108);
	FALLS("memory.delta", "kvm", false, -155, -310);
	accounts("kvm", 280);
	FALLS("memory.delta", "container+init", false, 9, 18, 36, 72, 144);
	accounts("container+init", 10);
	memory_each(&result, 3000);
	ck_near("memory.each", "container", 0.108);
	ck_near("memory.each", "kvm", 280);
	ck_near("memory.each", "container+init", 10);
	ck_way("container", BY_ACCOUNT);
	ck_way("kvm", BY_ACCOUNT);
	ck_way("container+init", BY_ACCOUNT);
	/* The raw line stays, marked; one that falls costs nothing that could be a figure. */
	ck_near("memory.slope", "container", 16);
	ck_assert(result_find(&result, "memory.slope", "container")->disturbed[0]);
	ck_assert(!result_find(&result, "memory.slope", "container+init")->disturbed[0]);
	ck_assert_ptr_null(result_find(&result, "memory.slope", "kvm"));
	/* Nobody is told how many of 108 KiB fit: what they take beside it was lost. */
	ck_assert_ptr_null(result_find(&result, "density.extrapolated", "container"));
	ck_near("density.extrapolated", "container+init", 300);
	ck_assert_uint_eq(result.notes.n, 1);
	ck_has(result.notes.v[0],
	        "container 16.00 MiB (r² 1.00, accounted 0.11 MiB), "
	        "kvm -155.00 MiB (r² 1.00, accounted 280.00 MiB)");
}
END_TEST

START_TEST(noise_is_no_line)
{
	FALLS("memory.delta", "container", false, -10, 22, -29, 1, 12);
	accounts("container", 0.3);
	memory_each(&result, 3000);
	ck_near("memory.each", "container", 0.3);
	ck_way("container", BY_ACCOUNT);
}
END_TEST

/* Beside others that are busy, only what agrees is believed. */
START_TEST(a_busy_host_needs_agreement)
{
	FALLS("memory.delta", "container", true, 1, 2, 4, 8, 16);
	accounts("container", 0.3);
	memory_each(&result, 3000);
	ck_way("container", BY_ACCOUNT);
}
END_TEST

START_TEST(many_machines_are_asked_first)
{
	FALLS("memory.delta", "container", false, -10, 22, -29, 1, 12);
	FALLS("density.delta", "container", false, 1.1, 2.2, 4.4, 8.8);
	accounts("container", 0.3);
	memory_each(&result, 1100);
	ck_near("memory.each", "container", 1.1);
	ck_near("density.extrapolated", "container", 1000);
}
END_TEST

/* QEMU on another host is nobody's to read. */
START_TEST(without_accounting)
{
	FALLS("memory.delta", "kvm", false, 300, 600, 1200);
	memory_each(&result, 0);
	ck_near("memory.each", "kvm", 300);
	ck_assert_ptr_null(result_find(&result, "density.extrapolated", "kvm"));
	result_clear(&result);
	FALLS("memory.delta", "kvm", true, 300, 600, 1200);
	memory_each(&result, 0);
	ck_assert_ptr_null(result_find(&result, "memory.each", "kvm"));
	ck_has(result.notes.v[0], "kvm 300.00 MiB (r² 1.00, not accounted)");
}
END_TEST

/* An interrupted comparison has rounds and no ladder. */
START_TEST(without_a_ladder)
{
	accounts("container", 0.3);
	memory_each(&result, 3000);
	ck_near("memory.each", "container", 0.3);
	ck_assert_uint_eq(result_find(&result, "memory.each", "container")->n, 3);
	ck_has(result.notes.v[0], "container not measured (accounted 0.30 MiB)");
	result_clear(&result);
	memory_each(&result, 3000);
	ck_assert_uint_eq(result.n_series + result.notes.n, 0);
}
END_TEST

START_TEST(every_report_says_which_way_it_was)
{
	AUTO_STR html = {0}, terminal = {0}, summary = {0}, markdown = {0}, json = {0};

	FALLS("memory.delta", "container", true, -155, -310, -620);
	accounts("container", 0.108);
	memory_each(&result, 3000);
	report_html(&result, &html);
	report_terminal(&result, 400, &terminal);
	report_summary(&result, 400, &summary);
	report_markdown(&result, &markdown);
	result_write_json(&result, &json);
	const char *const all[] = {html.buf, terminal.buf, summary.buf, markdown.buf, json.buf};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		ck_has(all[i], BY_ACCOUNT);
		ck_lacks(all[i], "−155 MiB each");
	}
	ck_has(html.buf, "111 KiB each");
	ck_has(html.buf, "not extrapolated: the fall of MemAvailable was disturbed");
	ck_has(terminal.buf, "does not rise");
	ck_well_formed(html.buf);
}
END_TEST

/* Two machines of one kind beside sixteen of the other: the steeper line stays in the chart. */
START_TEST(a_line_ends_where_its_kind_was_measured)
{
	AUTO_STR html = {0};

	FALLS("memory.delta", "container", true, -10, 22, -29, 1, 12);
	accounts("container", 0.3);
	FALLS("memory.delta", "kvm", true, 250, 500);
	accounts("kvm", 250);
	memory_each(&result, 3000);
	report_html(&result, &html);
	ck_has(html.buf,
	        "<line class=\"thin\" x1=\"0.00%\" y1=\"150.0\" x2=\"12.12%\" y2=\"10.0\"/>");
	ck_assert_uint_eq(count(html.buf, "<line class=\"thin\""), 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {a_steady_fall_is_taken,
	        a_disturbed_fall_gives_way_in_every_kind, noise_is_no_line,
	        a_busy_host_needs_agreement, many_machines_are_asked_first, without_accounting,
	        without_a_ladder, every_report_says_which_way_it_was,
	        a_line_ends_where_its_kind_was_measured};

	return suite_run("memory_each", tests, ARRAY_SIZE(tests), NULL, end);
}
