/*
 * Stands between prov and a program of a machine, where that is root of the host: the program gets
 * no process image of prov's to look at, to execute again or to write to by /proc/PID/exe
 * (CVE-2019-5736). It lies on a read-only mount that is nowhere attached.
 *
 *   prov-exec REPORT FILE ARG0 [ARG…]
 *
 * FILE is looked up in PATH and executed with these arguments. If it cannot be, the errno is
 * written to the descriptor REPORT; with "-" it is said on standard error. It exits with 127 where
 * there is no such program, else 126.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say(const char *text)
{
	(void)!write(2, text, strlen(text));
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	int report = strcmp(argv[1], "-") == 0 ? -1 : atoi(argv[1]);
	if (report >= 0)
		fcntl(report, F_SETFD, FD_CLOEXEC);
	execvp(argv[2], argv + 3);
	int code = errno;
	if (report >= 0) {
		(void)!write(report, &code, sizeof(code));
	} else {
		say("prov: cannot run '");
		say(argv[3]);
		say("': ");
		say(strerror(code));
		say("\n");
	}
	return code == ENOENT ? 127 : 126;
}
