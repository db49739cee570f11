#include "oci/reexec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SELF   "/proc/self/exe"
#define MODULE "prov-seccomp.so"

/* Modules lie beside the program, which will not know where it was any more. */
static void tell_modules(void)
{
	char path[4096];
	ssize_t n = readlink(SELF, path, sizeof(path) - 1);

	if (n <= 0 || getenv("PROV_MODULE_DIR"))
		return;
	path[n] = '\0';
	char *slash = strrchr(path, '/');
	if (!slash)
		return;
	*slash = '\0';
	AUTO_FREE char *module = xasprintf("%s/" MODULE, path);
	if (access(module, R_OK) == 0)
		setenv("PROV_MODULE_DIR", path, 1);
}

int reexec_readonly(char **argv, struct err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID};
	struct statvfs fs;

	if (statvfs(SELF, &fs) == 0 && fs.f_flag & ST_RDONLY)
		return 0;
	AUTO_FD int fd = open_tree(AT_FDCWD, SELF, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return err_sys(err, "make a read-only mount of this program");
	int high = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	if (high < 0)
		return err_sys(err, "make a read-only mount of this program");
	tell_modules();
	syscall(SYS_execveat, high, "", argv, environ, AT_EMPTY_PATH);
	return err_sys(err, "execute this program from a read-only mount");
}
