#include "base/fs.h"
#include "base/io.h"

#include "tests/fake/check_util.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err err;
static char *root;

static void set_up(void)
{
	root = tmp_begin();
}

static void tear_down(void)
{
	tmp_end(root);
}

static char *at(const char *name)
{
	return xasprintf("%s/%s", root, name);
}

static void put(const char *path, const char *text)
{
	ck_ok(fs_replace(path, text, strlen(text), 0600, &err));
}

START_TEST(reads_what_was_replaced)
{
	AUTO_FREE char *path = at("file");
	AUTO_STR text = {0};
	struct stat st;

	str_add(&text, "old");
	put(path, "first");
	ck_ok(fs_replace(path, "a\0b", 3, 0640, &err));
	ck_ok(fs_read(path, 3, &text, &err));
	ck_assert_uint_eq(text.len, 3);
	ck_assert_mem_eq(text.buf, "a\0b", 4);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	AUTO_STRV names = {0};
	ck_ok(fs_list(root, &names, &err));
	ck_assert_uint_eq(names.n, 1);
}
END_TEST

START_TEST(read_errors)
{
	AUTO_FREE char *path = at("file"), *large = NULL, *absent = NULL;
	AUTO_STR text = {0};

	str_add(&text, "kept");
	absent = xasprintf("open '%s': No such file or directory", path);
	ck_fails(fs_read(path, 10, &text, &err), ERR_FAILED, absent);
	put(path, "12345");
	large = xasprintf("'%s' is larger than 4 bytes", path);
	ck_fails(fs_read(path, 4, &text, &err), ERR_FAILED, large);
	ck_assert_str_eq(text.buf, "kept");
}
END_TEST

START_TEST(replace_leaves_nothing_half_made)
{
	AUTO_FREE char *path = at("none/file"), *text = NULL;

	text = xasprintf("create a file beside '%s': No such file or directory", path);
	ck_fails(fs_replace(path, "x", 1, 0600, &err), ERR_FAILED, text);
	/* A folder cannot be replaced by a file; the temporary one goes. */
	AUTO_FREE char *folder = at("folder");
	ck_ok(fs_mkdirs(folder, 0755, &err));
	ck_assert_int_eq(fs_replace(folder, "x", 1, 0600, &err), -1);
	ck_has(err.message, "Is a directory");
	AUTO_STRV names = {0};
	ck_ok(fs_list(root, &names, &err));
	ck_assert_uint_eq(names.n, 1);
}
END_TEST

START_TEST(attributes)
{
	AUTO_FREE char *path = at("attr"), *text = NULL;

	text = xasprintf("open '%s': No such file or directory", path);
	ck_fails(fs_write_attr(path, "1", &err), ERR_FAILED, text);
	put(path, "");
	ck_ok(fs_write_attr(path, "1", &err));
	ck_fails(fs_write_attr("/dev/full", "1", &err), ERR_FAILED,
	        "write '1' to '/dev/full': No space left on device");
}
END_TEST

START_TEST(folders_have_their_mode_whatever_the_umask)
{
	AUTO_FREE char *path = at("a/b//c/"), *b = at("a/b"), *file = at("file"), *text = NULL;
	struct stat st;

	umask(077);
	ck_ok(fs_mkdirs(path, 0711, &err));
	ck_assert_int_eq(stat(b, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0711);
	ck_assert_int_eq(chmod(b, 0700), 0);
	ck_ok(fs_mkdirs(path, 0755, &err));
	ck_assert_int_eq(stat(b, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	put(file, "");
	text = xasprintf("'%s' exists and is no folder", file);
	ck_fails(fs_mkdirs(file, 0755, &err), ERR_FAILED, text);
	ck_fails(fs_mkdirs("", 0755, &err), ERR_FAILED,
	        "create folder '': No such file or directory");
}
END_TEST

START_TEST(removal_follows_no_link)
{
	AUTO_FREE char *tree = at("tree"), *keep = at("keep"), *kept = at("keep/file");
	AUTO_FREE char *link_to = at("tree/a/link"), *deep = at("tree/a/b"), *top = at("link");

	ck_ok(fs_mkdirs(deep, 0755, &err));
	ck_ok(fs_mkdirs(keep, 0755, &err));
	put(kept, "x");
	ck_assert_int_eq(symlink(keep, link_to), 0);
	ck_assert_int_eq(symlink(keep, top), 0);
	ck_ok(fs_remove_tree(tree, &err));
	ck_assert(!fs_exists(tree));
	ck_ok(fs_remove_tree(top, &err));
	ck_assert(!fs_exists(top));
	ck_assert(fs_exists(kept));
	ck_ok(fs_remove_tree(tree, &err));
	ck_ok(fs_remove_tree(kept, &err));
	ck_assert(!fs_exists(kept));
}
END_TEST

/* Deeper than a process may have descriptors: what a guest can make, destroy must remove. */
START_TEST(removal_of_a_deep_tree)
{
	AUTO_FREE char *tree = at("tree");
	int fd, next;

	ck_ok(fs_mkdirs(tree, 0755, &err));
	fd = open(tree, O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 3000; i++) {
		ck_assert_int_eq(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		ck_assert_int_ge(next, 0);
		close(fd);
		fd = next;
	}
	close(fd);
	ck_ok(fs_remove_tree(tree, &err));
	ck_assert(!fs_exists(tree));
}
END_TEST

static int remove_in_namespace(const char *tree, const char *keep, const char *inside)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return 77;
	if (mount(keep, inside, NULL, MS_BIND, NULL) < 0)
		return 77;
	return fs_remove_tree(tree, &err) == -1 && strstr(err.message, "is a mount point") ? 0 : 1;
}

/* A folder bound into a tree is of the same file system: only the mount tells. */
START_TEST(removal_stops_at_mounts)
{
	AUTO_FREE char *tree = at("tree"), *inside = at("tree/inside"), *keep = at("keep");
	AUTO_FREE char *kept = at("keep/file");
	int status;

	ck_ok(fs_mkdirs(inside, 0755, &err));
	ck_ok(fs_mkdirs(keep, 0755, &err));
	put(kept, "x");
	pid_t pid = fork();
	if (pid == 0)
		_exit(remove_in_namespace(tree, keep, inside));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(fs_exists(kept));
	if (WEXITSTATUS(status) == 77) {
		printf("SKIP removal_stops_at_mounts: no user namespace for a bind mount\n");
		ck_assert_ptr_null(getenv("PROV_TEST_MUST_RUN"));
		return;
	}
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(lists_are_sorted)
{
	AUTO_FREE char *b = at("b"), *a = at("a"), *none = at("none"), *text = NULL;
	AUTO_STRV names = {0};

	put(b, "");
	put(a, "");
	ck_ok(fs_list(none, &names, &err));
	ck_assert_uint_eq(names.n, 0);
	ck_ok(fs_list(root, &names, &err));
	ck_assert_uint_eq(names.n, 2);
	ck_assert_str_eq(names.v[0], "a");
	text = xasprintf("open folder '%s': Not a directory", a);
	ck_fails(fs_list(a, &names, &err), ERR_FAILED, text);
}
END_TEST

START_TEST(parts_of_a_path)
{
	static const struct {
		const char *path, *parts;
	} rows[] = {{"/a/bc/d", "/a /a/bc /a/bc/d "}, {"a/b", "a a/b "}, {"/", "/ "}, {"x", "x "},
	        {"/a/", "/a /a/ "}, {"", ""}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_STR parts = {0};
		for (size_t n = 0; (n = fs_part(rows[i].path, n));)
			str_addf(&parts, "%.*s ", (int)n, rows[i].path);
		ck_assert_str_eq(str_text(&parts), rows[i].parts);
	}
}
END_TEST

START_TEST(what_exists)
{
	AUTO_FREE char *file = at("file"), *dangling = at("dangling");
	uint64_t bytes = 0;

	ck_assert(!fs_exists(file));
	put(file, "");
	ck_assert_int_eq(symlink("nowhere", dangling), 0);
	ck_assert(fs_exists(file) && fs_exists(dangling) && !fs_is_dir(file) && fs_is_dir(root));
	ck_ok(fs_unlink(file, &err));
	ck_ok(fs_unlink(file, &err));
	ck_ok(fs_free_bytes(root, &bytes, &err));
	ck_assert_uint_gt(bytes, 0);
	ck_assert_int_eq(fs_free_bytes(file, &bytes, &err), -1);
	ck_has(err.message, "ask for the free space of");
}
END_TEST

START_TEST(whole_reads_and_writes)
{
	int fds[2];
	char buf[8] = "";

	ck_assert_int_eq(pipe(fds), 0);
	ck_ok(io_write_all(fds[1], "12345", 5, &err));
	ck_ok(io_set_cloexec(fds[1], true, &err));
	ck_assert_int_eq(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
	close(fds[1]);
	ck_assert_int_eq(io_read_full(fds[0], buf, sizeof(buf)), 5);
	ck_assert_str_eq(buf, "12345");
	close(fds[0]);
	ck_assert_int_eq(io_read_full(fds[0], buf, 1), -1);
	ck_fails(io_write_all(fds[1], "x", 1, &err), ERR_FAILED, "write: Bad file descriptor");
}
END_TEST

/* Where others write: neither a pipe nor a device holds us up. */
START_TEST(plain_files_alone)
{
	AUTO_FREE char *file = at("plain"), *fifo = at("fifo");
	AUTO_STR text = {0};

	put(file, "twelve bytes");
	AUTO_FD int plain = open(file, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(io_read_plain(plain, 6, &text), 0);
	ck_assert_str_eq(str_text(&text), "twelve");
	ck_assert_int_eq(io_read_plain(plain, 100, &text), 0);
	ck_assert_str_eq(str_text(&text), "twelve bytes");

	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	const char *const others[] = {fifo, "/dev/zero"};
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		AUTO_FD int fd = open(others[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(io_read_plain(fd, 100, &text), -1);
		ck_assert_int_eq(errno, EINVAL);
	}
	ck_assert_uint_eq(text.len, 12);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {reads_what_was_replaced, read_errors,
	        replace_leaves_nothing_half_made, attributes,
	        folders_have_their_mode_whatever_the_umask, removal_follows_no_link,
	        removal_of_a_deep_tree, removal_stops_at_mounts, lists_are_sorted, parts_of_a_path,
	        what_exists, whole_reads_and_writes, plain_files_alone};

	return suite_run("fs", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
