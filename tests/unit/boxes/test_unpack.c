/* Archives by friend and foe: what is kept, what is refused, and that a refusal leaves nothing
 * outside. */
#include "tests/unit/boxes/box_fixture.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static struct fixture f;
static char *tree, *tar;

static void begin(void)
{
	struct err err;

	fixture_begin(&f);
	tree = fixture_path(&f, "tree");
	tar = fixture_path(&f, "x.tar");
	ck_ok(fs_mkdirs(tree, 0755, &err));
}

static void end(void)
{
	free(tree);
	free(tar);
	fixture_end(&f);
}

static int unpack_with(const char *path, const struct unpack_limits *limits, struct err *err)
{
	struct archive *a = unpack_reader();
	void *locale = unpack_locale_begin();
	struct unpack u;

	int rc = archive_read_open_filename(a, path, 65536) == ARCHIVE_OK ? 0
	                                                                  : unpack_failed(a, err);
	if (rc == 0)
		rc = unpack_begin(&u, &f.job, tree, err);
	if (rc == 0) {
		u.limits = limits;
		rc = unpack_rest(&u, a, err);
		if (rc == 0)
			rc = unpack_finish(&u, err);
		unpack_end(&u);
	}
	archive_read_free(a);
	unpack_locale_end(locale);
	return rc;
}

static int unpack_tar(struct err *err)
{
	return unpack_with(tar, &unpack_defaults, err);
}

static struct stat look(const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", tree, name);
	struct stat st;

	ck_assert_msg(lstat(path, &st) == 0, "'%s' is missing", name);
	return st;
}

START_TEST(test_kept)
{
	static const struct tar_entry entries[] = {
	        {.path = "./", .type = S_IFDIR, .mode = 0711},
	        {.path = "./etc/", .type = S_IFDIR, .mode = 0555},
	        {.path = "./etc/motd", .type = S_IFREG, .content = "hello", .mode = 04755},
	        {.path = "./etc/again", .type = S_IFREG, .hard = "./etc/motd"},
	        {.path = "./etc/out", .type = S_IFLNK, .content = "/etc/../../../motd"},
	        {.path = "./pipe", .type = S_IFIFO, .mode = 0620},
	        {.path = "./implied/deep/name \xc3\xa9\xff", .type = S_IFREG, .content = ""},
	        {.path = "./big", .type = S_IFREG, .size = 1 << 20},
	};
	AUTO_FREE char *motd = xasprintf("%s/etc/motd", tree);
	AUTO_STR text = {0};
	struct err err;

	tar_write(tar, entries, ARRAY_SIZE(entries));
	ck_ok(unpack_tar(&err));
	file_text(motd, &text);
	ck_assert_str_eq(str_text(&text), "hello");
	ck_assert_uint_eq(look("etc/motd").st_mode, S_IFREG | 04755);
	ck_assert_int_eq(look("etc/motd").st_mtim.tv_sec, 1000000000);
	ck_assert_uint_eq(look("etc/again").st_ino, look("etc/motd").st_ino);
	ck_assert_uint_eq(look("etc").st_mode, S_IFDIR | 0555);
	ck_assert_int_eq(look("etc").st_mtim.tv_sec, 1000000000);
	ck_assert_uint_eq(look("").st_mode, S_IFDIR | 0711);
	ck_assert(S_ISLNK(look("etc/out").st_mode));
	ck_assert_uint_eq(look("pipe").st_mode, S_IFIFO | 0620);
	ck_assert_int_eq(look("implied/deep/name \xc3\xa9\xff").st_size, 0);
	ck_assert_uint_eq(look("implied").st_mode, S_IFDIR | 0755);
	ck_assert_int_eq(look("implied/deep").st_mtim.tv_sec, 0);
	ck_assert_int_eq(look("big").st_size, 1 << 20);
	ck_assert_int_lt(look("big").st_blocks, 512);
	AUTO_FREE char *etc = xasprintf("%s/etc", tree);
	ck_assert_int_eq(chmod(etc, 0755), 0); /* so that the test can clean up without root */
}
END_TEST

START_TEST(test_attributes)
{
	static const struct tar_entry entries[] = {
	        {.path = "x", .type = S_IFREG, .content = "a", .xattr = "user.note"}};
	AUTO_FREE char *path = xasprintf("%s/x", tree);
	char value[8];
	struct err err;

	if (setxattr(tree, "user.probe", "v", 1, 0) < 0) {
		skip("no user attributes on the file system of TMPDIR");
		return;
	}
	tar_write(tar, entries, 1);
	ck_ok(unpack_tar(&err));
	ck_assert_int_eq(getxattr(path, "user.note", value, sizeof(value)), 1);
}
END_TEST

START_TEST(test_replaced)
{
	static const struct tar_entry entries[] = {
	        {.path = "x", .type = S_IFLNK, .content = "../canary"},
	        {.path = "x", .type = S_IFREG, .content = "new"},
	        {.path = "y", .type = S_IFREG, .content = "y"},
	        {.path = "y", .type = S_IFLNK, .content = "x"},
	};
	struct err err;

	tar_write(tar, entries, ARRAY_SIZE(entries));
	ck_ok(unpack_tar(&err));
	ck_assert_uint_eq(look("x").st_mode, S_IFREG | 0644);
	ck_assert(S_ISLNK(look("y").st_mode));
}
END_TEST

START_TEST(test_devices_below_dev)
{
	static const struct tar_entry entries[] = {
	        {.path = "dev/", .type = S_IFDIR},
	        {.path = "dev/null", .type = S_IFCHR},
	        {.path = "dev/sda", .type = S_IFBLK},
	        {.path = "x", .type = S_IFREG, .content = "x"},
	};
	struct err err;

	tar_write(tar, entries, ARRAY_SIZE(entries));
	ck_ok(unpack_tar(&err));
	AUTO_FREE char *null = xasprintf("%s/dev/null", tree);
	ck_assert(!fs_exists(null));
	ck_assert_str_eq(str_text(&f.notes), "left out 2 device nodes below /dev\n");
}
END_TEST

/* Each tries to touch DIR/canary or to bring in what no box may have. */
static const struct {
	struct tar_entry entries[3];
	const char *message;
} evil[] = {
        {{{.path = "../canary", .type = S_IFREG, .content = "x"}},
                "refused: '../canary' is a path to the outside"},
        {{{.path = "a/../../canary", .type = S_IFREG, .content = "x"}},
                "refused: 'a/../../canary' is a path to the outside"},
        {{{.path = "/canary", .type = S_IFREG, .content = "x"}},
                "refused: '/canary' is a path to the outside"},
        {{{.path = "..", .type = S_IFDIR}}, "refused: '../' is a path to the outside"},
        {{{.path = "l", .type = S_IFLNK, .content = ".."},
                 {.path = "l/canary", .type = S_IFREG, .content = "x"}},
                "refused: 'l/canary' leads through a symbolic link"},
        {{{.path = "l", .type = S_IFLNK, .content = "m"}, {.path = "m", .type = S_IFDIR},
                 {.path = "l/x", .type = S_IFREG, .content = "x"}},
                "refused: 'l/x' leads through a symbolic link"},
        {{{.path = "l", .type = S_IFLNK, .content = "/"}, {.path = "l/deep/x", .type = S_IFDIR}},
                "refused: 'l/deep/x' leads through a symbolic link"},
        {{{.path = "f", .type = S_IFREG, .content = "x"},
                 {.path = "f/x", .type = S_IFREG, .content = "x"}},
                "refused: 'f/x' leads through a file"},
        {{{.path = "h", .type = S_IFREG, .hard = "../canary"}},
                "refused: 'h' is a hard link to a path outside"},
        {{{.path = "h", .type = S_IFREG, .hard = "/canary"}},
                "refused: 'h' is a hard link to a path outside"},
        {{{.path = "l", .type = S_IFLNK, .content = ".."},
                 {.path = "h", .type = S_IFREG, .hard = "l/canary"}},
                "the hard link 'h': refused: 'l/canary' leads through a symbolic link"},
        {{{.path = "d", .type = S_IFDIR}, {.path = "h", .type = S_IFREG, .hard = "d"}},
                "refused: 'h' is a hard link to a folder"},
        {{{.path = "h", .type = S_IFREG, .hard = "absent"}},
                "the hard link 'h' to 'absent': No such file or directory"},
        {{{.path = "null", .type = S_IFCHR}}, "refused: 'null' is a device node"},
        {{{.path = "dev/../sda", .type = S_IFBLK}},
                "refused: 'dev/../sda' is a path to the outside"},
        {{{.path = "x", .type = S_IFREG, .content = "x", .xattr = "trusted.overlay.redirect"}},
                "refused: 'x' has an extended attribute that no box may have"},
        {{{.path = ".", .type = S_IFREG, .content = "x"}}, "refused: '/' is not a folder"},
        {{{.path = "d", .type = S_IFDIR}, {.path = "d/x", .type = S_IFDIR},
                 {.path = "d", .type = S_IFREG, .content = "x"}},
                "replace 'd': Is a directory"},
        {{{.path = "\x1b[2J/../x", .type = S_IFREG}},
                "refused: '\\x1b[2J/../x' is a path to the outside"},
};

START_TEST(test_refused)
{
	AUTO_FREE char *canary = fixture_path(&f, "canary");
	AUTO_STR text = {0};
	struct stat st;
	struct err err;
	size_t n = 0;

	file_write(canary, "alive", 5);
	while (n < 3 && evil[_i].entries[n].path)
		n++;
	tar_write(tar, evil[_i].entries, n);
	ck_fails(unpack_tar(&err), ERR_FAILED, evil[_i].message);
	file_text(canary, &text);
	ck_assert_str_eq(str_text(&text), "alive");
	ck_assert_int_eq(stat(canary, &st), 0);
	ck_assert_uint_eq(st.st_nlink, 1);
}
END_TEST

START_TEST(test_limits)
{
	static const struct tar_entry three[] = {
	        {.path = "a", .type = S_IFREG, .content = "a"},
	        {.path = "b", .type = S_IFREG, .content = "b"},
	        {.path = "c", .type = S_IFREG, .content = "c"},
	};
	struct err err;

	tar_write(tar, three, 3);
	ck_fails(unpack_with(tar, &(struct unpack_limits){.entries = 2, .bytes = 100, .ratio = 9},
	                 &err),
	        ERR_FAILED, "refused: more than 2 entries");
	ck_fails(unpack_with(
	                 tar, &(struct unpack_limits){.entries = 9, .bytes = 2, .ratio = 9}, &err),
	        ERR_FAILED, "refused: it unpacks to more than 0 MiB");
}
END_TEST

START_TEST(test_bomb)
{
	static const struct tar_entry entries[] = {
	        {.path = "zeros", .type = S_IFREG, .content = "0", .size = 96 * 1048576}};
	AUTO_FREE char *gz = fixture_path(&f, "x.tar.gz");
	struct err err;

	tar_write(gz, entries, 1);
	ck_fails(unpack_with(gz, &unpack_defaults, &err), ERR_FAILED,
	        "refused: 'zeros' unpacks to so much more than the archive holds that it looks "
	        "like a bomb");
	ck_assert_int_lt(look("zeros").st_size, 80 * 1048576);
}
END_TEST

/* Cut at each place and flipped at each byte: an error or the right tree, never a crash or a hang.
 */
START_TEST(test_damaged)
{
	static const struct tar_entry entries[] = {
	        {.path = "etc", .type = S_IFDIR},
	        {.path = "etc/a", .type = S_IFREG, .content = "some text that is there"},
	        {.path = "etc/b", .type = S_IFREG, .hard = "etc/a"},
	};
	AUTO_FREE char *gz = fixture_path(&f, "x.tar.gz"), *bad = fixture_path(&f, "bad.tar.gz");
	AUTO_STR bytes = {0};
	struct err err;
	size_t failed = 0;

	tar_write(gz, entries, ARRAY_SIZE(entries));
	file_text(gz, &bytes);
	for (size_t i = 1; i < bytes.len; i++) {
		file_write(bad, bytes.buf, i);
		failed += unpack_with(bad, &unpack_defaults, &err) < 0;
		bytes.buf[i] ^= 0x10;
		file_write(bad, bytes.buf, bytes.len);
		bytes.buf[i] ^= 0x10;
		if (unpack_with(bad, &unpack_defaults, &err) < 0)
			ck_assert_int_ne(err.message[0], '\0');
	}
	ck_assert_uint_gt(failed, bytes.len / 2);
	file_write(bad, bytes.buf, bytes.len / 2);
	ck_assert_int_eq(unpack_with(bad, &unpack_defaults, &err), -1);
	ck_has(err.message, "the archive cannot be read: ");
}
END_TEST

START_TEST(test_not_an_archive)
{
	struct err err;

	file_write(tar, "hello, this is text", 19);
	ck_assert_int_eq(unpack_tar(&err), -1);
	ck_has(err.message, "the archive cannot be read: Unrecognized archive format");
}
END_TEST

START_TEST(test_interrupted)
{
	static const struct tar_entry entries[] = {{.path = "a", .type = S_IFREG, .content = "a"}};
	struct err err;

	tar_write(tar, entries, 1);
	f.stop = 1;
	ck_fails(unpack_tar(&err), ERR_INTERRUPTED, "interrupted");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {test_kept, test_attributes, test_replaced,
	        test_devices_below_dev, test_limits, test_bomb, test_damaged, test_not_an_archive,
	        test_interrupted};
	Suite *suite = suite_create("unpack");
	TCase *tc = tcase_create("unpack");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, test_refused, 0, (int)ARRAY_SIZE(evil));
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
