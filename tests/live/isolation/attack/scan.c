/*
 * scan: what a container shows of itself, one "key value" a line, as container scanners look at it
 * (namespaces, capabilities, filter, system calls, writable kernel files, devices, mounts), so that
 * two containers can be compared line by line.
 */
#include "attack.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__
/* Calls that wait, end or disturb the caller, or that need no look. */
static const unsigned short left_out[] = {SYS_rt_sigreturn, SYS_pause, SYS_exit, SYS_exit_group,
        SYS_sync, SYS_rt_sigsuspend, SYS_rt_sigtimedwait, SYS_select, SYS_pselect6, SYS_poll,
        SYS_ppoll, SYS_wait4, SYS_waitid, SYS_vfork, SYS_fork, SYS_clone, SYS_kill, SYS_tkill,
        SYS_tgkill, SYS_reboot, SYS_vhangup, SYS_syncfs, SYS_nanosleep, SYS_restart_syscall,
        SYS_read, SYS_write, SYS_close, SYS_dup2, SYS_dup3, SYS_close_range, SYS_munmap, SYS_brk};
#else
static const unsigned short left_out[] = {SYS_exit, SYS_exit_group};
#endif

static int is_left_out(int number)
{
	for (size_t i = 0; i < sizeof(left_out) / sizeof(*left_out); i++)
		if (left_out[i] == number)
			return 1;
	return 0;
}

/* With arguments that no call can use: only a refusal of the call itself gives EPERM or ENOSYS
 * where root has the right. */
static void scan_calls(void)
{
	for (int number = 0; number < 470; number++) {
		int status = 0;
		if (is_left_out(number) || (number > 335 && number < 424))
			continue;
		pid_t pid = fork();
		if (pid == 0) {
			int null = open("/dev/null", O_RDWR);
			dup2(null, 1);
			dup2(null, 2);
			alarm(1);
			long rc = syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
			_exit(rc >= 0 ? 0 : errno);
		}
		waitpid(pid, &status, 0);
		int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
			code = EPERM;
		if (code != EPERM && code != ENOSYS)
			printf("call %d\n", number);
	}
}

static void scan_status(void)
{
	char line[256], name[32], value[64];
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%31[^:]: %63s", name, value) != 2)
			continue;
		if (strncmp(name, "Cap", 3) == 0) {
			unsigned long long mask = strtoull(value, NULL, 16);
			for (int bit = 0; bit < 64; bit++)
				if (mask >> bit & 1)
					printf("%s %d\n", name, bit);
		} else if (strcmp(name, "Seccomp") == 0) {
			printf("filter %s\n", strcmp(value, "2") == 0 ? "yes" : "no");
		}
	}
	if (f)
		fclose(f);
}

/* Namespaces that PID 1 of the host has, by the fixed numbers of its own; the others' numbers say
 * nothing. */
static void scan_namespaces(void)
{
	static const struct {
		const char *name;
		unsigned host;
	} kinds[] = {{"ipc", 0xEFFFFFFF}, {"uts", 0xEFFFFFFE}, {"user", 0xEFFFFFFD},
	        {"pid", 0xEFFFFFFC}, {"cgroup", 0xEFFFFFFB}, {"time", 0xEFFFFFFA}};
	char path[64];
	struct stat st;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i].name);
		if (stat(path, &st) == 0 && st.st_ino == kinds[i].host)
			printf("shared %s\n", kinds[i].name);
	}
}

static int is_of_process(const char *path)
{
	return strncmp(path, "/proc/", 6) == 0 &&
	        ((path[6] >= '0' && path[6] <= '9') || strncmp(path + 6, "self", 4) == 0 ||
	                strncmp(path + 6, "thread-self", 11) == 0);
}

static int look(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type != FTW_F || is_of_process(path))
		return 0;
	if (S_ISBLK(st->st_mode) || S_ISCHR(st->st_mode)) {
		int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
		if (fd >= 0 && major(st->st_rdev) != 136)
			printf("device %u:%u\n", major(st->st_rdev), minor(st->st_rdev));
		close(fd);
		return 0;
	}
	if (strncmp(path, "/proc/", 6) != 0 && strncmp(path, "/sys/", 5) != 0)
		return 0;
	int fd = st->st_mode & 0222 ? open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY) : -1;
	if (fd >= 0)
		printf("writable %s\n", path);
	close(fd);
	return 0;
}

/* What other runtimes hide of the host's hardware. */
static void scan_folders(void)
{
	static const char *const hidden[] = {"/proc/acpi", "/proc/asound", "/proc/scsi",
	        "/sys/dev/block", "/sys/devices/virtual/powercap", "/sys/firmware",
	        "/sys/fs/selinux"};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++) {
		DIR *dir = opendir(hidden[i]);
		int n = 0;
		while (dir && readdir(dir))
			n++;
		if (n > 2)
			printf("listed %s\n", hidden[i]);
		if (dir)
			closedir(dir);
	}
}

static void scan_files(void)
{
	static const char *const secret[] = {"/proc/kcore", "/proc/keys", "/proc/kmsg",
	        "/proc/timer_list", "/proc/sched_debug", "/proc/kallsyms", "/proc/kpagecount",
	        "/proc/kpageflags", "/proc/slabinfo", "/proc/vmallocinfo", "/proc/pagetypeinfo",
	        "/proc/iomem", "/proc/ioports", "/proc/interrupts", "/proc/config.gz", "/dev/kmsg",
	        "/dev/mem", "/sys/firmware/dmi/tables/DMI", "/sys/kernel/debug",
	        "/sys/kernel/notes", "/sys/kernel/vmcoreinfo", "/sys/fs/cgroup/release_agent"};
	char bytes[64];

	for (size_t i = 0; i < sizeof(secret) / sizeof(*secret); i++) {
		int fd = open(secret[i], O_RDONLY | O_NONBLOCK);
		if (fd >= 0 && read(fd, bytes, sizeof(bytes)) > 0)
			printf("readable %s\n", secret[i]);
		close(fd);
	}
	scan_folders();
	nftw("/", look, 64, FTW_PHYS);
}

static void scan_rest(void)
{
	struct stat a, b;
	int domain, fd;

	for (domain = 0; domain < 46; domain++)
		for (int kind = 1; kind <= 5; kind++)
			if ((fd = socket(domain, kind, 0)) >= 0) {
				printf("socket %d:%d\n", domain, kind);
				close(fd);
			}
	if (syscall(SYS_syslog, 3L, bsearch, 0L) >= 0)
		puts("dmesg readable");
	if (mount("x", "/tmp", "tmpfs", 0, NULL) == 0)
		puts("mount possible");
	if (stat("/proc/1/root", &a) == 0 && stat("/", &b) == 0 &&
	        (a.st_dev != b.st_dev || a.st_ino != b.st_ino))
		puts("root of PID 1 is another");
	if (access("/sys/fs/cgroup", W_OK) == 0)
		puts("cgroup folder writable");
}

int main(void)
{
	not_on_a_host();
	scan_status();
	scan_namespaces();
	scan_files();
	scan_rest();
	fflush(stdout);
	scan_calls();
	return 0;
}
