#include "compare/host_claims.h"

#include "base/fs.h"
#include "base/io.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_S 20 /* no trial may hold the experiment up */

/* What a child found, down a pipe. */
struct finding {
	bool tried;
	bool yes;
	long a, b;
	char why[96];
};

static void give_up(struct finding *f, const char *what)
{
	snprintf(f->why, sizeof(f->why), "%s: %s", what, strerror(errno));
}

static void in_child(
        void (*try)(struct finding *f, const char *dir), const char *dir, struct finding *out)
{
	int fds[2];
	struct finding f = {0};

	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		alarm(LIMIT_S);
		try(&f, dir);
		_exit(write(fds[1], &f, sizeof(f)) == sizeof(f) ? 0 : 1);
	}
	close(fds[1]);
	if (pid > 0 && io_read_full(fds[0], &f, sizeof(f)) == sizeof(f))
		*out = f;
	close(fds[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The classic: a second chroot while the working folder stays outside of it, then upwards. */
static void try_escape(struct finding *f, const char *dir)
{
	struct stat outside, now;

	if (stat("/", &outside) < 0 || chroot(dir) < 0 || chdir("/") < 0) {
		give_up(f, "enter a chroot");
		return;
	}
	f->tried = true;
	if (mkdir("in", 0700) < 0 || chroot("in") < 0)
		return;
	for (int i = 0; i < 64; i++)
		if (chdir("..") < 0)
			return;
	f->yes = chroot(".") == 0 && stat("/", &now) == 0 && now.st_ino == outside.st_ino &&
	        now.st_dev == outside.st_dev;
}

static long count_processes(const char *proc)
{
	AUTO_STRV names = {0};
	long n = 0;

	if (fs_list(proc, &names, NULL) < 0)
		return 0;
	for (size_t i = 0; i < names.n; i++)
		n += names.v[i][0] >= '1' && names.v[i][0] <= '9';
	return n;
}

static void try_processes(struct finding *f, const char *dir)
{
	f->a = count_processes("/proc");
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	        mount("proc", dir, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ||
	        chroot(dir) < 0) {
		give_up(f, "mount /proc below a chroot");
		return;
	}
	f->tried = true;
	f->b = count_processes("/");
	/* Processes come and go meanwhile. */
	f->yes = f->b * 10 > f->a * 9;
}

static void try_uts(struct finding *f, const char *dir)
{
	static const char name[] = "prov-claim";
	struct utsname before, after;

	(void)dir;
	if (uname(&before) < 0 || unshare(CLONE_NEWUTS) < 0 ||
	        sethostname(name, strlen(name)) < 0 || uname(&after) < 0) {
		give_up(f, "make a uts namespace");
		return;
	}
	f->tried = true;
	f->yes = !str_eq(before.release, after.release) || !str_eq(before.version, after.version);
	f->a = str_eq(after.nodename, name);
}

/* A child makes a namespace and ends; a descriptor that was opened meanwhile still leads there. */
static void try_namespace(struct finding *f, const char *dir)
{
	int go[2], made[2];
	char byte = 0;

	(void)dir;
	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(made, O_CLOEXEC) < 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		close(go[1]); /* or it would wait for itself */
		bool ok = unshare(CLONE_NEWUTS) == 0 && sethostname("prov-ns", 7) == 0 &&
		        write(made[1], "", 1) == 1 && read(go[0], &byte, 1) >= 0;
		_exit(ok ? 0 : 1);
	}
	close(made[1]);
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/uts", pid);
	bool ready = pid > 0 && read(made[0], &byte, 1) == 1;
	int fd = ready ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	close(go[1]);
	close(go[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (fd < 0) {
		give_up(f, "hold a namespace open");
		return;
	}
	struct utsname name;
	f->tried = true;
	f->yes = setns(fd, CLONE_NEWUTS) == 0 && uname(&name) == 0 &&
	        str_eq(name.nodename, "prov-ns");
}

static const struct trial {
	const char *id, *title, *method;
	void (*try)(struct finding *f, const char *dir);
	const char *yes, *no; /* %1$ld and %2$ld: the counts */
} trials[] = {
        {"claim.chroot.escape", "root leaves a chroot",
                "a second chroot with the working folder outside of it, then 64 times ..",
                try_escape, "yes: / is the host's again", "no"},
        {"claim.chroot.processes", "processes seen in a chroot with /proc",
                "proc mounted in a temporary folder, chroot there, numbers counted", try_processes,
                "all of the host", "not those of the host"},
        {"claim.namespace.uts", "kernel release or version changed by a uts namespace",
                "unshare(CLONE_NEWUTS), sethostname, uname before and after", try_uts, "yes",
                "no: only the host name"},
        {"claim.namespace.end", "a namespace outlives its last process",
                "a descriptor of /proc/PID/ns/uts held open, setns after the process has ended",
                try_namespace, "yes: by a descriptor that is held open", "no"},
};

static void report(const struct trial *trial, const struct finding *f, struct result *result)
{
	AUTO_FREE char *value = !f->tried ? xasprintf("not tried: %s", f->why)
	        : f->a > 1 && f->b
	        ? xasprintf("%s: %ld of %ld", f->yes ? trial->yes : trial->no, f->b, f->a)
	        : xstrdup(f->yes ? trial->yes : trial->no);

	result_fact(result,
	        &(struct fact){.id = trial->id,
	                .kind = "host",
	                .title = trial->title,
	                .group = "claim",
	                .value = value,
	                .method = trial->method});
}

void host_claims(struct result *result)
{
	const char *base = getenv("TMPDIR");
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(trials); i++) {
		AUTO_FREE char *dir =
		        xasprintf("%s/prov-claim-XXXXXX", base && *base ? base : "/tmp");
		struct finding finding = {0};
		strcpy(finding.why, "no answer");
		if (!mkdtemp(dir))
			continue;
		in_child(trials[i].try, dir, &finding);
		report(&trials[i], &finding, result);
		if (fs_remove_tree(dir, &err) < 0)
			strv_addf(&result->notes, "%s", err.message);
	}
}
