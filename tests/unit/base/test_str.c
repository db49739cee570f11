#include "base/str.h"

#include "tests/fake/check_util.h"

START_TEST(adds_and_steals)
{
	AUTO_STR s = {0};

	ck_assert_str_eq(str_text(&s), "");
	str_add(&s, "a");
	str_addn(&s, "b\0c", 3);
	str_addf(&s, "%d%s", 7, "x");
	ck_assert_uint_eq(s.len, 6);
	ck_assert_mem_eq(s.buf, "ab\0c7x", 7);
	str_reset(&s);
	ck_assert_str_eq(str_text(&s), "");
	AUTO_FREE char *none = str_steal(&s);
	ck_assert_str_eq(none, "");
	ck_assert_ptr_null(s.buf);
	AUTO_STR empty = {0};
	AUTO_FREE char *never_null = str_steal(&empty);
	ck_assert_str_eq(never_null, "");
}
END_TEST

START_TEST(grows)
{
	AUTO_STR s = {0};

	for (int i = 0; i < 100000; i++)
		str_addn(&s, "x", 1);
	ck_assert_uint_eq(s.len, 100000);
	ck_assert_uint_eq(strlen(s.buf), 100000);
}
END_TEST

START_TEST(shell_quotes)
{
	static const struct {
		const char *word, *quoted;
	} rows[] = {
	        {"plain-1.2/x", "plain-1.2/x"},
	        {"", "''"},
	        {"a b", "'a b'"},
	        {"it's", "'it'\\''s'"},
	        {"$HOME", "'$HOME'"},
	        {"~", "'~'"},
	        {"a\nb", "'a\nb'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_STR s = {0};
		str_add_shell(&s, rows[i].word);
		ck_assert_str_eq(s.buf, rows[i].quoted);
	}
}
END_TEST

START_TEST(lists)
{
	AUTO_STRV list = {0};
	AUTO_STRV copy = {0};

	ck_assert(!strv_has(&list, "a"));
	strv_add(&list, "a");
	strv_addf(&list, "%d", 2);
	strv_take(&list, xstrdup("c"));
	ck_assert_uint_eq(list.n, 3);
	ck_assert_ptr_null(list.v[3]);
	ck_assert(strv_has(&list, "2"));
	strv_copy(&copy, &list);
	ck_assert_uint_eq(copy.n, 3);
	ck_assert_str_eq(copy.v[2], "c");
	ck_assert_ptr_ne(copy.v[2], list.v[2]);
}
END_TEST

START_TEST(nearest)
{
	static const char *const keys[] = {"memory", "machines", "provider", "ports", "env"};
	static const struct {
		const char *word, *found;
	} rows[] = {
	        {"memroy", "memory"},
	        {"machine", "machines"},
	        {"providre", "provider"},
	        {"port", "ports"},
	        {"evn", "env"},
	        {"completely", NULL},
	};
	char text[300];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_pstr_eq(str_nearest(rows[i].word, keys, ARRAY_SIZE(keys)), rows[i].found);
	memset(text, 'm', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_ptr_null(str_nearest(text, keys, ARRAY_SIZE(keys)));
}
END_TEST

START_TEST(nothing_drives_a_terminal)
{
	static const struct {
		const char *raw, *escaped;
	} rows[] = {
	        {"plain \t text", "plain \t text"},
	        {"\033[2J", "\\x1b[2J"},
	        {"a\r\nb", "a\\x0d\\x0ab"},
	        {"del\177", "del\\x7f"},
	        {"caf\303\251 \342\202\254 \360\237\230\200",
	                "caf\303\251 \342\202\254 \360\237\230\200"},
	        {"\302\233"
	         "31m",
	                "\\xc2\\x9b31m"},                     /* CSI as one C1 control */
	        {"\300\257", "\\xc0\\xaf"},                   /* overlong */
	        {"\355\240\200", "\\xed\\xa0\\x80"},          /* a surrogate */
	        {"\364\220\200\200", "\\xf4\\x90\\x80\\x80"}, /* above U+10FFFF */
	        {"cut \342\202", "cut \\xe2\\x82"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_STR s = {0};
		str_add_escaped(&s, rows[i].raw, strlen(rows[i].raw));
		ck_assert_str_eq(s.buf, rows[i].escaped);
	}
	AUTO_STR s = {0};
	str_add_escaped(&s, "a\0b", 3);
	ck_assert_str_eq(s.buf, "a\\x00b");
}
END_TEST

START_TEST(sizes)
{
	AUTO_STR s = {0};

	str_add_size(&s, 1023);
	str_add(&s, ", ");
	str_add_size(&s, 1536);
	str_add(&s, ", ");
	str_add_size(&s, 100000000);
	ck_assert_str_eq(s.buf, "1023 B, 1.5 KiB, 95.4 MiB");
}
END_TEST

START_TEST(paths_below_a_folder)
{
	static const struct {
		const char *written, *meant;
	} rows[] = {{"a/b", "a/b"}, {"./a//b/", "a/b"}, {"a/./b/.", "a/b"}, {"", ""}, {"./", ""},
	        {"...", "..."}, {"..a/b..", "..a/b.."}, {".a", ".a"}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *path = str_path_beneath(rows[i].written);
		ck_assert_pstr_eq(path, rows[i].meant);
	}
}
END_TEST

START_TEST(paths_out_of_it)
{
	static const char *const rows[] = {NULL, "/", "/a", "..", "../a", "a/..", "a/../b", "./.."};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_ptr_null(str_path_beneath(rows[i]));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {adds_and_steals, grows, shell_quotes, lists, nearest, sizes,
	        nothing_drives_a_terminal, paths_below_a_folder, paths_out_of_it};

	return suite_run("str", tests, ARRAY_SIZE(tests), NULL, NULL);
}
