/*
 * measure COMMAND… [::: COMMAND…]…: runs the commands one after the other, from fork to the end of
 * each, and prints the whole time in nanoseconds. Their output goes to /dev/null; one that fails
 * ends the measurement with its name.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The exit code; 127 if it could not be started. */
static int run(char **argv, const posix_spawn_file_actions_t *actions)
{
	pid_t pid;
	int status;

	errno = posix_spawnp(&pid, argv[0], actions, NULL, argv, environ);
	if (errno)
		return 127;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions;
	int64_t begun;

	posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd <= 2; fd++)
		posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	begun = now_ns();
	for (int first = 1; first < argc;) {
		int end = first;
		while (end < argc && strcmp(argv[end], ":::") != 0)
			end++;
		argv[end] = NULL;
		int code = run(argv + first, &actions);
		if (code) {
			fprintf(stderr, "measure: '%s' exits %d\n", argv[first], code);
			return 1;
		}
		first = end + 1;
	}
	printf("%lld\n", (long long)(now_ns() - begun));
	return 0;
}
