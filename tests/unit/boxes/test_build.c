/* Building from a recipe: the same twice, nothing half-made, errors that say what the recipe said.
 */
#include "boxes/layout.h"
#include "boxes/transfer/recipe.h"
#include "tests/unit/boxes/box_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define META                                                                                 \
	"name = toy/1\nversion = 3\nuser = toy\ncmdline = quiet a=b\ndisk = 32MiB\nepoch = " \
	"1000000000\n"
#define TREE                                                                 \
	"mkdir -p \"$BOX_TREE/etc\"; echo text >\"$BOX_TREE/etc/motd\"; ln " \
	"\"$BOX_TREE/etc/motd\" \"$BOX_TREE/b\"\n"
#define PARTS "echo kernel >\"$BOX_OUT/kernel\"; echo initrd >\"$BOX_OUT/initrd\"\n"

static struct fixture f;
static char *dir;

static void begin(void)
{
	struct err err;

	fixture_begin(&f);
	dir = fixture_path(&f, "recipe");
	ck_ok(fs_mkdirs(dir, 0755, &err));
}

static void end(void)
{
	free(dir);
	fixture_end(&f);
}

static void recipe(const char *meta, const char *script)
{
	AUTO_FREE char *meta_path = xasprintf("%s/recipe.meta", dir);
	AUTO_FREE char *script_path = xasprintf("%s/recipe.sh", dir);
	AUTO_FREE char *text = xasprintf("set -eu\n%s", script);

	file_write(meta_path, meta, strlen(meta));
	file_write(script_path, text, strlen(text));
}

static bool has_tools(void)
{
	if (system("PATH=$PATH:/usr/sbin:/sbin; command -v mke2fs debugfs qemu-img >/dev/null") ==
	        0)
		return true;
	skip("mke2fs, debugfs or qemu-img is not installed");
	return false;
}

START_TEST(test_twice_the_same)
{
	struct box first, second;
	struct err err;

	if (!has_tools())
		return;
	recipe(META, TREE PARTS "echo 'description = made now' >\"$BOX_OUT/meta\"\n");
	ck_ok(box_build(&f.job, dir, &first, &err));
	/* Other change times, which ext4 counts in seconds: they must not get into the disk. */
	sleep(1);
	ck_ok(box_build(&f.job, dir, &second, &err));
	ck_assert_str_eq(first.digest, second.digest);
	ck_has(str_text(&f.notes),
	        "box.recipe done\nbox.tree done\nbox.disk done\nbox.kernel done\nbox.store done\n");
	ck_assert_uint_eq(first.n_artefacts, 4);
	ck_assert_str_eq(first.name, "toy/1");
	ck_assert_str_eq(first.description, "made now");
	ck_assert_str_eq(first.cmdline, "quiet a=b");
	ck_assert_str_eq(first.user, "toy");
	ck_assert_int_eq(first.created, 1000000000);
	ck_ok(box_verify(&f.job, "toy/1", &err));
	box_clear(&first);
	box_clear(&second);
	ck_ok(store_remove(f.home, "toy/1", &err));
	store_is_empty(&f);
}
END_TEST

START_TEST(test_container_only)
{
	struct box box;
	struct err err;

	recipe(META, TREE);
	ck_ok(box_build(&f.job, dir, &box, &err));
	ck_assert_uint_eq(box.n_artefacts, 1);
	AUTO_FREE char *tree = layout_artefact(f.home, &box.artefacts[0]);
	AUTO_FREE char *motd = xasprintf("%s/etc/motd", tree);
	struct stat st;
	ck_assert_int_eq(stat(motd, &st), 0);
	ck_assert_uint_eq(st.st_nlink, 2);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1000000000);
	ck_ok(box_verify(&f.job, "toy/1", &err));
	file_write(motd, "else", 4);
	ck_assert_int_eq(box_verify(&f.job, "toy/1", &err), -1);
	ck_has(err.message, "the rootfs of the box 'toy/1' was changed: '");
	ck_has(err.message, tree);
	ck_has(err.hint, "prov box remove toy/1");
	box_clear(&box);
}
END_TEST

static const struct {
	const char *script, *part;
} failing[] = {
        {TREE "echo first; echo 'the last word' >&2; exit 7\n", "exited with 7: the last word"},
        {TREE "exit 9\n", "exited with 9: "},
        {"true\n", "left the tree empty"},
        {TREE "echo 'x = y' >\"$BOX_OUT/meta\"\n", "line 1: unknown key 'x'"},
        {TREE "echo k >\"$BOX_OUT/kernel\"\n", "initrd': No such file or directory"},
};

START_TEST(test_failing)
{
	struct box box;
	struct err err = {0};

	if (_i == (int)ARRAY_SIZE(failing) - 1 && !has_tools())
		return;
	recipe(META, failing[_i].script);
	ck_assert_int_eq(box_build(&f.job, dir, &box, &err), -1);
	ck_assert_int_eq(err.kind, ERR_FAILED);
	ck_has(err.message, failing[_i].part);
	store_is_empty(&f);
}
END_TEST

START_TEST(test_output_is_shown)
{
	struct box box;
	struct err err = {0};

	recipe(META, "echo a word of the recipe; exit 7");
	ck_assert_int_eq(box_build(&f.job, dir, &box, &err), -1);
	ck_has(str_text(&f.notes), "a word of the recipe\nbox.recipe failed\n");
}
END_TEST

static const struct {
	const char *meta, *message; /* behind "'PATH'" */
} bad_meta[] = {
        {"name = a\nnonsense\n", ", line 2: there is no '='"},
        {"# c\n\nname = a\nspeed = 1\n", ", line 4: unknown key 'speed'"},
        {"disk = 5 apples\n", ", line 1: 'disk' is not a size in KiB, MiB or GiB: '5 apples'"},
        {"epoch = soon\n", ", line 1: 'epoch' is not a number of seconds: 'soon'"},
        {"version = 1\nuser = a\n", " does not say 'name'"},
        {"name = a\nversion = 1\n", " does not say 'user'"},
        {"name = ../a\nversion = 1\nuser = a\n", ": '../a' is not a box name"},
};

START_TEST(test_bad_meta)
{
	AUTO_FREE char *message = xasprintf("'%s/recipe.meta'%s", dir, bad_meta[_i].message);
	struct box box;
	struct err err = {0};

	recipe(bad_meta[_i].meta, TREE);
	ck_assert_int_eq(box_build(&f.job, dir, &box, &err), -1);
	ck_assert_str_eq(err.message, message);
}
END_TEST

START_TEST(test_no_recipe)
{
	AUTO_FREE char *message =
	        xasprintf("open '%s/recipe.meta': No such file or directory", dir);
	struct box box;
	struct err err;

	ck_fails(box_build(&f.job, dir, &box, &err), ERR_FAILED, message);
}
END_TEST

START_TEST(test_room)
{
	struct box box;
	struct err err = {0};

	recipe(META "room = 1000000GiB\n", TREE);
	ck_assert_int_eq(box_build(&f.job, dir, &box, &err), -1);
	ck_has(err.message, "no space left in '");
	ck_has(err.message, "toy/1 needs 1024000000 MiB");
	store_is_empty(&f);
}
END_TEST

START_TEST(test_interrupted)
{
	struct box box;
	struct err err;

	recipe(META, TREE "sleep 1000\n");
	f.stop = 1;
	ck_assert_int_eq(box_build(&f.job, dir, &box, &err), -1);
	ck_assert_int_eq(err.kind, ERR_INTERRUPTED);
	ck_has(err.message, "was interrupted");
	store_is_empty(&f);
}
END_TEST

/* After SIGKILL the recipe does not go on, and the next build sweeps what was left. */
START_TEST(test_killed)
{
	AUTO_FREE char *fifo = fixture_path(&f, "fifo");
	AUTO_FREE char *script = xasprintf(TREE "exec >'%s'; echo up; sleep 1000\n", fifo);

	struct box box;
	struct err err;
	char byte[8];

	if (geteuid() != 0) {
		skip("needs root: a recipe is contained in namespaces");
		return;
	}
	recipe(META, script);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	pid_t pid = fork();
	if (pid == 0) {
		int rc = box_build(&f.job, dir, &box, &err);
		_exit(rc == 0);
	}
	AUTO_FD int fd = open(fifo, O_RDONLY | O_CLOEXEC);
	ck_assert_int_gt(read(fd, byte, sizeof(byte)), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* The end of the file comes when the last process of the recipe is gone. */
	while (read(fd, byte, sizeof(byte)) > 0)
		;
	recipe(META, TREE);
	ck_ok(box_build(&f.job, dir, &box, &err));
	box_clear(&box);
	ck_ok(store_remove(f.home, "toy/1", &err));
	store_is_empty(&f);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {test_twice_the_same, test_container_only, test_no_recipe,
	        test_room, test_interrupted, test_killed, test_output_is_shown};
	Suite *suite = suite_create("build");
	TCase *tc = tcase_create("build");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, test_failing, 0, (int)ARRAY_SIZE(failing));
	tcase_add_loop_test(tc, test_bad_meta, 0, (int)ARRAY_SIZE(bad_meta));
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
