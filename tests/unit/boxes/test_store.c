/* The store: names, what a machine is given, and what a removal may take away. */
#include "boxes/layout.h"
#include "boxes/transfer/stage.h"
#include "tests/unit/boxes/box_fixture.h"

#include <unistd.h>

static struct fixture f;

static void begin(void)
{
	fixture_begin(&f);
}

static void end(void)
{
	fixture_end(&f);
}

/* A box with one blob of this text as its disk, published as build and add do. */
static char *put(const char *name, const char *text)
{
	AUTO_STAGE stage = {0};
	struct box box = {.name = xstrdup(name),
	        .version = xstrdup("1"),
	        .architecture = xstrdup("x86_64"),
	        .user = xstrdup("root")};
	struct err err;

	ck_ok(stage_open(&stage, &f.job, &err));
	AUTO_FREE char *path = stage_path(&stage, "disk");
	file_write(path, text, strlen(text));
	ck_ok(stage_blob(&stage, path, "disk", "qcow2", &box, &err));
	ck_ok(stage_publish(&stage, &box, &err));
	char *blob = layout_artefact(f.home, &box.artefacts[0]);
	box_clear(&box);
	return blob;
}

START_TEST(test_names)
{
	static const char *const good[] = {"tiny", "debian/12", "a-b_c+d/1.2"};
	static const char *const evil[] = {"", "/", "a/", "/etc", "..", "../x", "a/..", "a/b/c",
	        "A", "a b", "a\n", ".x", "-x", "a/-b", "a//b",
	        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ck_ok(box_check_name(good[i], &err));
	for (size_t i = 0; i < ARRAY_SIZE(evil); i++) {
		ck_assert_msg(box_check_name(evil[i], &err) == -1, "'%s' is accepted", evil[i]);
		ck_assert_int_eq(err.kind, ERR_USAGE);
		ck_has(err.message, "is not a box name");
	}
	ck_fails(box_check_name("a\x1b[2J", &err), ERR_USAGE, "'a\\x1b[2J' is not a box name");
}
END_TEST

START_TEST(test_missing)
{
	AUTO_FREE char *blob = put("debian/12", "x");
	struct box box;
	struct err err;

	ck_fails(store_find(f.home, "debian/13", &box, &err), ERR_MISSING,
	        "there is no box 'debian/13'");
	ck_has(err.hint, "did you mean 'debian/12'?");
	ck_fails(store_find(f.home, "zzz", &box, &err), ERR_MISSING, "there is no box 'zzz'");
	ck_has(err.hint, "prov box build zzz");
	ck_fails(store_remove(f.home, "zzz", &err), ERR_MISSING, "there is no box 'zzz'");
	ck_fails(store_remove(f.home, "../zzz", &err), ERR_USAGE, "'../zzz' is not a box name");
}
END_TEST

START_TEST(test_list_and_use)
{
	AUTO_FREE char *two = put("b/two", "2");
	AUTO_FREE char *one = put("a", "1");
	struct box_use use = {0};
	struct box *boxes;
	struct stat st;
	struct err err;
	size_t n;

	ck_ok(store_list(f.home, &boxes, &n, NULL, &err));
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(boxes[0].name, "a");
	ck_assert_str_eq(boxes[1].name, "b/two");
	ck_ok(store_use(f.home, &boxes[0], &use, &err));
	ck_assert_str_eq(use.disk, one);
	ck_assert_str_eq(use.name, "a");
	ck_assert_str_eq(use.digest, boxes[0].digest);
	ck_assert_ptr_null(use.rootfs);
	ck_assert_int_eq(stat(one, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0444);
	free(use.name);
	free(use.digest);
	free(use.disk);
	free(use.user);
	unlink(two);
	use = (struct box_use){0};
	AUTO_FREE char *message =
	        xasprintf("the disk of the box 'b/two' is missing from the store: '%s'", two);
	ck_fails(store_use(f.home, &boxes[1], &use, &err), ERR_FAILED, message);
	ck_assert_ptr_null(use.name);
	box_clear(&boxes[0]);
	box_clear(&boxes[1]);
	free(boxes);
}
END_TEST

START_TEST(test_remove_keeps_what_others_use)
{
	AUTO_FREE char *shared = put("a", "same");
	AUTO_FREE char *again = put("b/1", "same");
	AUTO_FREE char *own = put("b/2", "own");
	AUTO_FREE char *folder = xasprintf("%s/boxes/b", f.home);
	struct err err;

	ck_assert_str_eq(shared, again);
	ck_ok(store_remove(f.home, "b/1", &err));
	ck_assert(fs_exists(shared));
	ck_assert(fs_exists(own));
	ck_ok(store_remove(f.home, "b/2", &err));
	ck_assert(!fs_exists(own));
	ck_assert(!fs_exists(folder));
	ck_ok(store_remove(f.home, "a", &err));
	store_is_empty(&f);
}
END_TEST

/* A machine may run on the version that was replaced: it stays until the name goes. */
START_TEST(test_superseded)
{
	AUTO_FREE char *first = put("a", "first");
	AUTO_FREE char *second = put("a", "second");
	AUTO_FREE char *other = put("b", "second");
	struct err err;

	ck_assert(fs_exists(first));
	ck_assert(fs_exists(second));
	AUTO_FREE char *back = put("a", "first");
	ck_assert_str_eq(first, back);
	ck_ok(store_remove(f.home, "a", &err));
	ck_assert(!fs_exists(first));
	ck_assert(fs_exists(second));
	ck_ok(store_remove(f.home, "b", &err));
	store_is_empty(&f);
}
END_TEST

START_TEST(test_damaged_manifest)
{
	AUTO_FREE char *blob = put("a", "x");
	AUTO_FREE char *manifest = layout_manifest(f.home, "a");
	AUTO_FREE char *message =
	        xasprintf("'%s': the box's manifest: it is not an object", manifest);
	struct box box, *boxes;
	struct err err;
	AUTO_STRV bad = {0};
	size_t n;

	file_write(manifest, "[]", 2);
	ck_fails(store_find(f.home, "a", &box, &err), ERR_FAILED, message);
	ck_has(err.hint, "prov box remove a");
	AUTO_FREE char *other = put("b", "y");
	ck_ok(store_list(f.home, &boxes, &n, &bad, &err));
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(boxes[0].name, "b");
	ck_assert_uint_eq(bad.n, 1);
	ck_assert(str_starts(bad.v[0], message));
	ck_has(bad.v[0], "prov box remove a");
	box_clear(&boxes[0]);
	free(boxes);
	ck_ok(store_remove(f.home, "a", &err));
	ck_ok(store_remove(f.home, "b", &err));
	strv_clear(&bad);
	ck_ok(store_list(f.home, &boxes, &n, &bad, &err));
	ck_assert_uint_eq(n + bad.n, 0);
	free(boxes);
}
END_TEST

/* The staging folder of a process that is gone is swept; that of one which runs is not. */
START_TEST(test_sweep)
{
	AUTO_FREE char *dead = xasprintf("%s/store/tmp-%d-1", f.home, getpid());
	AUTO_FREE char *file = xasprintf("%s/half", dead);
	AUTO_STAGE alive = {0}, next = {0};
	struct err err;

	ck_ok(stage_open(&alive, &f.job, &err));
	ck_ok(fs_mkdirs(dead, 0700, &err));
	file_write(file, "x", 1);
	AUTO_FREE char *mine = stage_path(&alive, "blobs");
	layout_sweep(f.home);
	ck_assert(!fs_exists(dead));
	ck_assert(fs_exists(mine));
}
END_TEST

START_TEST(test_room)
{
	AUTO_STAGE stage = {0};
	struct err err;

	ck_ok(stage_open(&stage, &f.job, &err));
	ck_ok(stage_need(&stage, 4096, "x", &err));
	ck_assert_int_eq(stage_need(&stage, INT64_MAX / 2, "debian/12", &err), -1);
	ck_has(err.message, "no space left in");
	ck_has(err.message, ": debian/12 needs 4398046511104 MiB, ");
	ck_has(err.hint, "PROV_HOME");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {test_names, test_missing, test_list_and_use,
	        test_remove_keeps_what_others_use, test_superseded, test_damaged_manifest,
	        test_sweep, test_room};

	return suite_run("store", tests, ARRAY_SIZE(tests), begin, end);
}
