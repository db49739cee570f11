/* Paths beneath a root that a box could have laid traps in, what is copied into a tmpfs, and
 * descriptors through the gate. Needs no rights. */
#include "engine/engine_internal.h"
#include "tests/fake/check_util.h"

#include "base/fs.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct err err;
static char *tmp;
static int root;

static char *in(const char *path)
{
	return xasprintf("%s/root%s", tmp, path);
}

static void make_folder(const char *path)
{
	AUTO_FREE char *full = in(path);

	ck_ok(fs_mkdirs(full, 0755, &err));
}

static void make_link(const char *target, const char *path)
{
	AUTO_FREE char *full = in(path);

	ck_assert_int_eq(symlink(target, full), 0);
}

static void begin(void)
{
	tmp = tmp_begin();
	make_folder("/etc");
	AUTO_FREE char *path = in("");
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root, 0);
}

static void end(void)
{
	close(root);
	tmp_end(tmp);
}

START_TEST(what_is_missing_is_made)
{
	AUTO_FREE char *folder = in("/a/b/c");
	AUTO_FREE char *file = in("/x/y");
	struct stat st;

	AUTO_FD int fd = tree_folder(root, "/a/b/c", &err);
	ck_assert_msg(fd >= 0, "%s", err.message);
	ck_assert(fs_is_dir(folder));
	AUTO_FD int again = tree_folder(root, "/a/b/c", &err);
	ck_assert_int_ge(again, 0);
	AUTO_FD int made = tree_file(root, "/x/y", &err);
	ck_assert_msg(made >= 0, "%s", err.message);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert(S_ISREG(st.st_mode));
}
END_TEST

START_TEST(links_lead_nowhere_but_beneath)
{
	AUTO_FREE char *outside = xasprintf("%s/outside", tmp);
	AUTO_FREE char *inside = in(outside);
	AUTO_FREE char *up = in("/up");

	ck_ok(fs_mkdirs(outside, 0755, &err));
	make_link(outside, "/abs");
	make_link("../../../..", "/rel");
	/* The absolute one means a path of the root's own, which does not exist there. */
	ck_fails(tree_folder(root, "/abs/x", &err), ERR_FAILED,
	        "'/abs' of the box is no folder to mount on: No such file or directory");
	ck_ok(fs_mkdirs(inside, 0755, &err));
	AUTO_FD int a = tree_folder(root, "/abs/x", &err);
	ck_assert_msg(a >= 0, "%s", err.message);
	AUTO_FREE char *wrong = xasprintf("%s/x", outside);
	AUTO_FREE char *right = xasprintf("%s/x", inside);
	ck_assert(!fs_exists(wrong));
	ck_assert(fs_is_dir(right));
	AUTO_FD int b = tree_folder(root, "/rel/up", &err);
	ck_assert_msg(b >= 0, "%s", err.message);
	ck_assert(fs_is_dir(up));
	AUTO_FD int c = tree_folder(root, "/etc/../../../../up", &err);
	ck_assert_msg(c >= 0, "%s", err.message);
}
END_TEST

START_TEST(no_links_where_the_kernels_files_go)
{
	static const char *const tops[] = {"/dev", "/proc", "/sys"};

	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		AUTO_FREE char *below = xasprintf("%s/x", tops[i]);
		AUTO_FREE char *text =
		        xasprintf("'%s' of the box is no folder to mount on: Too many levels of "
		                  "symbolic links",
		                tops[i]);
		make_link("etc", tops[i]);
		ck_fails(tree_folder(root, tops[i], &err), ERR_FAILED, text);
		ck_assert_int_lt(tree_open(root, below, O_PATH), 0);
		ck_assert_int_lt(tree_file(root, below, &err), 0);
	}
	/* Names that only begin like these are the box's own. */
	make_link("etc", "/devices");
	AUTO_FD int fd = tree_folder(root, "/devices/x", &err);
	ck_assert_msg(fd >= 0, "%s", err.message);
}
END_TEST

START_TEST(a_file_is_made_through_no_link)
{
	AUTO_FREE char *outside = xasprintf("%s/victim", tmp);

	make_link(outside, "/dangling");
	ck_fails(tree_file(root, "/dangling", &err), ERR_FAILED,
	        "create the file '/dangling' of the box: Too many levels of symbolic links");
	ck_assert(!fs_exists(outside));
	ck_fails(tree_file(root, "/new/", &err), ERR_FAILED, "'/new/' is no path in the container");
}
END_TEST

START_TEST(a_copy_has_modes_and_links)
{
	AUTO_FREE char *file = in("/from/sub/file");
	AUTO_FREE char *copy = in("/to/sub/file");
	AUTO_FREE char *link = in("/to/link");
	AUTO_STR text = {0};
	char target[64] = "";
	struct stat st;

	make_folder("/from/sub");
	make_folder("/to");
	ck_ok(fs_replace(file, "bytes", 5, 04750, &err));
	ck_assert_int_eq(chmod(file, 04750), 0);
	make_link("/etc/passwd", "/from/link");
	AUTO_FD int from = tree_folder(root, "/from", &err);
	AUTO_FD int to = tree_folder(root, "/to", &err);
	ck_ok(tree_copy(from, to, &err));
	ck_ok(fs_read(copy, 16, &text, &err));
	ck_assert_str_eq(str_text(&text), "bytes");
	ck_assert_int_eq(stat(copy, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 04750);
	ck_assert_int_gt(readlink(link, target, sizeof(target) - 1), 0);
	ck_assert_str_eq(target, "/etc/passwd");
}
END_TEST

START_TEST(many_descriptors_pass_the_gate)
{
	enum { N = 600 };
	int pair[2], sent[N], got[N];
	struct stat a, b;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	for (int i = 0; i < N; i++)
		sent[i] = i % 3 ? root : -1;
	ck_ok(gate_send(pair[0], sent, N, &err));
	ck_ok(gate_receive(pair[1], got, N, &err));
	ck_assert_int_eq(fstat(root, &a), 0);
	for (int i = 0; i < N; i++) {
		ck_assert_int_eq(got[i] >= 0, i % 3 != 0);
		if (got[i] < 0)
			continue;
		ck_assert_int_eq(fstat(got[i], &b), 0);
		ck_assert_uint_eq(a.st_ino, b.st_ino);
		ck_assert_int_eq(fcntl(got[i], F_GETFD), FD_CLOEXEC);
		close(got[i]);
	}
	close(pair[0]);
	ck_assert_int_eq(gate_receive(pair[1], got, 1, &err), -1);
	ck_has(err.message, "receive the mounts");
	close(pair[1]);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {what_is_missing_is_made, links_lead_nowhere_but_beneath,
	        no_links_where_the_kernels_files_go, a_file_is_made_through_no_link,
	        a_copy_has_modes_and_links, many_descriptors_pass_the_gate};

	return suite_run("tree", tests, ARRAY_SIZE(tests), begin, end);
}
