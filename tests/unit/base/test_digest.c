#include "base/digest.h"

#include "tests/fake/check_util.h"

#include <stdio.h>

static struct err err;

/* NIST's example of FIPS 180-4: "abc". */
static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

START_TEST(known_answers)
{
	char hex[DIGEST_HEX_LEN + 1];
	char *root = tmp_begin();
	AUTO_FREE char *path = xasprintf("%s/file", root);

	digest_bytes("abc", 3, hex);
	ck_assert_str_eq(hex, abc);
	ck_ok(fs_replace(path, "abc", 3, 0600, &err));
	ck_ok(digest_file(path, hex, &err));
	ck_assert_str_eq(hex, abc);
	AUTO_FREE char *text = xasprintf("open '%s/none': No such file or directory", root);
	AUTO_FREE char *none = xasprintf("%s/none", root);
	ck_fails(digest_file(none, hex, &err), ERR_FAILED, text);
	AUTO_FREE char *folder = xasprintf("'%s': read for its digest: Is a directory", root);
	ck_fails(digest_file(root, hex, &err), ERR_FAILED, folder);
	tmp_end(root);
}
END_TEST

static void of_fields(const char *const *fields, size_t n, char hex[DIGEST_HEX_LEN + 1])
{
	struct digest d;

	digest_init(&d);
	for (size_t i = 0; i < n; i += 2)
		digest_field(&d, fields[i], fields[i + 1]);
	digest_hex(&d, hex);
}

START_TEST(lists_of_fields_do_not_collide)
{
	static const char *const lists[][4] = {{"a", "b", "c", "d"}, {"a", "bc", "", "d"},
	        {"ab", "", "c", "d"}, {"a", NULL, "c", "d"}, {"a", "", "c", "d"},
	        {"c", "d", "a", "b"}, {"a", "b3:c=1:d", "c", "d"}};
	char hex[ARRAY_SIZE(lists)][DIGEST_HEX_LEN + 1];

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		of_fields(lists[i], 4, hex[i]);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(hex[i], hex[k]);
	}
}
END_TEST

START_TEST(long_names_and_numbers)
{
	struct digest d;
	char hex[DIGEST_HEX_LEN + 1], name[300];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	digest_init(&d);
	digest_field(&d, name, "value");
	digest_number(&d, name, INT64_MIN);
	digest_hex(&d, hex);
	ck_assert_uint_eq(strlen(hex), DIGEST_HEX_LEN);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
	        known_answers, lists_of_fields_do_not_collide, long_names_and_numbers};

	return suite_run("digest", tests, ARRAY_SIZE(tests), NULL, NULL);
}
