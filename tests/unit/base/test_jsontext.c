#include "base/jsontext.h"

#include "tests/fake/check_util.h"

static void round_trip(const char *text, size_t n, bool plain)
{
	json_t *object = json_object();
	size_t got = 0;

	json_put_text(object, "text", text, n);
	ck_assert_int_eq(json_object_get(object, "text") != NULL, plain);
	char *line = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	object = json_loads(line, JSON_ALLOW_NUL, NULL);
	ck_assert_ptr_nonnull(object);
	const char *back = json_text(object, "text", &got);
	ck_assert_uint_eq(got, n);
	ck_assert_mem_eq(back, text, n);
	ck_assert_int_eq(back[n], '\0');
	/* Asked twice, it is the same. */
	ck_assert_ptr_eq(json_text(object, "text", NULL), back);
	json_decref(object);
	free(line);
}

START_TEST(any_bytes_survive)
{
	char all[512];

	for (int i = 0; i < 512; i++)
		all[i] = (char)(i / 2);
	round_trip("", 0, true);
	round_trip("plain \"q\" \\ \n", 13, true);
	round_trip("a\0b", 3, true);
	round_trip("caf\303\251", 5, true);
	round_trip("caf\351", 4, false);
	round_trip("\302", 1, false);
	round_trip(all, sizeof(all), false);
}
END_TEST

START_TEST(what_is_none_is_null)
{
	static const char *const lines[] = {"{}", "{\"t\":1}", "{\"t_latin1\":1}",
	        "{\"t_latin1\":\"\\u20ac\"}", "{\"t_latin1\":\"\\u0100\"}"};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		json_t *object = json_loads(lines[i], 0, NULL);
		ck_assert_ptr_nonnull(object);
		ck_assert_ptr_null(json_text(object, "t", NULL));
		json_decref(object);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {any_bytes_survive, what_is_none_is_null};

	return suite_run("jsontext", tests, ARRAY_SIZE(tests), NULL, NULL);
}
