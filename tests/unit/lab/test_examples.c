/* Every example loads without a problem; damaged in thousands of ways it is answered, quickly and
 * without harm. Runs in the repository's folder. */
#include "tests/fake/check_util.h"
#include "tests/unit/lab/load.h"

#include <unistd.h>

#define EXAMPLES "Vagrantfile-examples"

static struct loaded l;

static void examples(struct strv *out)
{
	struct err err = {0};

	ck_assert_msg(fs_list(EXAMPLES, out, &err) == 0, "%s", err.message);
}

START_TEST(every_example_loads)
{
	AUTO_STRV names = {0};

	examples(&names);
	ck_assert(strv_has(&names, "hello") && strv_has(&names, "container"));
	ck_assert(strv_has(&names, "vm") && strv_has(&names, "multi"));
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *path = xasprintf(EXAMPLES "/%s/prov.yaml", names.v[i]);
		memset(&l, 0, sizeof(l));
		l.rc = config_load(path, NULL, &l.lab, &l.problems, &l.err);
		AUTO_FREE char *problems = load_problems(&l);
		ck_assert_msg(l.rc == 0, "%s: %s\n%s", path, l.err.message, problems);
		ck_assert_int_gt(l.lab.n, 0);
		lab_decl_clear(&l.lab);
		problems_clear(&l.problems);
	}
}
END_TEST

START_TEST(what_the_examples_show)
{
	ck_assert_int_eq(
	        config_load(EXAMPLES "/hello/prov.yaml", NULL, &l.lab, &l.problems, &l.err), 0);
	ck_assert_int_eq(l.lab.n, 2);
	ck_assert_str_eq(l.lab.machines[0].selector, "web@container");
	ck_assert_str_eq(l.lab.machines[1].hostname, "web-kvm");
	ck_assert_int_eq(access(l.lab.machines[0].provision[0].path, X_OK), 0);
	lab_decl_clear(&l.lab);
	ck_assert_int_eq(
	        config_load(EXAMPLES "/multi/prov.yaml", NULL, &l.lab, &l.problems, &l.err), 0);
	ck_assert_int_eq(l.lab.n, 4);
	ck_assert_str_eq(load_machine(&l, "web@kvm")->depends_on.v[1], "app-2@container");
	ck_assert_str_eq(load_machine(&l, "app-1@container")->env.v[1], "DATABASE=db");
	lab_decl_clear(&l.lab);
}
END_TEST

struct random {
	uint64_t state;
};

static size_t below(struct random *random, size_t n) /* xorshift64 */
{
	random->state ^= random->state << 13;
	random->state ^= random->state >> 7;
	random->state ^= random->state << 17;
	return n ? random->state % n : 0;
}

/* Where a random line begins, and its length with the newline. */
static size_t line(struct random *random, const struct str *text, size_t *n)
{
	size_t at = below(random, text->len);

	while (at && text->buf[at - 1] != '\n')
		at--;
	*n = strcspn(text->buf + at, "\n") + 1;
	if (at + *n > text->len)
		*n = text->len - at;
	return at;
}

static void insert(struct str *text, size_t at, const char *bytes, size_t n)
{
	AUTO_FREE char *rest = xstrndup(text->buf + at, text->len - at);

	text->len = at;
	str_addn(text, bytes, n);
	str_add(text, rest);
}

static void mutate(struct random *random, struct str *text)
{
	static const char *const words[] = {"&a ", "*a", "<<: *a\n", "[", "]", "{", "}", ": ", "- ",
	        "\t", "\"", "'", "|\n", "both", "count: 9999\n", "null", "~", "\xff", "\x1b",
	        "!!str ", "%", "depends_on: [db, web, app, vm]\n", "kvm: { networks: host }\n",
	        "provision: [{shell: x},{shell: x}]\n", "ports: ['1-9:1', '80:80']\n", "\n  ",
	        "\n---\n", "99999999999999999999", "memory: 1TiB\n", "networks: [default, x]\n",
	        "@", "../x"};
	size_t n = 0, at = line(random, text, &n);
	const char *word = words[below(random, ARRAY_SIZE(words))];

	switch (below(random, 6)) {
	case 0:
		text->buf[below(random, text->len)] ^= (char)(1 << below(random, 8));
		break;
	case 1:
		text->len = below(random, text->len);
		text->buf[text->len] = '\0';
		break;
	case 2: {
		AUTO_FREE char *copy = xstrndup(text->buf + at, n);
		size_t unused, to = line(random, text, &unused);
		insert(text, to, copy, strlen(copy));
		break;
	}
	case 3:
		memmove(text->buf + at, text->buf + at + n, text->len - at - n + 1);
		text->len -= n;
		break;
	case 4:
		insert(text, at, "      ", 1 + below(random, 6));
		break;
	default:
		insert(text, below(random, text->len), word, strlen(word));
	}
	if (!text->len)
		str_add(text, "a");
	/* A flipped bit may make a NUL: the text ends there for the rest of this test. */
	text->len = strlen(text->buf);
	if (!text->len)
		str_add(text, "a");
}

static void write_plain(const char *path, const struct str *text)
{
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fwrite(text->buf, 1, text->len, f), text->len);
	ck_assert_int_eq(fclose(f), 0);
}

/* Refused with a clean text, or read into specs that survive the journal. */
static void judge(void)
{
	ck_assert(l.rc == 0 || l.problems.n > 0);
	for (size_t i = 0; i < l.problems.n; i++) {
		const struct problem *p = &l.problems.rows[i];
		AUTO_STR escaped = {0}, hint = {0};
		str_add_escaped(&escaped, p->text, strlen(p->text));
		ck_assert_str_eq(p->text, str_text(&escaped));
		str_add_escaped(&hint, p->hint ? p->hint : "", p->hint ? strlen(p->hint) : 0);
		ck_assert_str_eq(p->hint ? p->hint : "", str_text(&hint));
		ck_assert(p->line >= 1 && p->column >= 1 && *p->text);
	}
	for (size_t i = 0; l.rc == 0 && i < l.lab.n && i < 3; i++) {
		struct machine_spec back;
		AUTO_STR first = {0}, second = {0};
		spec_write(&l.lab.machines[i], &first);
		ck_assert_msg(spec_read(first.buf, &back, &l.err) == 0, "%s", l.err.message);
		spec_write(&back, &second);
		ck_assert_str_eq(first.buf, second.buf);
		spec_clear(&back);
	}
}

START_TEST(damaged_examples_are_answered)
{
	struct random random = {.state = 0x9e3779b97f4a7c15u + (uint64_t)_i};
	AUTO_STRV names = {0};
	int refused = 0, read = 0;

	examples(&names);
	load_begin(&l);
	AUTO_FREE char *path = xasprintf("%s/prov.yaml", l.folder);
	load_file(&l, "report.sh", "", 0);
	load_file(&l, "motd", "", 0);
	for (int round = 0; round < 1000; round++) {
		AUTO_FREE char *example =
		        xasprintf(EXAMPLES "/%s/prov.yaml", names.v[below(&random, names.n)]);
		AUTO_STR text = {0};
		ck_assert_int_eq(fs_read(example, 1 << 20, &text, &l.err), 0);
		for (size_t n = 1 + below(&random, 4); n; n--)
			mutate(&random, &text);
		write_plain(path, &text);
		int64_t begin = cpu_ns();
		load_now(&l, NULL);
		ck_assert_int_lt(cpu_ns() - begin, 2000000000);
		judge();
		l.rc == 0 ? read++ : refused++;
		lab_decl_clear(&l.lab);
		problems_clear(&l.problems);
	}
	ck_assert(refused > 100 && read > 10);
	load_end(&l);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("examples");
	TCase *tc = tcase_create("examples");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, every_example_loads);
	tcase_add_test(tc, what_the_examples_show);
	tcase_add_loop_test(tc, damaged_examples_are_answered, 0, 4);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
