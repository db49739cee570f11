/* Copies of folders: what is chosen, what is sent and deleted, and what no link leads to. The
 * machine is a folder of this host. */
#include "base/fs.h"
#include "base/proc.h"
#include "provisioners/folders.h"
#include "provisioners/tree_list.h"
#include "tests/fake/check_util.h"
#include "tests/fake/local_transport.h"

#include <check.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct err err;
static char *top;
static struct machine_spec spec;
static struct folder_use *folder;
static struct names names;
static struct local_transport local;
static struct folder_copied done;

static void sh(const char *line)
{
	AUTO_FREE char *text = xasprintf("cd '%s'; %s", top, line);
	const char *const argv[] = {"sh", "-ec", text, NULL};
	struct err why = {0};

	ck_assert_msg(proc_check(argv, NULL, &why) == 0, "%s: %s", line, why.message);
}

static void expect_there(const char *wanted)
{
	static const char line[] =
	        "cd \"$1/there\"; find . -mindepth 1 | LC_ALL=C sort | tr '\\n' ' '";
	const char *const argv[] = {"sh", "-ec", line, "sh", top, NULL};
	AUTO_STR got = {0};

	ck_ok(proc_check(argv, &got, &err));
	ck_assert_str_eq(str_text(&got), wanted);
}

static void setup(void)
{
	char path[] = "/tmp/prov-test-XXXXXX";
	const struct passwd *me = getpwuid(geteuid());

	ck_assert(mkdtemp(path) && me);
	top = xstrdup(path);
	sh("mkdir host machine; echo secret >secret");
	spec_init(&spec);
	spec.selector = xstrdup("web@kvm");
	spec.user = xstrdup(me->pw_name);
	spec.project = xasprintf("%s/host", top);
	folder = spec_add_folder(&spec);
	folder->host = xasprintf("%s/host", top);
	folder->guest = xasprintf("%s/there", top);
	folder->type = FOLDER_RSYNC;
	folder->owner = xstrdup(me->pw_name);
	names.dir = xasprintf("%s/machine", top);
	local_transport_init(&local);
}

static void teardown(void)
{
	ck_ok(fs_remove_tree(top, &err));
	spec_clear(&spec);
	free(names.dir);
	free(top);
}

static int copy(bool whole)
{
	const struct folder_copy c = {.spec = &spec,
	        .names = &names,
	        .folder = folder,
	        .transport = &local.base,
	        .whole = whole};

	done = (struct folder_copied){0};
	return folder_copy(&c, &done, &err);
}

static void expect_copied(size_t sent, size_t deleted)
{
	ck_assert_msg(copy(false) == 0, "%s", err.message);
	ck_assert_int_eq(done.sent, sent);
	ck_assert_int_eq(done.deleted, deleted);
}

START_TEST(patterns)
{
	static const struct {
		const char *pattern, *path;
		bool folder, out;
	} rows[] = {
	        {".git", ".git", true, true},
	        {".git", "a/.git", true, true},
	        {".git", "a/.gitignore", false, false},
	        {"*.o", "a/b/c.o", false, true},
	        {"*.o", "c.oo", false, false},
	        {"/build", "build", true, true},
	        {"/build", "a/build", true, false},
	        {"a/b", "a/b", false, true},
	        {"a/b", "c/a/b", false, false},
	        {"tmp/", "tmp", true, true},
	        {"tmp/", "tmp", false, false},
	        {"/a/*", "a/b", false, true},
	        {"/a/*", "a/b/c", false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_STRV list = {0};
		strv_add(&list, rows[i].pattern);
		ck_assert_msg(tree_excluded(&list, rows[i].path, rows[i].folder) == rows[i].out,
		        "%s %s", rows[i].pattern, rows[i].path);
	}
}
END_TEST

START_TEST(what_has_changed_is_sent)
{
	sh("cd host; mkdir -p a/b .prov; echo 1 >a/b/one; echo 2 >two; ln -s nowhere link; mkfifo "
	   "pipe; "
	   "echo id >.prov/lab-id");
	expect_copied(5, 0);
	expect_there("./a ./a/b ./a/b/one ./link ./two ");
	expect_copied(0, 0);
	size_t runs = local.runs;
	expect_copied(0, 0);
	ck_assert_int_eq(local.runs, runs); /* nothing to say to the machine */
	sh("echo theirs >there/a/theirs; rm -r host/a; echo 22 >host/two; chmod 700 host/two");
	expect_copied(1, 3);
	expect_there("./a ./a/theirs ./link ./two ");
	sh("[ \"$(cat there/two)\" = 22 ] && [ \"$(stat -c %a there/two)\" = 700 ]");
	sh("rm -r there");
	expect_copied(0, 0); /* the machine's own business */
	ck_ok(copy(true));
	ck_assert_int_eq(done.sent, 2);
	expect_there("./link ./two ");
}
END_TEST

START_TEST(one_kind_becomes_another)
{
	sh("cd host; mkdir d; echo x >d/x; echo f >f; ln -s f l");
	expect_copied(4, 0);
	sh("cd host; rm -r d f l; echo d >d; mkdir f l; echo y >f/y");
	expect_copied(4, 4);
	expect_there("./d ./f ./f/y ./l ");
	sh("[ -f there/d ] && [ -d there/l ] && [ ! -L there/l ]");
}
END_TEST

START_TEST(names_and_sizes)
{
	sh("cd host; n=$(printf 'x%.0s' $(seq 200)); mkdir $n; echo long >$n/$n; ln -s $n/$n/$n "
	   "link; "
	   "printf 'a\\nb' >\"$(printf 'new\\nline')\"; touch -- '-rf' ' ' '*'; : >empty; "
	   "head -c 100001 /dev/zero >big; head -c 512 /dev/zero >block; touch -d 1960-01-01 old");
	expect_copied(11, 0);
	sh("diff -r --no-dereference host there");
	sh("rm -r host/*");
	expect_copied(0, 11);
	expect_there("");
}
END_TEST

START_TEST(no_link_of_the_host_is_followed)
{
	sh("mkdir outside; echo secret >outside/file; cd host; mkdir dir; echo mine >dir/file; "
	   "ln -s ../secret link; ln -s ../outside out");
	expect_copied(4, 0);
	sh("[ -L there/link ] && [ -L there/out ] && [ \"$(cat there/dir/file)\" = mine ]");
	/* What was listed and then swapped: the list says a file, the disk a link in its way. */
	struct tree_list list = {0};
	AUTO_FD int fd = open(folder->host, O_PATH | O_DIRECTORY);
	ck_ok(tree_list_read(fd, &folder->exclude, NULL, &list, &err));
	for (size_t i = 0; i < list.n; i++)
		ck_assert_str_ne(list.v[i].path, "out/file");
	tree_list_clear(&list);
	sh("rm -r host/dir; ln -s ../outside host/dir");
	expect_copied(1, 2);
	sh("[ \"$(readlink there/dir)\" = ../outside ]");
	/* The folder itself, below one that machines may write. */
	folder->top = xstrdup(top);
	sh("mv host real; ln -s real host");
	AUTO_FREE char *message =
	        xasprintf("synced_folders: '%s/host' leads through a symbolic link in "
	                  "a folder that machines can write",
	                top);
	ck_fails(copy(false), ERR_CONFIG, message);
	ck_assert_str_eq(err.hint, "write the folder that the link leads to");
}
END_TEST

START_TEST(folders_that_are_not_there)
{
	AUTO_FREE char *message = xasprintf("synced_folders: there is no folder '%s/host'", top);
	AUTO_FREE char *no_folder = xasprintf("synced_folders: '%s/host' is no folder", top);

	sh("rmdir host");
	ck_fails(copy(false), ERR_CONFIG, message);
	folder->create = true;
	expect_copied(0, 0);
	sh("rmdir host; echo x >host");
	ck_fails(copy(false), ERR_CONFIG, no_folder);
	sh("rm host; mkdir host; echo x >host/x; rmdir there; echo in the way >there");
	ck_assert_int_eq(copy(false), -1);
	ck_has(err.message, "in the machine: mkdir");
	sh("rm there");
	expect_copied(1, 0); /* what failed is not taken for done */
}
END_TEST

START_TEST(beneath)
{
	ck_assert_str_eq(folder_beneath("/a", "/a/b/c"), "b/c");
	ck_assert_str_eq(folder_beneath("/a", "/a"), "");
	ck_assert_str_eq(folder_beneath("/", "/a"), "a");
	ck_assert_ptr_null(folder_beneath("/a", "/ab"));
	ck_assert_ptr_null(folder_beneath("/a/b", "/a"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("folders");
	TCase *tc = tcase_create("folders");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, patterns);
	tcase_add_test(tc, what_has_changed_is_sent);
	tcase_add_test(tc, one_kind_becomes_another);
	tcase_add_test(tc, names_and_sizes);
	tcase_add_test(tc, no_link_of_the_host_is_followed);
	tcase_add_test(tc, folders_that_are_not_there);
	tcase_add_test(tc, beneath);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
