/* Files made to cost: whatever they say, loading them ends soon, in little memory, with one clear
 * answer. */
#include "tests/fake/check_util.h"
#include "tests/unit/lab/load.h"

#include <sys/resource.h>

static struct loaded l;

static void repeat(struct str *out, int n, const char *unit)
{
	for (int i = 0; i < n; i++)
		str_add(out, unit);
}

static void numbered(struct str *out, int n, const char *before, const char *after)
{
	for (int i = 0; i < n; i++)
		str_addf(out, "%s%d%s", before, i, after);
}

#define WEB "machines: { web: { box: tiny } }\n"

static void ten_megabytes(struct str *t)
{
	str_add(t, WEB);
	repeat(t, 10 << 10, "# ");
	while (t->len < 10 << 20)
		repeat(t, 1 << 10, "a: 0123456789\n");
}

static void alias_bomb(struct str *t)
{
	str_add(t, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 20; i++)
		str_addf(t, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1,
		        i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
}

static void deep(struct str *t)
{
	repeat(t, 100000, "{a: ");
}

static void unknown_keys(struct str *t)
{
	str_add(t, WEB);
	numbered(t, 40000, "unknown", ": 1\n");
}

static void unknown_defaults(struct str *t)
{
	str_add(t, "defaults:\n");
	numbered(t, 20000, "  u", ": 1\n");
	str_add(t, "  kvm:\n");
	numbered(t, 10000, "    u", ": 1\n");
	str_add(t, "machines:\n");
	numbered(t, 9000, "  m", ":\n");
}

static void machines_and_defaults(struct str *t) /* 9,999 copies of 900 variables */
{
	str_add(t, "defaults:\n  box: tiny\n  env:\n");
	numbered(t, 900, "    VARIABLE_", ": a value that is not quite short\n");
	str_add(t, "machines:\n  m: { count: 9999 }\n");
}

static void long_script(struct str *t)
{
	str_add(t,
	        "machines:\n  m:\n    box: tiny\n    count: 10000\n    provision:\n      - shell: "
	        "|\n");
	repeat(t, 20000, "          echo this is a line of a script\n");
}

static void same_names(struct str *t)
{
	str_add(t, "defaults:\n  box: tiny\n  provision:\n");
	repeat(t, 1000, "    - { name: a, shell: b }\n");
	str_add(t, "machines:\n");
	numbered(t, 9000, "  m", ":\n");
}

static void too_many_machines(struct str *t)
{
	str_add(t, "defaults: { box: tiny, provider: both }\nmachines:\n");
	numbered(t, 3, "  m", ": { count: 9000 }\n");
}

static void too_many_dependencies(struct str *t)
{
	str_add(t, "defaults: { box: tiny }\nmachines:\n  a: { count: 4000 }\n");
	str_add(t, "  b: { count: 4000, depends_on: [a] }\n");
}

static void unknown_dependencies(struct str *t)
{
	str_add(t, "defaults: { box: tiny }\nmachines:\n");
	numbered(t, 9000, "  machine-with-a-name-", ": { depends_on: [mashine-with-a-nam] }\n");
}

static void ports(struct str *t)
{
	str_add(t, "machines:\n  m:\n    box: tiny\n    count: 10000\n    ports:\n");
	repeat(t, 30000, "      - \"80\"\n");
}

static void fixed_ports(struct str *t)
{
	str_add(t, "machines:\n  m:\n    box: tiny\n    count: 10000\n    ports:\n");
	for (int i = 0; i < 20000; i++)
		str_addf(t, "      - \"127.%d.%d.1:80:80\"\n", i / 250, i % 250);
}

static void volumes(struct str *t)
{
	str_add(t, "volumes:\n");
	numbered(t, 15000, "  volume", ":\n");
	str_add(t, "machines:\n  m:\n    box: tiny\n    volumes:\n");
	numbered(t, 15000, "      - volume", ":/x\n");
}

static void one_long_circle(struct str *t)
{
	str_add(t, "defaults: { box: tiny }\nmachines:\n  m0: { depends_on: [m4999] }\n");
	for (int i = 1; i < 5000; i++)
		str_addf(t, "  m%d: { depends_on: [m%d] }\n", i, i - 1);
}

static void regular_expression(struct str *t)
{
	str_add(t, "machines:\n  m:\n    box: tiny\n    ready: { log: \"");
	repeat(t, 150, "(a{1,255}|b)*");
	str_add(t, "\" }\n");
}

static const struct hostile {
	const char *name;
	void (*make)(struct str *text);
	const char *first; /* problem, or NULL: the message of err */
} hostile[] = {
        {"ten megabytes", ten_megabytes, NULL},
        {"alias bomb", alias_bomb, "more than 100000 values, counting what aliases repeat"},
        {"deep", deep, "nested deeper than 64 levels"},
        {"unknown keys", unknown_keys, "unknown key 'unknown0'"},
        {"unknown defaults", unknown_defaults, "unknown key 'u0'"},
        {"machines times defaults", machines_and_defaults,
                "'machines': with their defaults they are larger than 64 MiB"},
        {"a long script", long_script,
                "'machines': with their defaults they are larger than 64 MiB"},
        {"items of one name", same_names, "'name': 'a' is also the name of the item on line 4"},
        {"too many machines", too_many_machines, "'machines': more than 10000 machines"},
        {"too many dependencies", too_many_dependencies,
                "'depends_on': more than 1000000 dependencies in all"},
        {"unknown dependencies", unknown_dependencies,
                "'depends_on': there is no machine 'mashine-with-a-nam'"},
        {"ports", ports, "'ports': there are too many of them"},
        {"fixed ports", fixed_ports, "'ports': there are too many of them"},
        {"volumes", volumes, "'volumes': more than 1000"},
        {"a long circle", one_long_circle,
                "'depends_on' goes in a circle: m0@container -> m4999@container -> m4998@container "
                "-> m4997@container -> m4996@container -> m4995@container -> m4994@container -> "
                "m4993@container -> ... -> m1@container -> m0@container"},
        {"a regular expression", regular_expression, NULL},
};

START_TEST(ends_soon)
{
	const struct hostile *h = &hostile[_i];
	AUTO_STR text = {0};
	struct rusage usage;

	load_begin(&l);
	h->make(&text);
	load_file(&l, "prov.yaml", text.buf, text.len);
	int64_t begin = cpu_ns();
	load_now(&l, NULL);
	int64_t ms = (cpu_ns() - begin) / 1000000;
	getrusage(RUSAGE_SELF, &usage);
	printf("%s: %lld ms, %ld MiB\n", h->name, (long long)ms, usage.ru_maxrss >> 10);
	ck_assert_int_eq(l.rc, -1);
	ck_assert_int_eq(l.err.kind, ERR_CONFIG);
	if (h->first)
		ck_assert_str_eq(l.problems.rows[0].text, h->first);
	else
		ck_assert_str_ne(l.err.message, "");
	ck_assert_int_lt(ms, 5000);
	ck_assert_int_lt(usage.ru_maxrss, 800 << 10); /* KiB; the sanitizer's own included */
	load_end(&l);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bounds");
	TCase *tc = tcase_create("bounds");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, ends_soon, 0, ARRAY_SIZE(hostile));
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
