/*
 * swap SECONDS FOLDER NAME TARGET STOP: FOLDER/NAME is a folder and a link to TARGET in turn,
 * exchanged as fast as the kernel can; what it was put there last is taken away at the end. It
 * lasts that long, and longer until there were 10,000 rounds and the file STOP exists: on a slow
 * machine what is attacked takes its time. Five minutes are the most.
 */
#include "attack.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define RENAME_EXCHANGE 2
enum { LEAST_ROUNDS = 10000, MOST_SECONDS = 300 };

int main(int argc, char **argv)
{
	char other[256];
	struct timespec now;
	unsigned long rounds = 0;

	if (argc < 6 || chdir(argv[2]) < 0)
		return 2;
	snprintf(other, sizeof(other), ".%s.other", argv[3]);
	unlink(other);
	if (symlink(argv[4], other) < 0 || (mkdir(argv[3], 0755) < 0 && errno != EEXIST))
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &now);
	time_t end = now.tv_sec + atoi(argv[1]), latest = now.tv_sec + MOST_SECONDS;
	puts("ready");
	fflush(stdout);
	while (now.tv_sec < end ||
	        (now.tv_sec < latest && (rounds < LEAST_ROUNDS || access(argv[5], F_OK) < 0))) {
		if (syscall(SYS_renameat2, AT_FDCWD, argv[3], AT_FDCWD, other, RENAME_EXCHANGE) ==
		        0)
			rounds++;
		/* Both states last a moment that differs, so that every place of the other's way is
		 * met. */
		for (volatile unsigned wait = (unsigned)(rounds * 7919 % 20000); wait; wait--)
			;
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
	if (unlink(argv[3]) == 0)
		rename(other, argv[3]);
	unlink(other);
	printf("rounds %lu\n", rounds);
	return 0;
}
