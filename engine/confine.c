#include "engine/confine.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *copy_of(const void *bytes, size_t n, size_t size)
{
	return n ? memcpy(xcalloc(n, size), bytes, n * size) : NULL;
}

void confine_copy(struct confine *dst, const struct confine *src)
{
	*dst = *src;
	dst->groups = copy_of(src->groups, src->n_groups, sizeof(*src->groups));
	dst->rlimits = copy_of(src->rlimits, src->n_rlimits, sizeof(*src->rlimits));
	dst->filter.code = copy_of(src->filter.code, src->filter.n, sizeof(*src->filter.code));
	dst->listener.message = src->listener.message ? xstrdup(src->listener.message) : NULL;
}

void confine_clear(struct confine *c)
{
	free(c->groups);
	free(c->rlimits);
	free(c->filter.code);
	free(c->listener.message);
	*c = (struct confine){0};
}

static int set_oom_score(int value, pid_t pid, struct err *err)
{
	char path[48] = "/proc/self/oom_score_adj", text[16];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	int n = snprintf(text, sizeof(text), "%d", value);
	AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)n) != n)
		return err_sys(err, "set oom_score_adj to %d", value);
	return 0;
}

static const char *limit_name(int resource)
{
	static const char *const names[] = {
	        [RLIMIT_CPU] = "RLIMIT_CPU",
	        [RLIMIT_FSIZE] = "RLIMIT_FSIZE",
	        [RLIMIT_DATA] = "RLIMIT_DATA",
	        [RLIMIT_STACK] = "RLIMIT_STACK",
	        [RLIMIT_CORE] = "RLIMIT_CORE",
	        [RLIMIT_RSS] = "RLIMIT_RSS",
	        [RLIMIT_NPROC] = "RLIMIT_NPROC",
	        [RLIMIT_NOFILE] = "RLIMIT_NOFILE",
	        [RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",
	        [RLIMIT_AS] = "RLIMIT_AS",
	        [RLIMIT_LOCKS] = "RLIMIT_LOCKS",
	        [RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING",
	        [RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE",
	        [RLIMIT_NICE] = "RLIMIT_NICE",
	        [RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",
	        [RLIMIT_RTTIME] = "RLIMIT_RTTIME",
	};

	return resource >= 0 && (size_t)resource < ARRAY_SIZE(names) ? names[resource]
	                                                             : "an unknown limit";
}

/* Only what has to be raised: what is lowered would hinder the rest of the way. */
static int raise_limit(const struct rlimit_row *row, pid_t pid, struct err *err)
{
	struct rlimit now;

	if (prlimit(pid, (enum __rlimit_resource)row->resource, NULL, &now) < 0)
		return err_sys(err, "read %s", limit_name(row->resource));
	if (row->limit.rlim_max <= now.rlim_max)
		return 0;
	now.rlim_max = row->limit.rlim_max;
	if (prlimit(pid, (enum __rlimit_resource)row->resource, &now, NULL) < 0)
		return err_sys(err, "raise the hard limit of %s to %llu", limit_name(row->resource),
		        (unsigned long long)now.rlim_max);
	return 0;
}

int confine_prepare(const struct confine *c, pid_t pid, struct err *err)
{
	for (size_t i = 0; i < c->n_rlimits; i++)
		if (raise_limit(&c->rlimits[i], pid, err) < 0)
			return -1;
	return c->has_oom_score_adj ? set_oom_score(c->oom_score_adj, pid, err) : 0;
}

static int set_limits(const struct confine *c, struct err *err)
{
	for (size_t i = 0; i < c->n_rlimits; i++)
		if (setrlimit((enum __rlimit_resource)c->rlimits[i].resource,
		            &c->rlimits[i].limit) < 0)
			return err_sys(err, "set %s", limit_name(c->rlimits[i].resource));
	return 0;
}

/* A kernel without keyrings has none to leave. */
static int leave_keyring(struct err *err)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		return err_sys(err, "make a session keyring");
	return 0;
}

/* The kernel may know more capabilities than these headers: EINVAL is the end of its list. */
static int drop_bounding(uint64_t mask)
{
	for (unsigned cap = 0; cap < 64; cap++) {
		if (mask & UINT64_C(1) << cap)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap) < 0)
			return errno == EINVAL ? 0 : -1;
	}
	return 0;
}

/* Nobody may permit himself what he does not have, as the host may be a container too. */
static int set_caps(uint64_t have, uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){
		        (uint32_t)((effective & permitted & have) >> (32 * i)),
		        (uint32_t)((permitted & have) >> (32 * i)),
		        (uint32_t)((inheritable & have) >> (32 * i)),
		};
	return (int)syscall(SYS_capset, &header, data);
}

/* Each has to be permitted and inheritable; what is not cannot be handed on. */
static int set_ambient(uint64_t mask)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return errno == EINVAL && !mask ? 0 : -1;
	for (unsigned cap = 0; cap < 64; cap++)
		if (mask & UINT64_C(1) << cap &&
		        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0 &&
		        errno != EPERM && errno != EINVAL)
			return -1;
	return 0;
}

static int switch_user(const struct confine *c, struct err *err)
{
	if (setgroups(c->n_groups, c->groups) < 0)
		return err_sys(err, "set the supplementary groups");
	if (setresgid(c->gid, c->gid, c->gid) < 0)
		return err_sys(err, "become group %u", c->gid);
	/* Of a user who is not root the kernel would take what is needed once more below. */
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setresuid(c->uid, c->uid, c->uid) < 0)
		return err_sys(err, "become user %u", c->uid);
	return 0;
}

int confine_become(const struct confine *c, struct err *err)
{
	uint64_t have;

	umask(c->umask);
	if (c->new_keyring && leave_keyring(err) < 0)
		return -1;
	/* While CAP_SETPCAP is effective. */
	if (drop_bounding(c->caps.bounding) < 0)
		return err_sys(err, "limit the capabilities");
	if (set_limits(c, err) < 0 || switch_user(c, err) < 0)
		return -1;
	/* All stay permitted until the filter is loaded. */
	if (caps_permitted(&have) < 0 ||
	        set_caps(have, c->caps.effective & c->caps.permitted, have, c->caps.inheritable) <
	                0 ||
	        set_ambient(c->caps.ambient) < 0)
		return err_sys(err, "set the capabilities");
	return 0;
}

/* Every call is judged by the filter already: io_send_fd needs sendmsg(2) alone. */
static int send_listener(const struct seccomp_listener *listener, int fd, struct err *err)
{
	const char *text = listener->message ? listener->message : "{}";
	size_t n = strlen(text);

	if (io_send_fd(listener->socket, fd, text, n) != (ssize_t)n)
		return err_sys(err, "hand the filter's notifications over");
	return 0;
}

static int load_filter(const struct confine *c, struct err *err)
{
	const struct seccomp_program *filter = &c->filter;
	struct sock_fprog program = {(unsigned short)filter->n, filter->code};
	unsigned flags = filter->flags;

	if (!filter->code)
		return 0;
	if (c->listener.socket > 0) /* which two threads could not have both */
		flags = (flags & ~(unsigned)SECCOMP_FILTER_FLAG_TSYNC) |
		        (unsigned)SECCOMP_FILTER_FLAG_NEW_LISTENER;
	int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	if (fd < 0)
		return err_sys(err, "load the system call filter");
	return c->listener.socket > 0 ? send_listener(&c->listener, fd, err) : 0;
}

static int set_final_caps(const struct caps *caps, uint64_t have, struct err *err)
{
	if (set_caps(have, caps->effective, caps->permitted, caps->inheritable) < 0)
		return err_sys(err, "give the other capabilities up");
	return 0;
}

/* Who may gain privileges loads the filter by CAP_SYS_ADMIN, and then capset(2) must be allowed by
 * it; who may not needs no capability, and nothing but execve(2) follows. */
int confine_seal(const struct confine *c, struct err *err)
{
	uint64_t have, admin = UINT64_C(1) << CAP_SYS_ADMIN;

	if (caps_permitted(&have) < 0)
		return err_sys(err, "read the capabilities");
	if (c->no_new_privileges) {
		if (set_final_caps(&c->caps, have, err) < 0)
			return -1;
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			return err_sys(err, "forbid new privileges");
		return load_filter(c, err);
	}
	if (c->filter.code && set_caps(have, admin, have, c->caps.inheritable) < 0)
		return err_sys(err, "prepare for the system call filter");
	return load_filter(c, err) < 0 ? -1 : set_final_caps(&c->caps, have, err);
}
