/* What a machine sends lands beneath the folder, or nowhere. */
#include "base/fs.h"
#include "tests/fake/check_util.h"
#include "transports/tar/untar.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

static void set_up(void)
{
	strcpy(dir, "/tmp/prov-untar-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	AUTO_FREE char *in = xasprintf("%s/in", dir);
	AUTO_FREE char *out = xasprintf("%s/out", dir);
	ck_assert_int_eq(mkdir(in, 0755), 0);
	ck_assert_int_eq(mkdir(out, 0755), 0);
}

static void tear_down(void)
{
	ck_assert_int_eq(fs_remove_tree(dir, NULL), 0);
}

static char *path_of(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

struct item {
	mode_t type; /* 0: a hard link */
	const char *name, *target;
	mode_t mode;
};

static int unpack(const struct item *items, size_t n, struct err *err)
{
	AUTO_FREE char *tar = path_of("tar"), *in = path_of("in");
	struct archive *a = archive_write_new();

	archive_write_set_format_pax_restricted(a);
	ck_assert_int_eq(archive_write_open_filename(a, tar), ARCHIVE_OK);
	for (size_t i = 0; i < n; i++) {
		struct archive_entry *e = archive_entry_new();
		archive_entry_set_pathname(e, items[i].name);
		archive_entry_set_filetype(e, items[i].type ? items[i].type : S_IFREG);
		archive_entry_set_perm(e, items[i].mode ? items[i].mode : 0644);
		archive_entry_set_size(e, items[i].type == S_IFREG ? 5 : 0);
		if (items[i].type == S_IFLNK)
			archive_entry_set_symlink(e, items[i].target);
		if (!items[i].type)
			archive_entry_set_hardlink(e, items[i].target);
		ck_assert_int_eq(archive_write_header(a, e), ARCHIVE_OK);
		if (items[i].type == S_IFREG)
			ck_assert_int_eq(archive_write_data(a, "hello", 5), 5);
		archive_entry_free(e);
	}
	archive_write_free(a);
	AUTO_FD int fd = open(tar, O_RDONLY | O_CLOEXEC);
	AUTO_FD int folder = open(in, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(folder, 0);
	return prov_untar(fd, folder, err);
}

START_TEST(test_tree)
{
	const struct item items[] = {
	        {S_IFDIR, "./", NULL, 0700},
	        {S_IFDIR, "./sub", NULL, 0750},
	        {S_IFREG, "./sub/file", NULL, 04755},
	        {S_IFLNK, "./link", "/etc/passwd", 0},
	        {0, "./twin", "./sub/file", 0},
	        {S_IFREG, "deep/er/file", NULL, 0},
	        {S_IFIFO, "fifo", NULL, 0},
	        {S_IFCHR, "null", NULL, 0},
	};
	struct err err = {0};
	struct stat st, twin;

	ck_assert_msg(unpack(items, ARRAY_SIZE(items), &err) == 0, "%s", err.message);
	AUTO_FREE char *sub = path_of("in/sub"), *file = path_of("in/sub/file"),
	               *link = path_of("in/twin"), *deep = path_of("in/deep/er/file"),
	               *fifo = path_of("in/fifo"), *null = path_of("in/null");
	ck_assert_int_eq(stat(sub, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0750);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0755);
	ck_assert_int_eq(stat(link, &twin), 0);
	ck_assert(st.st_ino == twin.st_ino);
	ck_assert(fs_exists(deep));
	ck_assert(!fs_exists(fifo));
	ck_assert(!fs_exists(null));
}
END_TEST

/* Each is refused with its reason, and nothing appears in "out". */
static const struct {
	struct item items[2];
	const char *reason;
} attacks[] = {
        {{{S_IFREG, "../out/x", NULL, 0}, {0}}, "'../out/x' is a path to the outside"},
        {{{S_IFREG, "a/../../out/x", NULL, 0}, {0}}, "is a path to the outside"},
        {{{S_IFREG, "/tmp/prov-untar-x", NULL, 0}, {0}}, "is a path to the outside"},
        {{{S_IFLNK, "a", "../out", 0}, {S_IFREG, "a/x", NULL, 0}},
                "'a/x' leads through a symbolic link"},
        {{{S_IFLNK, "a", "../out", 0}, {S_IFDIR, "a", NULL, 0}},
                "'a' leads through a symbolic link"},
        {{{S_IFREG, "ok", NULL, 0}, {0, "twin", "../out/secret", 0}},
                "'twin' is a hard link to a path outside"},
        {{{S_IFLNK, "a", "../out", 0}, {0, "twin", "a/secret", 0}},
                "'twin' leads through a symbolic link"},
        {{{S_IFDIR, "d", NULL, 0}, {S_IFREG, "d", NULL, 0}}, "'d' is a folder here"},
};

START_TEST(test_attack)
{
	AUTO_FREE char *out = path_of("out"), *secret = path_of("out/secret"),
	               *twin = path_of("in/twin");
	AUTO_STRV left = {0};
	struct err err = {0};
	size_t n = attacks[_i].items[1].name ? 2 : 1;

	ck_assert_int_eq(fs_replace(secret, "s", 1, 0600, NULL), 0);
	ck_assert_int_eq(unpack(attacks[_i].items, n, &err), -1);
	ck_assert_msg(strstr(err.message, attacks[_i].reason), "%s", err.message);
	ck_assert_int_eq(fs_list(out, &left, NULL), 0);
	ck_assert_uint_eq(left.n, 1);
	ck_assert(!fs_exists(twin));
	ck_assert(!fs_exists("/tmp/prov-untar-x"));
}
END_TEST

START_TEST(test_garbage)
{
	AUTO_FREE char *tar = path_of("tar"), *in = path_of("in");
	char bytes[2048];
	struct err err = {0};

	memset(bytes, 'x', sizeof(bytes));
	ck_assert_int_eq(fs_replace(tar, bytes, sizeof(bytes), 0600, NULL), 0);
	AUTO_FD int fd = open(tar, O_RDONLY | O_CLOEXEC);
	AUTO_FD int folder = open(in, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(prov_untar(fd, folder, &err), -1);
	ck_assert_msg(str_starts(err.message, "what the machine sent cannot be read: "), "%s",
	        err.message);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("untar");
	TCase *t = tcase_create("untar");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, test_tree);
	tcase_add_loop_test(t, test_attack, 0, (int)ARRAY_SIZE(attacks));
	tcase_add_test(t, test_garbage);
	suite_add_tcase(s, t);
	return suite_finish(s);
}
