#include "oci/json.h"

#include "tests/fake/check_util.h"

static struct err err;

static json_t *load(const char *text)
{
	json_t *tree = NULL;

	err_clear(&err);
	ck_assert_msg(json_load("config.json", text, &tree, &err) == 0, "%s", err.message);
	return tree;
}

START_TEST(syntax_errors_say_where)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
	        {"{\"a\": }", "config.json:1:7: unexpected token near '}'"},
	        {"{\n \"a\": 1,\n}", "config.json:3:1: string or '}' expected near '}'"},
	        {"[]", "config.json: an object is needed"},
	        {"", "config.json:1:0: '[' or '{' expected near end of file"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *tree = NULL;
		err_clear(&err);
		ck_assert_int_eq(json_load("config.json", rows[i].text, &tree, &err), -1);
		ck_assert_str_eq(err.message, rows[i].message);
		ck_assert_int_eq(err.kind, ERR_CONFIG);
		ck_assert_ptr_null(tree);
	}
}
END_TEST

START_TEST(wrong_types_say_where_and_what)
{
	json_t *tree = load("{\"a\": {\"b\": [1, {\"c\": \"x\"}, null]}, \"t\": true}");
	struct node top = {NULL, NULL, 0, tree}, a = node_get(&top, "a"), b = node_get(&a, "b");
	struct node item = node_at(&b, 1), c = node_get(&item, "c"), t = node_get(&top, "t");
	const char *text = NULL;
	int64_t number = 7;
	bool flag = false;

	ck_assert_int_eq(node_int(&c, 0, 9, &number, &err), -1);
	ck_assert_str_eq(err.message, "a.b[1].c: a whole number is needed, not text");
	ck_assert_int_eq(number, 7);
	ck_assert_int_eq(node_text(&t, &text, &err), -1);
	ck_assert_str_eq(err.message, "t: text is needed, not true");
	ck_assert_int_eq(node_bool(&c, &flag, &err), -1);
	ck_assert_str_eq(err.message, "a.b[1].c: true or false is needed, not text");
	ck_assert_int_eq(node_array(&a, &err), -1);
	ck_assert_str_eq(err.message, "a: an array is needed, not an object");
	ck_assert_int_eq(node_object(&b, &err), -1);
	ck_assert_str_eq(err.message, "a.b: an object is needed, not an array");
	struct node none = node_at(&b, 2);
	ck_assert_int_eq(node_text(&none, &text, &err), 0); /* null is absent */
	ck_assert_int_eq(node_need(&none, &err), -1);
	ck_assert_str_eq(err.message, "a.b[2]: is missing");
	ck_assert_int_eq(node_object(&top, &err), 0);
	json_decref(tree);
}
END_TEST

START_TEST(numbers_of_64_bits_survive)
{
	json_t *tree =
	        load("{\"max\": 18446744073709551615, \"signed\": 9223372036854775807,"
	             " \"beyond\": 18446744073709551616, \"low\": -9223372036854775809,"
	             " \"text\": \"18446744073709551615 \\\"1\", \"real\": 1.5, \"neg\": -1}");
	struct node top = {NULL, NULL, 0, tree};
	struct node max = node_get(&top, "max"), high = node_get(&top, "signed");
	struct node beyond = node_get(&top, "beyond"), low = node_get(&top, "low");
	struct node text = node_get(&top, "text"), real = node_get(&top, "real");
	struct node neg = node_get(&top, "neg");
	uint64_t v = 0;
	int64_t i = 0;
	const char *s = NULL;

	ck_assert_int_eq(node_u64(&max, &v, &err), 0);
	ck_assert(v == UINT64_MAX);
	ck_assert_int_eq(node_u64(&high, &v, &err), 0);
	ck_assert(v == INT64_MAX);
	ck_assert_int_eq(node_int(&max, 0, INT64_MAX, &i, &err), -1);
	ck_assert_str_eq(err.message, "max: 18446744073709551615 is out of range");
	ck_assert_int_eq(node_u64(&beyond, &v, &err), -1);
	ck_assert_str_eq(err.message, "beyond: 18446744073709551616 is out of range");
	ck_assert_int_eq(node_u64(&low, &v, &err), -1);
	ck_assert_str_eq(err.message, "low: -9223372036854775809 is out of range");
	ck_assert_int_eq(node_u64(&neg, &v, &err), -1);
	ck_assert_str_eq(err.message, "neg: -1 is negative");
	ck_assert_int_eq(node_u64(&real, &v, &err), -1);
	ck_assert_str_eq(
	        err.message, "real: a whole number is needed, not a number with a fraction");
	ck_assert_int_eq(node_text(&text, &s, &err), 0);
	ck_assert_str_eq(s, "18446744073709551615 \"1");
	json_decref(tree);
}
END_TEST

START_TEST(ranges_are_kept)
{
	json_t *tree = load("{\"n\": 5000000000}");
	struct node top = {NULL, NULL, 0, tree}, n = node_get(&top, "n");
	uint32_t v = 3;

	ck_assert_int_eq(node_u32(&n, &v, &err), -1);
	ck_assert_str_eq(err.message, "n: 5000000000 is not between 0 and 4294967295");
	ck_assert_uint_eq(v, 3);
	json_decref(tree);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {syntax_errors_say_where, wrong_types_say_where_and_what,
	        numbers_of_64_bits_survive, ranges_are_kept};

	return suite_run("oci json", tests, ARRAY_SIZE(tests), NULL, NULL);
}
