/* Boxes from elsewhere: what is right arrives whole, from a file, a folder or an address. */
#include "tests/unit/boxes/parcel.h"

#include <sys/utsname.h>

START_TEST(test_bare)
{
	struct box box;
	struct err err;

	ck_ok(box_add(&f.job, tar, NULL, NULL, &box, &err));
	ck_assert_str_eq(box.name, "small-1.0");
	ck_assert_str_eq(box.user, "root");
	ck_assert_uint_eq(box.n_artefacts, 1);
	ck_has(str_text(&f.notes), "sha256 ");
	AUTO_FREE char *tree = layout_artefact(f.home, &box.artefacts[0]);
	AUTO_FREE char *motd = xasprintf("%s/etc/motd", tree);
	ck_assert(fs_exists(motd));
	ck_ok(box_verify(&f.job, "small-1.0", &err));
	box_clear(&box);
	AUTO_FREE char *url = xasprintf("file://%s", tar);
	ck_ok(box_add(&f.job, url, "other/name", NULL, &box, &err));
	ck_assert_str_eq(box.name, "other/name");
	box_clear(&box);
	ck_ok(store_remove(f.home, "small-1.0", &err));
	ck_assert(fs_exists(motd));
	ck_ok(store_remove(f.home, "other/name", &err));
	store_is_empty(&f);
}
END_TEST

START_TEST(test_digest)
{
	static const char wrong[] =
	        "0000000000000000000000000000000000000000000000000000000000000007";
	char right[DIGEST_HEX_LEN + 1];
	struct box box;
	struct err err;

	ck_ok(digest_file(tar, right, &err));
	AUTO_FREE char *message = xasprintf(
	        "'%s': wrong digest: the file has the sha256 %s, wanted is %s", tar, right, wrong);
	ck_fails(box_add(&f.job, tar, NULL, wrong, &box, &err), ERR_FAILED, message);
	ck_fails(box_add(&f.job, tar, NULL, "abc", &box, &err), ERR_USAGE,
	        "'abc' is not a sha256: 64 hexadecimal digits");
	ck_ok(box_add(&f.job, tar, NULL, right, &box, &err));
	ck_lacks(str_text(&f.notes), "sha256 ");
	box_clear(&box);
}
END_TEST

START_TEST(test_sources)
{
	AUTO_FREE char *odd = fixture_path(&f, "_ .tar"), *absent = fixture_path(&f, "absent.tar");
	AUTO_FREE char *message = xasprintf("open '%s': No such file or directory", absent);
	AUTO_FREE char *folder = xasprintf("'%s' is not a file", f.dir);
	struct box box;
	struct err err;

	ck_fails(box_add(&f.job, "ftp://x/y.tar", NULL, NULL, &box, &err), ERR_USAGE,
	        "'ftp' is not supported: http, https, file or a path");
	ck_fails(box_add(&f.job, absent, NULL, NULL, &box, &err), ERR_FAILED, message);
	ck_fails(box_add(&f.job, f.dir, NULL, NULL, &box, &err), ERR_FAILED, folder);
	ck_fails(box_add(&f.job, tar, "A/../b", NULL, &box, &err), ERR_USAGE,
	        "'A/../b' is not a box name");
	ck_assert_int_eq(rename(tar, odd), 0);
	ck_assert_int_eq(box_add(&f.job, odd, NULL, NULL, &box, &err), -1);
	ck_has(err.message, "the file's name gives no box name: '_ ' is not a box name");
	ck_assert_str_eq(err.hint, "give one with --name");
	store_is_empty(&f);
}
END_TEST

START_TEST(test_exported)
{
	struct parcel p = {.n = 0};
	AUTO_FREE char *path = fixture_path(&f, "toy.box");
	AUTO_FREE char *out = fixture_path(&f, "out.tar"),
	               *again = fixture_path(&f, "again.tar.zst");
	AUTO_FREE char *message = xasprintf("'%s' exists already", out);
	struct box box, back;
	struct err err;
	AUTO_STR manifest = {0};

	fill(&p);
	describe(&p, &manifest);
	pack(&p, str_text(&manifest), path);
	ck_ok(box_add(&f.job, path, NULL, NULL, &box, &err));
	ck_assert_str_eq(box.name, "toy");
	ck_assert_int_eq(box.created, 7);
	ck_assert_uint_eq(box.n_artefacts, 4);
	ck_assert_str_eq(box_artefact(&box, "rootfs")->digest, digest_of_tree);
	ck_ok(box_export(&f.job, "toy", out, &err));
	ck_fails(box_export(&f.job, "toy", out, &err), ERR_FAILED, message);
	ck_ok(box_export(&f.job, "toy", again, &err));
	const char *const made[] = {out, again};
	for (size_t i = 0; i < 2; i++) {
		ck_ok(store_remove(f.home, "toy", &err));
		ck_ok(box_add(&f.job, made[i], NULL, NULL, &back, &err));
		ck_assert_str_eq(back.digest, box.digest);
		box_clear(&back);
	}
	ck_ok(store_remove(f.home, "toy", &err));
	store_is_empty(&f);
	box_clear(&box);
	empty(&p);
}
END_TEST

/* A wrong digest on the fresh and on the resumed path: nothing stays that a later try would go on
 * with. */
START_TEST(test_url)
{
	static const char wrong[] =
	        "0000000000000000000000000000000000000000000000000000000000000007";
	AUTO_STR bytes = {0};
	AUTO_FREE char *log = fixture_path(&f, "log");
	struct http_server server;
	struct box box;
	struct err err;

	file_text(tar, &bytes);
	const struct http_route routes[] = {
	        {.path = "/Toy-2.tar.gz?x=1", .body = bytes.buf, .n = bytes.len},
	        {.path = "/cut.tar.gz",
	                .body = bytes.buf,
	                .n = bytes.len,
	                .etag = "\"1\"",
	                .ranges = true,
	                .cut = 50},
	};
	ck_ok(http_server_start(&server, routes, 2, log, &err));
	AUTO_FREE char *url = http_server_url(&server, routes[0].path);
	AUTO_FREE char *cut = http_server_url(&server, routes[1].path);
	const char *const both[] = {url, cut};
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(box_add(&f.job, both[i], NULL, wrong, &box, &err), -1);
		ck_has(err.message, "wrong digest: the file has the sha256 ");
		ck_has(err.message, wrong);
		store_is_empty(&f);
	}
	ck_ok(box_add(&f.job, url, NULL, NULL, &box, &err));
	ck_assert_str_eq(box.name, "toy-2");
	box_clear(&box);
	http_server_stop(&server);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
	        test_bare, test_digest, test_sources, test_exported, test_url};
	Suite *suite = suite_create("add");
	TCase *tc = tcase_create("add");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_set_timeout(tc, 20);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
