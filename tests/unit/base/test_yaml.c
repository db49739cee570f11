/* The YAML tree: positions, exact text, and everything that must be refused in bounded time and
 * memory. */
#include "base/yaml.h"

#include "tests/fake/check_util.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static struct yaml_doc doc;
static struct yaml_mark where;
static struct err err;

static int parse(const char *text)
{
	memset(&err, 0, sizeof(err));
	return yaml_parse(text, strlen(text), &doc, &where, &err);
}

static const char *value(const char *key)
{
	const struct yaml_node *node = yaml_get(doc.root, key);

	return node ? node->text : NULL;
}

START_TEST(positions_and_text)
{
	const struct yaml_node *e;

	ck_assert_msg(
	        parse("a: 010\nb:\n  - x\n  - {c: \"y\"}\n\xc3\xa9: 'z'\nd: |\n  1\n  2\n") == 0,
	        "%s", err.message);
	ck_assert_int_eq(doc.root->kind, YAML_MAP);
	ck_assert_int_eq(doc.root->n, 4);
	ck_assert_str_eq(value("a"), "010"); /* never typed */
	e = yaml_get(doc.root, "b");
	ck_assert(e->kind == YAML_LIST && e->n == 2 && e->key->mark.line == 2);
	e = yaml_get(e->first->next, "c");
	ck_assert(
	        e->quoted && e->mark.line == 4 && e->mark.column == 9 && e->key->mark.column == 6);
	e = yaml_get(doc.root, "\xc3\xa9");
	ck_assert(e->mark.line == 5 && e->mark.column == 4); /* characters, not bytes */
	ck_assert_str_eq(value("d"), "1\n2\n");
	ck_assert(yaml_get(doc.root, "d")->quoted);
	ck_assert_ptr_null(yaml_get(doc.root, "c"));
	yaml_clear(&doc);
}
END_TEST

START_TEST(nothing_is_known_from_text)
{
	ck_assert_int_eq(parse("a:\nb: ~\nc: null\nd: ''\ne: 0\n"), 0);
	ck_assert(yaml_is_empty(yaml_get(doc.root, "a")));
	ck_assert(yaml_is_empty(yaml_get(doc.root, "b")));
	ck_assert(yaml_is_empty(yaml_get(doc.root, "c")));
	ck_assert(!yaml_is_empty(yaml_get(doc.root, "d")));
	ck_assert(!yaml_is_empty(yaml_get(doc.root, "e")));
	yaml_clear(&doc);
	ck_assert_int_eq(parse("# only a comment\n"), 0);
	ck_assert(yaml_is_empty(doc.root));
	yaml_clear(&doc);
	ck_assert_int_eq(parse("\xef\xbb\xbf"
	                       "a: 1\n"),
	        0); /* a byte order mark */
	ck_assert_str_eq(value("a"), "1");
	yaml_clear(&doc);
}
END_TEST

START_TEST(duplicates_name_both_places)
{
	ck_assert_int_eq(parse("a: 1\nb: {x: 1, y: 2, x: 3}\na: 2\n\"a\": 3\n"), 0);
	ck_assert_int_eq(doc.n_duplicates, 3);
	ck_assert_str_eq(doc.duplicates[0].key->text, "x");
	ck_assert(doc.duplicates[0].key->mark.column == 17 && doc.duplicates[0].first.column == 5);
	ck_assert(doc.duplicates[1].key->mark.line == 3 && doc.duplicates[1].first.line == 1);
	ck_assert(doc.duplicates[2].key->mark.line == 4 && doc.duplicates[2].first.line == 1);
	ck_assert_str_eq(value("a"), "1");
	ck_assert_int_eq(doc.root->n, 2);
	yaml_clear(&doc);
}
END_TEST

START_TEST(aliases_and_merges)
{
	const struct yaml_node *e;

	ck_assert_msg(
	        parse("base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\n"
	              "one: {<<: *b, x: 9}\ntwo: {<<: [*b, *m]}\nthree: *b\n'<<': text\n") == 0,
	        "%s", err.message);
	ck_assert_int_eq(doc.n_duplicates, 0);
	e = yaml_get(doc.root, "one");
	ck_assert_str_eq(yaml_get(e, "x")->text, "9");
	ck_assert_str_eq(yaml_get(e, "y")->text, "2");
	ck_assert(e->n == 2 && !yaml_get(e, "<<"));
	e = yaml_get(doc.root, "two");
	ck_assert_str_eq(yaml_get(e, "y")->text, "2");
	ck_assert_str_eq(yaml_get(e, "z")->text, "4");
	e = yaml_get(yaml_get(doc.root, "three"), "x");
	ck_assert(e->mark.line == 1); /* where it was written */
	ck_assert_str_eq(value("<<"), "text");
	yaml_clear(&doc);
}
END_TEST

static const struct {
	const char *text, *message;
	int line, column;
} wrong[] = {
        {"a:\n\tb: 1\n", "a tab cannot indent", 2, 1},
        {"a: 1\n\tb: 2\n", "a tab cannot indent", 2, 1},
        {"a: |\n\tfoo\n", "a tab cannot indent", 2, 1},
        {"a: @x\n", "'@' cannot begin a value", 1, 4},
        {"\xc3\xa9: `x\n", "'`' cannot begin a value", 1, 4},
        {"a: b: c\n", "a ':' is not allowed here", 1, 5},
        {"a: - b\n", "a '-' is not allowed here", 1, 4},
        {"a: [1, 2\nb: 1\n", "this '[' is not closed", 1, 4},
        {"a: {b: 1\n", "this '{' is not closed", 1, 4},
        {"a: \"x\nb: 1\n", "this quote is not closed", 1, 4},
        {"a: \"\\q\"\n", "no such escape inside double quotes", 1, 5},
        {"x: 1\na:\n    b: 1\n  c: 2\n", "this does not belong to the map that begins on line 1", 4,
                3},
        {"- a\nb: 1\n", "this does not belong to the list that begins on line 1", 2, 1},
        {"a: 1\n...\nfoo\n", "something stands behind the end of the document", 3, 1},
        {"a: 1\n---\nb: 1\n", "a second document begins here; only one is allowed", 2, 1},
        {"a: }\n", "a value is missing here", 1, 4},
        {"%YAML 3.0\n---\na: 1\n", "only YAML 1.1 and 1.2 can be read", 1, 1},
        {"a: 1\nb\xc3\xa9: \xff\n", "the file is not UTF-8 here (byte \\xff)", 2, 5},
        {"a: \xe2\x82", "the file is not UTF-8 here (byte \\xe2)", 1, 4},
        {"a: \x01\n", "the control character \\x01 is not allowed", 1, 4},
        {"a: \"\\0\"\n", "a NUL character is not allowed", 1, 4},
        {"[a]: b\n", "a key must be text, not a list or map", 1, 1},
        {"a: !!binary aGk=\n", "tags ('tag:yaml.org,2002:binary') are not supported", 1, 4},
        {"a: !x {b: 1}\n", "tags ('!x') are not supported", 1, 4},
        {"a: *x\n", "'*x' refers to nothing above it ('&x')", 1, 4},
        {"a: &a [*a]\n", "'*a' refers to nothing above it ('&a')", 1, 8},
        {"a: {<<: x}\n", "'<<' takes a map or a list of maps", 1, 9},
};

START_TEST(syntax_is_refused_where_it_is)
{
	ck_assert_int_eq(parse(wrong[_i].text), -1);
	ck_assert_str_eq(err.message, wrong[_i].message);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_int_eq(where.line, wrong[_i].line);
	ck_assert_int_eq(where.column, wrong[_i].column);
}
END_TEST

/* A hostile text: head, then unit n times, then tail. */
static void repeat(struct str *out, const char *head, const char *unit, size_t n, const char *tail)
{
	str_add(out, head);
	for (size_t i = 0; i < n; i++)
		str_add(out, unit);
	str_add(out, tail);
}

static const struct {
	const char *head, *unit;
	size_t n;
	const char *tail, *message; /* NULL: it is read */
} bombs[] = {
        {"", "a", 10 << 20, "", "larger than 1048576 bytes"},
        {"", "#\n", 524288, "", NULL},
        {"", "[", 1 << 20, "", "nested deeper than 64 levels"},
        {"", "{a: ", 262144, "", "nested deeper than 64 levels"},
        {"", "- ", 524288, "", "nested deeper than 64 levels"},
        {"", "? ", 524288, "", "a key must be text, not a list or map"},
        {"", "[", 64, "x", "this '[' is not closed"},
        {"[", "a,", 524280, "]", "more than 100000 values, counting what aliases repeat"},
        {"a: &a x\nb: [", "*a,", 349000, "]",
                "more than 100000 values, counting what aliases repeat"},
        {"", "a: 1\n", 49999, "", NULL}, /* one key, 49,998 duplicates */
        {"", "a ", 524288, "", NULL},
        {"\"", "\\u263a", 170000, "\"", NULL},
        {"a: [", "&a x,", 209000, "]", "more than 1000 anchors"},
        {"", "\xff", 1 << 20, "", "the file is not UTF-8 here (byte \\xff)"},
        {"", "\t", 1 << 20, "", "a tab cannot indent"},
        {"a: !", "t", 1 << 19, " x", NULL},
};

START_TEST(bombs_cost_little)
{
	AUTO_STR text = {0};
	struct rusage usage;
	int64_t begin = cpu_ns();

	repeat(&text, bombs[_i].head, bombs[_i].unit, bombs[_i].n, bombs[_i].tail);
	if (parse(text.buf) == 0) {
		ck_assert_ptr_null(bombs[_i].message);
		yaml_clear(&doc);
	} else if (bombs[_i].message) {
		ck_assert_str_eq(err.message, bombs[_i].message);
	} else {
		ck_assert_str_ne(err.message, "");
	}
	ck_assert_int_lt(cpu_ns() - begin, 3000000000);
	getrusage(RUSAGE_SELF, &usage);
	ck_assert_int_lt(usage.ru_maxrss, 400 << 10); /* KiB; the sanitizer's own included */
}
END_TEST

START_TEST(aliases_of_aliases_are_counted)
{
	AUTO_STR text = {0};

	str_add(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 12; i++) {
		str_addf(&text, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			str_addf(&text, "*a%d, ", i - 1);
		str_add(&text, "]\n");
	}
	ck_assert_int_eq(parse(text.buf), -1);
	ck_assert_str_eq(err.message, "more than 100000 values, counting what aliases repeat");
	ck_assert_int_lt(where.line, 7);
}
END_TEST

START_TEST(aliases_do_not_pass_the_depth)
{
	AUTO_STR text = {0};

	str_add(&text, "- &a0 [x]\n");
	for (int i = 1; i < 100; i++)
		str_addf(&text, "- &a%d [*a%d]\n", i, i - 1);
	ck_assert_int_eq(parse(text.buf), -1);
	ck_assert_str_eq(err.message, "nested deeper than 64 levels");
	ck_assert_int_lt(where.line, 70);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("yaml");
	TCase *tc = tcase_create("yaml");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, positions_and_text);
	tcase_add_test(tc, nothing_is_known_from_text);
	tcase_add_test(tc, duplicates_name_both_places);
	tcase_add_test(tc, aliases_and_merges);
	tcase_add_loop_test(tc, syntax_is_refused_where_it_is, 0, ARRAY_SIZE(wrong));
	tcase_add_loop_test(tc, bombs_cost_little, 0, ARRAY_SIZE(bombs));
	tcase_add_test(tc, aliases_of_aliases_are_counted);
	tcase_add_test(tc, aliases_do_not_pass_the_depth);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
