#include "engine/stub.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

int stub_open(const char *path, int from, struct err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID};
	AUTO_FD int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0) {
		err_sys(err, "open '%s'", path);
		if (err)
			err->kind = ERR_HOST;
		return err_hint(err, "it is made by make and lies beside prov or its modules");
	}
	int high = fcntl(fd, F_DUPFD_CLOEXEC, from);
	return high < 0 ? err_sys(err, "open '%s'", path) : high;
}

int stub_execute(int stub, char *const *argv, char *const *env)
{
	return (int)syscall(SYS_execveat, stub, "", argv, env, AT_EMPTY_PATH);
}

int stub_execute_file(int stub, int report, const char *file, char *const *argv, char *const *env)
{
	char number[16] = "-";
	size_t n = 0;

	while (argv[n])
		n++;
	AUTO_FREE char **full = xcalloc(n + 4, sizeof(*full));
	if (report >= 0) {
		snprintf(number, sizeof(number), "%d", report);
		fcntl(report, F_SETFD, 0);
	}
	full[0] = (char *)(uintptr_t) "prov-exec";
	full[1] = number;
	full[2] = (char *)(uintptr_t)file;
	memcpy(full + 3, argv, n * sizeof(*full));
	return stub_execute(stub, full, env);
}
