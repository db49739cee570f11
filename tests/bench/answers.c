/* answers ADDRESS PORT: waits until an SSH server sends its banner there, two minutes at most. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TRY_MS = 1000, PAUSE_MS = 20, LIMIT_S = 120 };

/* One connection: true if it brought "SSH-" in time. */
static int banner(const struct sockaddr_in *to)
{
	char got[4];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int ok;

	connect(fd, (const struct sockaddr *)to, sizeof(*to));
	ok = poll(&p, 1, TRY_MS) == 1 && read(fd, got, 4) == 4 && memcmp(got, "SSH-", 4) == 0;
	close(fd);
	return ok;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct timespec begun, now;

	if (argc != 3 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: answers ADDRESS PORT\n");
		return 2;
	}
	to.sin_port = htons((unsigned short)atoi(argv[2]));
	clock_gettime(CLOCK_MONOTONIC, &begun);
	do {
		if (banner(&to))
			return 0;
		poll(NULL, 0, PAUSE_MS);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - begun.tv_sec < LIMIT_S);
	return 1;
}
