/*
 * mounts TYPE…: each file system by mount(2) and by the newer calls, then once more as root of a
 * new user namespace; and takes away what lies over /proc and /sys.
 */
#include "attack.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FSCONFIG_CREATE 6

static const char *const options[] = {
        NULL, "none,name=attack", "release_agent=/x", "memory", "rdma"};

static void by_mount(const char *type)
{
	char name[64];

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		snprintf(name, sizeof(name), "mount-%s", type);
		if (tried(name, mount("attack", "/mnt", type, 0, options[i])))
			umount2("/mnt", MNT_DETACH);
	}
}

static void by_fsopen(const char *type)
{
	char name[64];

	snprintf(name, sizeof(name), "fsmount-%s", type);
	int fs = (int)syscall(SYS_fsopen, type, 0L);
	if (fs < 0 || syscall(SYS_fsconfig, fs, (long)FSCONFIG_CREATE, NULL, NULL, 0L) < 0)
		no(name);
	else
		tried(name, syscall(SYS_fsmount, fs, 0L, 0L));
	close(fs);
}

static void uncover(void)
{
	static const char *const covered[] = {"/proc/kcore", "/proc/keys", "/proc/timer_list",
	        "/proc/acpi", "/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus",
	        "/sys/firmware", "/sys", "/proc"};
	char name[64];

	for (size_t i = 0; i < sizeof(covered) / sizeof(*covered); i++) {
		snprintf(name, sizeof(name), "umount-%s", covered[i]);
		tried(name, umount2(covered[i], MNT_DETACH));
		snprintf(name, sizeof(name), "remount-%s", covered[i]);
		tried(name, mount(NULL, covered[i], NULL, MS_REMOUNT | MS_BIND, NULL));
	}
}

static void all(int n, char **types)
{
	for (int i = 0; i < n; i++) {
		by_mount(types[i]);
		by_fsopen(types[i]);
	}
}

int main(int argc, char **argv)
{
	not_on_a_host();
	mkdir("/mnt", 0755);
	all(argc - 1, argv + 1);
	pid_t pid = fork();
	if (pid == 0) {
		if (tried("user-namespace",
		            unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWPID)))
			all(argc - 1, argv + 1);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	uncover();
	return 0;
}
