/* Who may start when: order, skipping, dropping, and two pools. */
#include "lab/schedule.h"
#include "tests/fake/check_util.h"

enum { MOST = 12 };
static struct machine machines[MOST];
static struct machine *list[MOST];
static size_t n;
static struct schedule *schedule;

static void begin(void)
{
	n = 0;
	schedule = NULL;
}

static void end(void)
{
	if (schedule)
		schedule_free(schedule);
	for (size_t i = 0; i < n; i++)
		spec_clear(&machines[i].spec);
}

/* Dependencies are a NULL-terminated list of selectors. */
static void add(const char *selector, const char *const *depends_on)
{
	struct machine_spec *spec = &machines[n].spec;

	machines[n] = (struct machine){0};
	spec_init(spec);
	free(spec->selector);
	free(spec->provider);
	spec->selector = xstrdup(selector);
	spec->provider = xstrdup(strchr(selector, '@') + 1);
	for (; depends_on && *depends_on; depends_on++)
		strv_add(&spec->depends_on, *depends_on);
	list[n] = &machines[n];
	n++;
}
#define ON(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *next(size_t light, size_t heavy)
{
	size_t i = schedule_next(schedule, light, heavy);

	return i == SIZE_MAX ? "-" : machines[i].spec.selector;
}

static void done(const char *selector, bool ok)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(machines[i].spec.selector, selector))
			schedule_done(schedule, i, ok);
}

static char *skipped(void)
{
	size_t because, i = schedule_skipped(schedule, &because);

	return i == SIZE_MAX ? xstrdup("-")
	                     : xasprintf("%s for %s", machines[i].spec.selector,
	                               machines[because].spec.selector);
}
#define ck_skipped(text)                         \
	do {                                     \
		AUTO_FREE char *got = skipped(); \
		ck_assert_str_eq(got, text);     \
	} while (0)

START_TEST(in_the_files_order)
{
	add("b@container", NULL);
	add("a@container", NULL);
	add("c@container", NULL);
	schedule = schedule_new(list, n, true);
	ck_assert_str_eq(next(9, 9), "b@container");
	ck_assert_str_eq(next(9, 9), "a@container");
	ck_assert_str_eq(next(0, 9), "-");
	ck_assert_str_eq(next(1, 0), "c@container");
	ck_assert_str_eq(next(9, 9), "-");
	ck_skipped("-");
}
END_TEST

START_TEST(a_dependant_waits_for_all_it_depends_on)
{
	add("web@container", ON("db@container", "cache@container", "elsewhere@container"));
	add("db@container", NULL);
	add("cache@container", NULL);
	schedule = schedule_new(list, n, true);
	ck_assert_str_eq(next(9, 9), "db@container");
	ck_assert_str_eq(next(9, 9), "cache@container");
	ck_assert_str_eq(next(9, 9), "-");
	done("cache@container", true);
	ck_assert_str_eq(next(9, 9), "-");
	done("db@container", true);
	ck_assert_str_eq(next(9, 9), "web@container");
}
END_TEST

START_TEST(going_down_the_dependant_is_first)
{
	add("db@container", NULL);
	add("web@container", ON("db@container"));
	schedule = schedule_new(list, n, false);
	ck_assert_str_eq(next(9, 9), "web@container");
	ck_assert_str_eq(next(9, 9), "-");
	/* What would not stop is no reason to keep what it depends on. */
	done("web@container", false);
	ck_skipped("-");
	ck_assert_str_eq(next(9, 9), "db@container");
}
END_TEST

START_TEST(a_failure_skips_whoever_depends_on_it)
{
	add("db@container", NULL);
	add("web@container", ON("db@container"));
	add("proxy@container", ON("web@container", "other@container"));
	add("other@container", NULL);
	schedule = schedule_new(list, n, true);
	ck_assert_str_eq(next(9, 9), "db@container");
	ck_assert_str_eq(next(9, 9), "other@container");
	done("db@container", false);
	ck_skipped("web@container for db@container");
	ck_skipped("proxy@container for web@container");
	ck_skipped("-");
	done("other@container", true);
	ck_assert_str_eq(next(9, 9), "-");
	ck_assert_uint_eq(schedule_drop(schedule), SIZE_MAX);
}
END_TEST

START_TEST(an_interruption_drops_the_rest)
{
	add("db@container", NULL);
	add("web@container", ON("db@container"));
	add("other@container", NULL);
	schedule = schedule_new(list, n, true);
	ck_assert_str_eq(next(9, 9), "db@container");
	ck_assert_uint_eq(schedule_drop(schedule), 1);
	ck_assert_uint_eq(schedule_drop(schedule), 2);
	ck_assert_uint_eq(schedule_drop(schedule), SIZE_MAX);
	done("db@container", true);
	ck_assert_str_eq(next(9, 9), "-");
}
END_TEST

START_TEST(containers_do_not_queue_behind_virtual_machines)
{
	add("a@kvm", NULL);
	add("b@kvm", NULL);
	add("c@container", NULL);
	schedule = schedule_new(list, n, true);
	ck_assert_str_eq(next(1, 1), "c@container");
	ck_assert_str_eq(next(1, 1), "a@kvm");
	ck_assert_str_eq(next(1, 0), "-");
	ck_assert_str_eq(next(1, 1), "b@kvm");
}
END_TEST

START_TEST(more_at_once_where_there_are_more_processors)
{
	struct abreast one = schedule_abreast(1), many = schedule_abreast(16);

	ck_assert_uint_ge(one.light, 8);
	ck_assert_uint_ge(one.heavy, 2);
	ck_assert_uint_gt(many.light, one.light);
	ck_assert_uint_gt(many.heavy, one.heavy);
	ck_assert_uint_eq(schedule_abreast(-1).light, one.light);
}
END_TEST

/* Thousands, all of one rank waiting for all of the other: no call may look at every pair. */
START_TEST(thousands)
{
	enum { ALL = 4000 };
	struct machine *many = xcalloc(ALL, sizeof(*many)), **each = xcalloc(ALL, sizeof(*each));
	size_t i, seen = 0;

	for (size_t k = 0; k < ALL; k++) {
		spec_init(&many[k].spec);
		free(many[k].spec.selector);
		many[k].spec.selector = xasprintf("n-%zu@container", k);
		if (k)
			strv_add(&many[k].spec.depends_on, "n-0@container");
		each[k] = &many[k];
	}
	struct schedule *s = schedule_new(each, ALL, true);
	while ((i = schedule_next(s, 1, 1)) != SIZE_MAX) {
		schedule_done(s, i, true);
		seen++;
	}
	ck_assert_uint_eq(seen, ALL);
	schedule_free(s);
	for (size_t k = 0; k < ALL; k++)
		spec_clear(&many[k].spec);
	free(many);
	free(each);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {in_the_files_order, a_dependant_waits_for_all_it_depends_on,
	        going_down_the_dependant_is_first, a_failure_skips_whoever_depends_on_it,
	        an_interruption_drops_the_rest, containers_do_not_queue_behind_virtual_machines,
	        more_at_once_where_there_are_more_processors, thousands};

	return suite_run("schedule", tests, ARRAY_SIZE(tests), begin, end);
}
