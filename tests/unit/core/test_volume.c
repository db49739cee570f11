/* Volumes as files: made with what the box has, grown, refused. No root is needed: nothing is
 * mounted. */
#include "base/fs.h"
#include "base/proc.h"
#include "core/volume.h"
#include "tests/fake/check_util.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *dir, *file, *root;

static void make_root(void)
{
	AUTO_FREE char *data = xasprintf("%s/real", root);
	AUTO_FREE char *link = xasprintf("%s/data", root);
	AUTO_FREE char *text = xasprintf("%s/real/text", root);
	struct err err = {0};

	ck_assert_int_eq(fs_mkdirs(data, 0755, &err), 0);
	ck_assert_int_eq(chmod(data, 0750), 0);
	/* A link of the box stays within its root. */
	ck_assert_int_eq(symlink("/real", link), 0);
	ck_assert_int_eq(fs_replace(text, "box", 3, 0640, &err), 0);
}

static void setup(void)
{
	dir = xstrdup("/tmp/prov-volume-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	file = volume_path(dir, "pg");
	root = xasprintf("%s/root", dir);
	make_root();
}

static void teardown(void)
{
	struct err err;

	ck_assert_int_eq(fs_remove_tree(dir, &err), 0);
	free(dir);
	free(file);
	free(root);
}

static bool have_tools(void)
{
	static const char *const argv[] = {"mke2fs", "-V", NULL};

	if (proc_check(argv, NULL, NULL) == 0)
		return true;
	printf("SKIP volumes: mke2fs is not installed\n");
	return false;
}

static char *debugfs(const char *request)
{
	const char *const argv[] = {"debugfs", "-R", request, file, NULL};
	struct str out = {0};
	struct err err = {0};

	ck_assert_msg(proc_check(argv, &out, &err) == 0, "%s", err.message);
	return str_steal(&out);
}

static void make(const char *guest)
{
	const struct volume_new wanted = {
	        .name = "pg", .size_bytes = 16 << 20, .rootfs = root, .guest = guest};
	struct err err = {0};

	ck_assert_msg(volume_make(file, &wanted, &err) == 0, "%s", err.message);
}

START_TEST(begins_with_what_the_box_has)
{
	struct err err = {0};
	AUTO_STRV names = {0};

	if (!have_tools())
		return;
	make("/data");
	AUTO_FREE char *list = debugfs("ls -l /");
	ck_assert_msg(strstr(list, "text") && strstr(list, "100640") && strstr(list, "40750"), "%s",
	        list);
	ck_assert_msg(!strstr(list, "lost+found"), "%s", list);
	ck_assert_msg(volume_check(file, true, &err) == 0, "%s", err.message);
	ck_assert_int_eq(volume_list(dir, &names, &err), 0);
	ck_assert_int_eq(names.n, 1);
	ck_assert_str_eq(names.v[0], "pg");
	ck_assert(!volume_in_container(file) && !volume_in_vm(file));
}
END_TEST

START_TEST(begins_empty)
{
	int64_t size, used;
	struct err err = {0};

	if (!have_tools())
		return;
	make("/nowhere");
	AUTO_FREE char *list = debugfs("ls -l /");
	ck_assert_msg(strstr(list, "40755") && !strstr(list, "text"), "%s", list);
	ck_assert_int_eq(volume_size(file, &size, &used, &err), 0);
	ck_assert_int_eq(size, 16 << 20);
	ck_assert_int_lt(used, 8 << 20);
}
END_TEST

START_TEST(grows_and_never_shrinks)
{
	struct err err = {0};

	if (!have_tools())
		return;
	make("/data");
	ck_assert_int_eq(volume_resize(file, 16 << 20, &err), 0);
	ck_assert_int_eq(volume_resize(file, 8 << 20, &err), -1);
	ck_assert_str_eq(err.message, "a volume of 16 MiB cannot become one of 8 MiB");
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	/* Killed between the file's growth and the file system's. */
	ck_assert_int_eq(truncate(file, 32 << 20), 0);
	ck_assert_msg(volume_resize(file, 32 << 20, &err) == 0, "%s", err.message);
	AUTO_FREE char *stats = debugfs("show_super_stats -h");
	ck_assert_msg(strstr(stats, "32768\n"), "%s", stats);
}
END_TEST

START_TEST(what_does_not_fit_is_no_volume)
{
	const struct volume_new wanted = {
	        .name = "pg", .size_bytes = 16 << 20, .rootfs = root, .guest = "/real"};
	AUTO_FREE char *big = xasprintf("%s/real/big", root);
	AUTO_FREE char *bytes = xcalloc(1, 20 << 20);
	struct err err = {0};

	if (!have_tools())
		return;
	memset(bytes, 'x', 20 << 20);
	ck_assert_int_eq(fs_replace(big, bytes, 20 << 20, 0644, &err), 0);
	ck_assert_int_eq(volume_make(file, &wanted, &err), -1);
	ck_assert_msg(str_starts(err.message, "make the volume 'pg': 'mke2fs' exited with 1"), "%s",
	        err.message);
	AUTO_FREE char *folder = volume_dir(dir);
	AUTO_STRV names = {0};
	ck_assert_int_eq(fs_list(folder, &names, &err), 0);
	ck_assert_int_eq(names.n, 0);
}
END_TEST

START_TEST(a_serial_fits)
{
	char serial[VOLUME_SERIAL];

	volume_serial("a-name-of-20-letters", serial);
	ck_assert_str_eq(serial, "a-name-of-20-letters");
	volume_serial("a-name-of-21-letters-", serial);
	ck_assert_int_eq(strlen(serial), 20);
	ck_assert(str_starts(serial, "prov-"));
}
END_TEST

START_TEST(a_vm_is_noticed)
{
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 101, .l_len = 1};
	struct err err = {0};
	AUTO_FREE char *folder = volume_dir(dir);

	ck_assert_int_eq(fs_mkdirs(folder, 0711, &err), 0);
	ck_assert_int_eq(fs_replace(file, "", 0, 0600, &err), 0);
	AUTO_FD int fd = open(file, O_RDWR | O_CLOEXEC);
	ck_assert(!volume_in_vm(file));
	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	ck_assert(volume_in_vm(file));
	ck_assert_int_eq(volume_remove(file, &err), 0);
	ck_assert_int_eq(volume_lock(file, &err), -1);
	ck_assert_msg(strstr(err.message, "is gone") != NULL, "%s", err.message);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {begins_with_what_the_box_has, begins_empty,
	        grows_and_never_shrinks, what_does_not_fit_is_no_volume, a_serial_fits,
	        a_vm_is_noticed};

	return suite_run("volume", tests, ARRAY_SIZE(tests), setup, teardown);
}
