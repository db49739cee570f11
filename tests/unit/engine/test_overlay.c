/* The overlay of id-mapped layers, by descriptors and by names. Needs root and a disk that can map
 * ids. */
#include "engine/engine_internal.h"
#include "tests/fake/check_util.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BASE 0x70000000u

static struct err err;
static char *tmp;
static struct container_plan plan;
static int userns;

static char *make(const char *name)
{
	char *path = xasprintf("%s/a:b,c/%s", tmp, name);

	ck_ok(fs_mkdirs(path, 0755, &err));
	return path;
}

static void begin(void)
{
	tmp = xstrdup("/var/tmp/prov-test-overlay-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(tmp));
	plan = (struct container_plan){.lower = make("lower"),
	        .upper = make("upper"),
	        .work = make("work"),
	        .root = make("merged")};
	AUTO_FREE char *file = xasprintf("%s/file", plan.lower);
	ck_ok(fs_replace(file, "old", 3, 0644, &err));
	ck_assert_int_eq(chown(file, 33, 33), 0);
	id_maps_add(&plan.uids, 0, BASE, 65536);
	id_maps_add(&plan.gids, 0, BASE, 65536);
	ck_ok(userns_with_maps(&plan.uids, &plan.gids, &userns, &err));
}

static void end(void)
{
	close(userns);
	container_plan_clear(&plan);
	tmp_end(tmp);
}

/* As root of the container: its ids are mapped below and shown as they are above. */
static void check_mount(int mount)
{
	AUTO_FREE char *made = xasprintf("%s/made", plan.upper);
	AUTO_FREE char *copied = xasprintf("%s/file", plan.upper);
	struct stat st;
	int status;

	ck_assert_msg(mount >= 0, "%s", err.message);
	ck_assert_int_eq(fstatat(mount, "file", &st, 0), 0);
	ck_assert_uint_eq(st.st_uid, BASE + 33);
	pid_t pid = fork();
	if (pid == 0) {
		if (setresgid(BASE, BASE, BASE) < 0 || setresuid(BASE, BASE, BASE) < 0)
			_exit(2);
		AUTO_FD int fd = openat(mount, "made", O_WRONLY | O_CREAT | O_EXCL, 0600);
		_exit(fd < 0 ? errno : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(stat(made, &st), 0);
	ck_assert_uint_eq(st.st_uid, 0);
	/* Copied up, the owner stays the box's. */
	ck_assert_int_eq(fchmodat(mount, "file", 0600, 0), 0);
	ck_assert_int_eq(stat(copied, &st), 0);
	ck_assert_uint_eq(st.st_uid, 33);
	close(mount);
}

START_TEST(the_disk_stays_unshifted)
{

	check_mount(_i ? overlay_mount_by_name(&plan, userns, &err)
	               : overlay_mount(&plan, userns, NULL, &err));
	ck_assert_int_eq(prctl(PR_GET_SECUREBITS), 0);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 1);
}
END_TEST

START_TEST(without_maps_nothing_is_shifted)
{
	struct stat st;

	plan.uids.n = plan.gids.n = 0;
	AUTO_FD int mount =
	        _i ? overlay_mount_by_name(&plan, -1, &err) : overlay_mount(&plan, -1, NULL, &err);
	ck_assert_msg(mount >= 0, "%s", err.message);
	ck_assert_int_eq(fstatat(mount, "file", &st, 0), 0);
	ck_assert_uint_eq(st.st_uid, 33);
}
END_TEST

START_TEST(a_root_that_the_layers_do_not_know_is_found_out)
{
	AUTO_FREE char *text = xasprintf("the overlay cannot write in '%s'", plan.work);
	struct id_maps real = plan.uids;
	struct id_map wrong = {0, BASE + 100000, 1};

	/* The kernel makes such a mount, read-only, and says nothing. */
	plan.uids = (struct id_maps){&wrong, 1};
	ck_fails(overlay_mount(&plan, userns, NULL, &err), ERR_FAILED, text);
	plan.uids = real;
}
END_TEST

START_TEST(a_missing_layer_is_named)
{
	AUTO_FREE char *text =
	        xasprintf("open the folder '%s': No such file or directory", plan.lower);

	ck_ok(fs_remove_tree(plan.lower, &err));
	ck_fails(overlay_mount(&plan, userns, NULL, &err), ERR_FAILED, text);
}
END_TEST

int main(void)
{
	if (geteuid() != 0) {
		printf("SKIP overlay: only root may mount\n");
		return getenv("PROV_TEST_MUST_RUN") != NULL;
	}
	Suite *suite = suite_create("overlay");
	TCase *cases = tcase_create("overlay");
	SRunner *runner = srunner_create(suite);
	tcase_add_checked_fixture(cases, begin, end);
	tcase_add_loop_test(cases, the_disk_stays_unshifted, 0, 2);
	tcase_add_loop_test(cases, without_maps_nothing_is_shifted, 0, 2);
	tcase_add_test(cases, a_root_that_the_layers_do_not_know_is_found_out);
	tcase_add_test(cases, a_missing_layer_is_named);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
