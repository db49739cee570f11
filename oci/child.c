#include "oci/child.h"

#include "base/fs.h"
#include "base/io.h"
#include "oci/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_SHIFT 13
#define PATH_DEFAULT       "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PASSWD_MAX         (1 << 20)

static int run_hooks(
        struct oci_child *c, enum hook_kind kind, enum oci_status status, struct err *err)
{
	if (!c->config->hooks.of[kind].n)
		return 0;
	json_t *state = oci_state_json(&c->state, status);
	const char *cwd = kind == HOOK_START_CONTAINER ? NULL : c->config->bundle;
	int rc = hooks_run(&c->config->hooks, kind, state, cwd, NULL, NULL, err);
	json_decref(state);
	return rc;
}

int child_prepared(void *ctx, struct err *err)
{
	struct oci_child *c = ctx;

	if (run_hooks(c, HOOK_PRESTART, OCI_CREATED, err) < 0)
		return -1;
	return run_hooks(c, HOOK_CREATE_RUNTIME, OCI_CREATED, err);
}

/* The host's procfs is still here: it says who this is outside. */
int child_before_pivot(void *ctx, struct err *err)
{
	struct oci_child *c = ctx;
	char number[24] = "";

	if (readlink("/proc/self", number, sizeof(number) - 1) < 0)
		return err_sys(err, "find the own process id");
	c->state.pid = (pid_t)atoi(number);
	return run_hooks(c, HOOK_CREATE_CONTAINER, OCI_CREATED, err);
}

struct sched_attr_v0 {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static int set_scheduler(const struct scheduling *s, struct err *err)
{
	struct sched_attr_v0 attr = {.size = sizeof(attr),
	        .policy = (uint32_t)s->policy,
	        .flags = s->flags,
	        .nice = s->nice,
	        .priority = (uint32_t)s->priority,
	        .runtime = s->runtime,
	        .deadline = s->deadline,
	        .period = s->period};

	return s->set && syscall(SYS_sched_setattr, 0, &attr, 0) < 0
	        ? err_sys(err, "set process.scheduler")
	        : 0;
}

static int set_io_priority(const struct io_priority *io, struct err *err)
{
	int value = io->class << IOPRIO_CLASS_SHIFT | io->priority;

	return io->set && syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, value) < 0
	        ? err_sys(err, "set process.ioPriority")
	        : 0;
}

/* "0-2,5" as cpuset(7) has it. */
int child_affinity(const char *list, struct err *err)
{
	cpu_set_t set;
	char *end;

	if (!list)
		return 0;
	CPU_ZERO(&set);
	for (const char *p = list; *p; p = *end ? end + 1 : end) {
		unsigned long from = strtoul(p, &end, 10), to = from;
		if (end == p)
			return err_set(err, ERR_CONFIG, "'%s' is no list of processors", list);
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		if ((*end && *end != ',') || to >= CPU_SETSIZE || from > to)
			return err_set(err, ERR_CONFIG, "'%s' is no list of processors", list);
		for (unsigned long cpu = from; cpu <= to; cpu++)
			CPU_SET(cpu, &set);
	}
	return sched_setaffinity(0, sizeof(set), &set) < 0
	        ? err_sys(err, "run on the processors %s", list)
	        : 0;
}

static const char apparmor_file[] = "thread-self/attr/apparmor/exec";
static const char selinux_file[] = "thread-self/attr/exec";

/* Whatever lies over the container's procfs must not be written to in its place: it could be a link
 * to anything that its root may write (CVE-2025-52881). */
static int set_label(const char *file, const char *prefix, const char *label, struct err *err)
{
	struct open_how how = {.flags = O_WRONLY | O_CLOEXEC,
	        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};
	struct statfs fs;

	if (!label)
		return 0;
	AUTO_FD int proc = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (proc < 0 || fstatfs(proc, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return err_set(err, ERR_FAILED,
		        "set the label '%s': '/proc' of the container is no procfs", label);
	AUTO_FD int fd = (int)syscall(SYS_openat2, proc, file, &how, sizeof(how));
	AUTO_FREE char *text = xasprintf("%s%s", prefix, label);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return err_sys(err, "set the label '%s'", label);
	return 0;
}

int child_ways(const struct oci_process *p, struct err *err)
{
	if (set_scheduler(&p->scheduling, err) < 0 || set_io_priority(&p->io, err) < 0)
		return -1;
	if (set_label(apparmor_file, "exec ", p->apparmor, err) < 0)
		return -1;
	return set_label(selinux_file, "", p->selinux, err);
}

static const char *find_env(const struct strv *env, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < env->n; i++)
		if (!strncmp(env->v[i], name, n) && env->v[i][n] == '=')
			return env->v[i] + n + 1;
	return NULL;
}

/* The box may have put anything there: a pipe that nobody writes to, a device. NULL: it has none.
 */
static char *read_passwd(void)
{
	struct stat st;

	if (stat("/etc/passwd", &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	AUTO_FD int fd = open("/etc/passwd", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > PASSWD_MAX)
		return NULL;
	char *text = xcalloc((size_t)st.st_size + 1, 1);
	if (io_read_full(fd, text, (size_t)st.st_size) < 0)
		text[0] = '\0';
	return text;
}

void child_home(struct strv *env, uid_t uid)
{
	char *save = NULL, *home = NULL;

	if (find_env(env, "HOME"))
		return;
	AUTO_FREE char *text = read_passwd();
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line && !home;
	        line = strtok_r(NULL, "\n", &save)) {
		char *fields[6] = {line};
		size_t n = 1;
		for (char *p = line; *p && n < ARRAY_SIZE(fields); p++)
			if (*p == ':') {
				*p = '\0';
				fields[n++] = p + 1;
			}
		if (n == ARRAY_SIZE(fields) && strtoul(fields[2], NULL, 10) == uid) {
			home = fields[5];
			home[strcspn(home, ":")] = '\0';
		}
	}
	strv_addf(env, "HOME=%s", home && home[0] ? home : "/");
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISDIR(st.st_mode) && st.st_mode & 0111;
}

static int find_at(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_sys(err, "executable file '%s' not found in the container", path);
	errno = EACCES;
	return is_program(path) ? 0 : err_sys(err, "execute '%s'", path);
}

/* The first that is a program; NULL: there is none. denied: something of that name is no program.
 */
static char *look_up(const struct strv *env, const char *name, bool *denied)
{
	const char *path = find_env(env, "PATH");
	AUTO_FREE char *folders = xstrdup(path ? path : PATH_DEFAULT);
	char *save = NULL;

	for (char *f = strtok_r(folders, ":", &save); f; f = strtok_r(NULL, ":", &save)) {
		AUTO_FREE char *at = xasprintf("%s/%s", f, name);
		if (is_program(at))
			return STEAL(at);
		*denied = *denied || access(at, F_OK) == 0;
	}
	return NULL;
}

int child_find(const struct strv *argv, const struct strv *env, const char *cwd, struct err *err)
{
	const char *name = argv->v[0];
	bool denied = false;

	if (strchr(name, '/')) {
		AUTO_FREE char *at = name[0] == '/' ? xstrdup(name) : xasprintf("%s/%s", cwd, name);
		return find_at(at, err);
	}
	AUTO_FREE char *found = look_up(env, name, &denied);
	if (found)
		return 0;
	errno = denied ? EACCES : ENOENT;
	return err_sys(
	        err, denied ? "execute '%s'" : "executable file '%s' not found in $PATH", name);
}

void child_execute(const struct strv *argv, const struct strv *env)
{
	bool denied = false;
	AUTO_FREE char *found =
	        strchr(argv->v[0], '/') ? xstrdup(argv->v[0]) : look_up(env, argv->v[0], &denied);

	errno = denied ? EACCES : ENOENT;
	if (found)
		execve(found, argv->v, env->v);
}

int child_inside(void *ctx, struct err *err)
{
	struct oci_child *c = ctx;
	struct container_plan *plan = &c->config->plan;

	/* Nothing of the container may look at this process, which is not its own program yet. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(err, "hide the waiting process");
	if (!c->config->has_process)
		return 0;
	if (c->config->has_personality && personality(c->config->personality) < 0)
		return err_sys(err, "set linux.personality");
	if (child_ways(&c->config->process, err) < 0)
		return -1;
	if (access(plan->cwd, F_OK) < 0 && errno == ENOENT)
		(void)!fs_mkdirs(plan->cwd, 0755, NULL); /* else entering it says why not */
	child_home(&plan->env, plan->confine.uid);
	return child_find(&plan->argv, &plan->env, plan->cwd, err);
}

int child_before_exec(void *ctx, struct err *err)
{
	struct oci_child *c = ctx;
	struct seccomp_listener *listener = &c->config->plan.confine.listener;

	if (listener->socket > 0)
		listener->message =
		        listener_message(&c->state, c->config->listener_metadata, c->state.pid);
	return run_hooks(c, HOOK_START_CONTAINER, OCI_CREATED, err);
}
