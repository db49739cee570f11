/*
 * What a machine's isolation looks like from inside, one line "FACT ID VALUE" each. Everything is
 * looked at or tried in a way that changes nothing: files are opened and not written, permissions
 * are asked with arguments that cannot succeed.
 */
#pragma once

#include "guest/probe_disk.h"
#include "guest/probe_syscalls.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>

#define WALK_MAX_FILES 60000
#define WALK_MAX_NS    3000000000LL
#define WALK_DEPTH     24
#define LIST_MAX       1000 /* bytes of names */

/* One line whatever the text holds: only printable ASCII. */
static void fact(const char *id, const char *text)
{
	printf("FACT %s ", id);
	for (int left = 1500; left > 0 && *text; left--, text++)
		putchar(*text > ' ' && *text < 127 ? *text : *text == '\n' ? ';' : ' ');
	putchar('\n');
}

static void fact_yes(const char *id, bool yes)
{
	fact(id, yes ? "yes" : "no");
}

static void fact_file(const char *id, const char *path)
{
	char buf[1500];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return;
	while (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	fact(id, buf);
}

/* --- this process --- */

static void facts_status(void)
{
	static const char *const keys[] = {
	        "CapEff", "CapBnd", "CapInh", "NoNewPrivs", "Seccomp", "Seccomp_filters"};
	FILE *f = fopen("/proc/self/status", "re");
	char line[256], id[64];

	while (f && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');
		for (size_t i = 0; colon && i < sizeof(keys) / sizeof(*keys); i++) {
			if ((size_t)(colon - line) != strlen(keys[i]) ||
			        strncmp(line, keys[i], strlen(keys[i])) != 0)
				continue;
			colon[strcspn(colon, "\n")] = '\0';
			snprintf(id, sizeof(id), "status.%s", keys[i]);
			fact(id, colon + 1 + strspn(colon + 1, " \t"));
		}
	}
	if (f)
		fclose(f);
}

static void facts_namespaces(void)
{
	static const char *const names[] = {
	        "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
	char path[64], id[32];
	struct stat st;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		snprintf(id, sizeof(id), "ns.%s", names[i]);
		if (stat(path, &st) == 0)
			printf("FACT %s %llu\n", id, (unsigned long long)st.st_ino);
	}
}

static void facts_identity(void)
{
	struct utsname u;
	int processes = 0;
	DIR *dir = opendir("/proc");

	if (uname(&u) == 0) {
		fact("kernel.release", u.release);
		fact("kernel.version", u.version);
		fact("hostname", u.nodename);
	}
	fact_file("kernel.boot_id", "/proc/sys/kernel/random/boot_id");
	fact_file("pid1.comm", "/proc/1/comm");
	fact_file("uid_map", "/proc/self/uid_map");
	fact_file("cgroup", "/proc/self/cgroup");
	for (struct dirent *e; dir && (e = readdir(dir));)
		processes += e->d_name[0] >= '0' && e->d_name[0] <= '9';
	if (dir) {
		closedir(dir);
		printf("FACT processes %d\n", processes);
	}
}

/* --- permissions --- */

static bool may_read_kernel_log(void)
{
	char buf[8];
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || klogctl(3 /* SYSLOG_ACTION_READ_ALL */, buf, sizeof(buf)) >= 0;
}

static bool may_unshare(int flag)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(unshare(flag) < 0 ? 1 : 0);
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static void facts_permissions(void)
{
	char name[256] = "";
	/* The name it has already. */
	bool named = gethostname(name, sizeof(name)) == 0 && sethostname(name, strlen(name)) == 0;
	/* The permission is asked before the tick, whose 0 is refused. */
	struct timex tick = {.modes = ADJ_TICK, .tick = 0};
	bool timed = adjtimex(&tick) >= 0 || errno == EINVAL;
	int alg = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	fact_yes("may.hostname", named);
	fact_yes("may.time", timed);
	/* The permission is asked before the source, which is not there. */
	fact_yes("may.mount",
	        mount("/nonexistent/prov-probe", "/", NULL, MS_BIND, NULL) == 0 || errno == ENOENT);
	fflush(stdout);
	fact_yes("may.userns", may_unshare(CLONE_NEWUSER));
	fact_yes("may.kernel_log", may_read_kernel_log());
	fact_yes("may.af_alg", alg >= 0 || errno == EAFNOSUPPORT);
	if (alg >= 0)
		close(alg);
}

/* --- files --- */

struct walk {
	int64_t until;
	bool one_device; /* stays on the file system it begins with */
	dev_t device;
	long seen, found;
	bool cut; /* by the limits */
	/* True if the entry counts. */
	bool (*counts)(int dir, const char *name, const struct stat *st);
	char names[LIST_MAX];
	bool list;
};

static void walk_name(struct walk *w, const char *name)
{
	size_t used = strlen(w->names), n = strlen(name);

	if (w->list && used + n + 2 < sizeof(w->names))
		snprintf(w->names + used, sizeof(w->names) - used, "%s%s", used ? "," : "", name);
}

static void walk_dir(struct walk *w, int fd, int depth);

static void walk_entry(struct walk *w, int dir, const char *name, int depth)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
		return;
	/* Not even opened where another one is mounted: that may be what mounts it (binfmt_misc).
	 */
	if (S_ISDIR(st.st_mode) && depth < WALK_DEPTH &&
	        (!w->one_device || st.st_dev == w->device)) {
		int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			walk_dir(w, fd, depth + 1);
		return;
	}
	if (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode))
		return;
	w->seen++;
	if (w->counts(dir, name, &st)) {
		w->found++;
		walk_name(w, name);
	}
}

/* Closes fd. */
static void walk_dir(struct walk *w, int fd, int depth)
{
	DIR *dir = fdopendir(fd);

	for (struct dirent *e; dir && !w->cut && (e = readdir(dir));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		w->cut = w->seen >= WALK_MAX_FILES || now_ns() > w->until;
		walk_entry(w, fd, e->d_name, depth);
	}
	if (dir)
		closedir(dir);
	else
		close(fd);
}

/* "FOUND SEEN whole|cut NAMES" of what is below path. */
static void walk(struct walk *w, const char *id, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	w->until = now_ns() + WALK_MAX_NS;
	if (fd >= 0 && fstat(fd, &st) == 0) {
		w->device = st.st_dev;
		walk_dir(w, fd, 0);
	}
	printf("FACT %s %ld %ld %s %s\n", id, w->found, w->seen, w->cut ? "cut" : "whole",
	        w->names[0] ? w->names : "-");
}

static bool opens_for_writing(int dir, const char *name, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return false;
	int fd = openat(dir, name, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/*
 * A block device is opened. A character device is asked for by access(2), which goes through the
 * devices cgroup too: to open a watchdog or a serial line has effects.
 */
static bool device_is_open(int dir, const char *name, const struct stat *st)
{
	struct statvfs fs;
	int fd;

	if (!S_ISBLK(st->st_mode) && !S_ISCHR(st->st_mode))
		return false;
	if (S_ISCHR(st->st_mode))
		return fstatvfs(dir, &fs) == 0 && !(fs.f_flag & ST_NODEV) &&
		        faccessat(dir, name, R_OK, 0) == 0;
	fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool block_is_open(int dir, const char *name, const struct stat *st)
{
	return S_ISBLK(st->st_mode) && device_is_open(dir, name, st);
}

/* Files with which root of the machine could act on its kernel. */
static void facts_sensitive(void)
{
	static const struct {
		const char *path;
		int flags;
	} files[] = {{"/proc/sysrq-trigger", O_WRONLY}, {"/proc/sys/kernel/core_pattern", O_WRONLY},
	        {"/proc/sys/kernel/modprobe", O_WRONLY}, {"/sys/kernel/uevent_helper", O_WRONLY},
	        {"/proc/kcore", O_RDONLY}, {"/dev/mem", O_RDONLY}, {"/dev/kmsg", O_WRONLY},
	        {"/sys/power/state", O_WRONLY}};
	char list[512] = "";

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		int fd = open(files[i].path, files[i].flags | O_NONBLOCK | O_CLOEXEC);
		size_t used = strlen(list);
		if (fd < 0)
			continue;
		close(fd);
		snprintf(list + used, sizeof(list) - used, "%s%s", used ? "," : "", files[i].path);
	}
	fact("sensitive", list[0] ? list : "none");
}

static int probe_facts(const struct probe_env *env)
{
	struct walk proc = {.counts = opens_for_writing, .one_device = true};
	struct walk sys = {.counts = opens_for_writing, .one_device = true};
	struct walk devices = {.counts = device_is_open, .list = true};
	struct walk disks = {.counts = block_is_open, .list = true};

	fact("disk", fs_name(env->dir));
	facts_identity();
	facts_status();
	facts_namespaces();
	facts_permissions();
	facts_sensitive();
	walk(&proc, "proc_sys", "/proc/sys");
	walk(&sys, "sys", "/sys");
	walk(&devices, "devices", "/dev");
	walk(&disks, "disks", "/dev");
	facts_syscalls();
	puts("FACT end yes");
	return 0;
}
