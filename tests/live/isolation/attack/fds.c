/*
 * fds [PID]: what this process, or another, holds beside the three standard streams, and where its
 * working directory is. "/" of the host is known by a file: fds self MARKER looks for it on all
 * ways up.
 */
#include "attack.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void look_at_descriptors(const char *pid)
{
	char path[300], target[4096];
	struct dirent *e;
	int extra = 0;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	DIR *dir = opendir(path);
	if (!dir) {
		no("fd-table");
		return;
	}
	while ((e = readdir(dir))) {
		int fd = atoi(e->d_name);
		if (*e->d_name == '.' || fd <= 2 || (strcmp(pid, "self") == 0 && fd == dirfd(dir)))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/fd/%d", pid, fd);
		ssize_t n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		got("descriptor", "%d of %s is %s", fd, pid, target);
		extra++;
	}
	if (!extra)
		printf("no descriptor beyond 2 in %s\n", pid);
	closedir(dir);
}

static void look_up(const char *marker)
{
	char cwd[4096], path[4096 + 300] = ".";

	if (syscall(SYS_getcwd, cwd, sizeof(cwd)) > 0 && *cwd != '/')
		got("outside", "the working directory is %s", cwd);
	else
		printf("no outside: %s\n", cwd);
	for (int i = 0; i < 40; i++) {
		snprintf(cwd, sizeof(cwd), "%s%s", path, marker);
		if (access(cwd, F_OK) == 0) {
			got("host", "%s", cwd);
			return;
		}
		if (strlen(path) + 4 >= sizeof(path))
			break;
		strcat(path, "/..");
	}
	puts("no host above the working directory");
}

int main(int argc, char **argv)
{
	look_at_descriptors(argc > 1 ? argv[1] : "self");
	if (argc > 2)
		look_up(argv[2]);
	return 0;
}
