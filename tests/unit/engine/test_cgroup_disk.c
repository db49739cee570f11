/* Limits of input and output, measured: how long a process of the group takes to write. */
#include "engine/cgroup/cgroup.h"
#include "base/clock.h"
#include "tests/fake/check_util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK  65536
#define BLOCKS 16      /* a MiB */
#define RATE   1048576 /* in a second */

static struct err err;
static struct cgroup_tree tree;
static char *group, *tmp;

static void set_up(void)
{
	tmp = tmp_begin();
	group = xasprintf("prov-test-%d", getpid());
}

static void tear_down(void)
{
	free(group);
	tmp_end(tmp);
}

static _Noreturn void write_blocks(const char *path)
{
	static _Alignas(4096) char block[BLOCK];
	int fd = open(path, O_WRONLY | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);

	for (int i = 0; fd >= 0 && i < BLOCKS; i++)
		if (write(fd, block, sizeof(block)) != sizeof(block))
			_exit(1);
	_exit(fd < 0 ? errno : 0);
}

/* Nanoseconds that a member of the group needs for the blocks; -1: the file system has no direct
 * input and output. */
static int64_t time_of_writing(const char *path)
{
	struct cgroup_join join;
	int pidfd, status;
	int64_t begun = clock_mono_ns();

	ck_ok(cgroup_join_open(&tree, group, &join, &err));
	pid_t pid = cgroup_fork(&join, 0, &pidfd);
	if (pid == 0) {
		if (cgroup_join_self(&join) < 0)
			_exit(1);
		write_blocks(path);
	}
	close(pidfd);
	cgroup_join_close(&join);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == EINVAL)
		return -1;
	ck_assert_int_eq(status, 0);
	return clock_mono_ns() - begun;
}

START_TEST(writing_takes_its_time)
{
	struct cgroup_limits limits = {.io.n_devices = 1};
	struct cgroup_use use;
	AUTO_FREE char *path = xasprintf("%s/file", tmp);
	unsigned first, second;

	if (geteuid() != 0 || cgroup_tree_find(CGROUP_ROOT, &tree, &err) < 0) {
		printf("SKIP disk: only root may limit it\n");
		return;
	}
	if (!(cgroup_tree_controllers(&tree) & CG_IO) || !cgroup_disk_of(tmp, &first, &second)) {
		printf("SKIP disk: no controller for it here, or no disk below '%s'\n", tmp);
		return;
	}
	limits.io.devices = xcalloc(1, sizeof(*limits.io.devices));
	limits.io.devices[0] =
	        (struct io_device){.major = first, .minor = second, .write_bps = LIMIT(RATE)};
	ck_ok(cgroup_create(&tree, group, CG_USUAL, &err));
	cgroup_count_disk(&tree, group, tmp);
	int64_t free_ns = time_of_writing(path);
	ck_ok(cgroup_limit(&tree, group, &limits, NULL, &err));
	int64_t limited_ns = time_of_writing(path);
	/* A limit of 0 takes it away. */
	limits.io.devices[0].write_bps = LIMIT(0);
	ck_ok(cgroup_limit(&tree, group, &limits, NULL, &err));
	int64_t again_ns = time_of_writing(path);
	/* The disk may be busy with what others write. */
	for (int i = 0; i < 50 && again_ns >= limited_ns; i++)
		again_ns = time_of_writing(path);
	ck_ok(cgroup_usage(&tree, group, &use, &err));
	ck_ok(cgroup_remove(&tree, group, &err));
	cgroup_limits_clear(&limits);
	cgroup_tree_clear(&tree);
	if (free_ns < 0) {
		printf("SKIP disk: '%s' has no direct input and output\n", tmp);
		return;
	}
	if (free_ns > INT64_C(700000000)) {
		printf("SKIP disk: '%s' is as slow as the limit\n", tmp);
		return;
	}
	/* The kernel lets a first slice pass. */
	ck_assert_int_gt(limited_ns, INT64_C(700000000));
	ck_assert_int_lt(again_ns, limited_ns);
	ck_assert_int_ge(use.io_written_bytes, 3 * BLOCK * BLOCKS);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {writing_takes_its_time};

	return suite_run("cgroup_disk", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
