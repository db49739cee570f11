/* The canonical digest: the same for equal trees however they came about, another for each
 * difference. */
#include "boxes/transfer/tree.h"
#include "tests/unit/boxes/box_fixture.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#define EPOCH 1000000000

static struct fixture f;
static char *tree;

static char *in(const char *name)
{
	return xasprintf("%s/%s", tree, name);
}

static void make_file(const char *name, const char *text)
{
	AUTO_FREE char *path = in(name);

	file_write(path, text, strlen(text));
	ck_assert_int_eq(chmod(path, 0644), 0);
}

static void begin(void)
{
	struct err err;

	fixture_begin(&f);
	tree = fixture_path(&f, "tree");
	AUTO_FREE char *sub = in("etc/deep");
	ck_ok(fs_mkdirs(sub, 0755, &err));
	make_file("b", "same");
	make_file("a", "same");
	make_file("etc/deep/x", "text");
	AUTO_FREE char *link = in("link");
	ck_assert_int_eq(symlink("etc", link), 0);
	ck_ok(tree_settle(tree, EPOCH, &err));
}

static void end(void)
{
	free(tree);
	fixture_end(&f);
}

static struct tree_sum sum_of(void)
{
	struct tree_sum sum;
	struct err err;

	ck_ok(tree_digest(&f.job, tree, &sum, &err));
	return sum;
}

static int change_content(const char *path)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	return pwrite(fd, "SAME", 4, 0) == 4 ? 0 : -1;
}

static int change_mode(const char *path)
{
	return chmod(path, 0755);
}

static int change_owner(const char *path)
{
	return geteuid() == 0 ? chown(path, 7, 0) : chmod(path, 0600);
}

static int change_time(const char *path)
{
	struct timespec t[2] = {{EPOCH, 1}, {EPOCH, 1}};

	return utimensat(AT_FDCWD, path, t, 0);
}

static int change_to_link(const char *path)
{
	return unlink(path) < 0 ? -1 : symlink("b", path);
}

static int change_name(const char *path)
{
	AUTO_FREE char *to = in("c");

	return rename(path, to);
}

static int change_xattr(const char *path)
{
	return setxattr(path, "user.x", "v", 1, 0);
}

static int join_names(const char *path)
{
	AUTO_FREE char *other = in("b");

	return unlink(path) < 0 ? -1 : link(other, path);
}

static const struct {
	const char *what;
	int (*change)(const char *path);
	bool keeps_time;
} changes[] = {
        {"content", change_content, true},
        {"mode", change_mode, true},
        {"owner", change_owner, true},
        {"time", change_time, false},
        {"type", change_to_link, true},
        {"name", change_name, true},
        {"attribute", change_xattr, true},
        {"hard link", join_names, true},
};

START_TEST(test_each_difference)
{
	struct tree_sum before = sum_of();
	AUTO_FREE char *path = in("a");
	struct err err;

	if (change_xattr(path) < 0 && changes[_i].change == change_xattr) {
		skip("no user attributes on the file system of TMPDIR");
		return;
	}
	removexattr(path, "user.x");
	ck_assert_str_eq(sum_of().digest, before.digest);
	ck_assert_int_eq(changes[_i].change(path), 0);
	/* The folder's own time must not be what makes the difference. */
	if (changes[_i].keeps_time)
		ck_ok(tree_settle(tree, EPOCH, &err));
	ck_assert_msg(strcmp(sum_of().digest, before.digest) != 0, "%s makes no difference",
	        changes[_i].what);
}
END_TEST

/* Another order of creation, other inodes, other access and change times. */
START_TEST(test_equal_trees)
{
	struct tree_sum before = sum_of();
	AUTO_FREE char *b = in("b"), *a = in("a");
	struct err err;

	unlink(a);
	unlink(b);
	make_file("a", "same");
	make_file("b", "same");
	ck_ok(tree_settle(tree, EPOCH, &err));
	struct tree_sum after = sum_of();
	ck_assert_str_eq(before.digest, after.digest);
	ck_assert_int_eq(after.bytes, 12);
	ck_assert_int_eq(after.inodes, 7); /* the root, two folders, a link, three files */
}
END_TEST

START_TEST(test_hard_links_count_once)
{
	AUTO_FREE char *a = in("a");
	struct err err;

	ck_assert_int_eq(join_names(a), 0);
	ck_ok(tree_settle(tree, EPOCH, &err));
	ck_assert_int_eq(sum_of().bytes, 8);
	ck_assert_int_eq(sum_of().inodes, 6);
}
END_TEST

START_TEST(test_settle_keeps_older_times)
{
	AUTO_FREE char *a = in("a");
	struct timespec old[2] = {{5, 7}, {5, 7}};
	struct stat st;
	struct err err;

	ck_assert_int_eq(utimensat(AT_FDCWD, a, old, 0), 0);
	ck_ok(tree_settle(tree, EPOCH, &err));
	ck_assert_int_eq(stat(a, &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, 5);
	ck_assert_int_eq(st.st_mtim.tv_nsec, 0);
	ck_assert_int_eq(stat(tree, &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, EPOCH);
}
END_TEST

START_TEST(test_socket)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct tree_sum sum;
	struct err err;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/s", tree);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_fails(tree_digest(&f.job, tree, &sum, &err), ERR_FAILED,
	        "'/s' is a socket, which no box can hold");
}
END_TEST

START_TEST(test_interrupted)
{
	struct tree_sum sum;
	struct err err;

	f.stop = 1;
	ck_fails(tree_digest(&f.job, tree, &sum, &err), ERR_INTERRUPTED, "interrupted");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tree");
	TCase *tc = tcase_create("tree");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_loop_test(tc, test_each_difference, 0, (int)ARRAY_SIZE(changes));
	tcase_add_test(tc, test_equal_trees);
	tcase_add_test(tc, test_hard_links_count_once);
	tcase_add_test(tc, test_settle_keeps_older_times);
	tcase_add_test(tc, test_socket);
	tcase_add_test(tc, test_interrupted);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
