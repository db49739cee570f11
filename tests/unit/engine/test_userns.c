/* User namespaces that nobody is in: what makes one may be killed at any moment. Needs root. */
#include "engine/engine_internal.h"
#include "tests/fake/check_util.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 200

static struct err err;
static struct id_maps maps;

static void begin(void)
{
	maps = (struct id_maps){0};
	id_maps_add(&maps, 0, 0x70000000u, 65536);
}

static void end(void)
{
	free(maps.v);
}

START_TEST(it_has_the_maps)
{
	int fd = -1;

	ck_ok(userns_with_maps(&maps, &maps, &fd, &err));
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_msg(waitpid(-1, NULL, WNOHANG) == -1, "a child is left");
}
END_TEST

/* Makes one after the other until it is killed. */
static _Noreturn void make_them(void)
{
	int fd;

	while (userns_with_maps(&maps, &maps, &fd, &err) == 0)
		close(fd);
	_exit(3);
}

/* The writing end of a pipe is inherited by all that the killed one has made: the other end tells
 * when the last of them is gone. */
static void kill_one(int round)
{
	struct timespec delay = {0, round % 20 * 50000};
	int ends[2];
	char byte;

	ck_assert_int_eq(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0)
		make_them();
	close(ends[1]);
	nanosleep(&delay, NULL);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status), "it ended with %d by itself", WEXITSTATUS(status));
	struct pollfd wait = {ends[0], POLLIN, 0};
	ck_assert_msg(poll(&wait, 1, 60000) == 1, "round %d: somebody is left behind", round);
	ck_assert_int_eq(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

START_TEST(nobody_outlives_a_killed_maker)
{
	for (int round = 0; round < ROUNDS; round++)
		kill_one(round);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {it_has_the_maps, nobody_outlives_a_killed_maker};

	if (geteuid() != 0) {
		printf("SKIP userns: only root may map ids\n");
		return 0;
	}
	return suite_run("userns", tests, ARRAY_SIZE(tests), begin, end);
}
