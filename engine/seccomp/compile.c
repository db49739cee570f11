/* A profile as libseccomp's filter, and that as a program. */
#include "engine/seccomp/module.h"

#include "base/io.h"
#include "engine/seccomp/shrink.h"

#include <ctype.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_ARCHS = 16, MAX_ARGS = 6, BINARY_TREE = 2 };

struct action_row {
	const char *name;
	uint32_t value; /* without its data */
	bool has_data;
};
static const struct action_row actions[] = {
        {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, false},
        {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), true},
        {"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD, false},
        {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, false},
        {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, false},
        {"SCMP_ACT_LOG", SCMP_ACT_LOG, false},
        {"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY, false},
        {"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), true},
        {"SCMP_ACT_TRAP", SCMP_ACT_TRAP, false},
};

static const struct {
	const char *name;
	enum scmp_compare op;
} comparisons[] = {
        {"SCMP_CMP_EQ", SCMP_CMP_EQ},
        {"SCMP_CMP_GE", SCMP_CMP_GE},
        {"SCMP_CMP_GT", SCMP_CMP_GT},
        {"SCMP_CMP_LE", SCMP_CMP_LE},
        {"SCMP_CMP_LT", SCMP_CMP_LT},
        {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
        {"SCMP_CMP_NE", SCMP_CMP_NE},
};

struct compile {
	scmp_filter_ctx filter;
	uint32_t default_action;
	uint32_t archs[MAX_ARCHS];
	size_t n_archs;
};

static int find_action(const char *name, int errno_ret, uint32_t *out, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!str_eq(name, actions[i].name))
			continue;
		uint32_t data = (uint32_t)(errno_ret < 0 ? EPERM : errno_ret);
		if (actions[i].has_data && data > SECCOMP_RET_DATA)
			return err_set(err, ERR_CONFIG, "the seccomp error number %d is too large",
			        errno_ret);
		*out = actions[i].value | (actions[i].has_data ? data : 0);
		return 0;
	}
	return err_set(err, ERR_CONFIG, "there is no seccomp action '%s'", name ? name : "(none)");
}

static int fail(int rc, struct err *err, const char *what, const char *name)
{
	return err_set(err, ERR_CONFIG, "seccomp: %s '%s': %s", what, name, strerror(-rc));
}

/* "SCMP_ARCH_X86_64" is "x86_64" to libseccomp. */
static uint32_t find_arch(const char *name)
{
	static const char prefix[] = "SCMP_ARCH_";
	char lower[32] = "";

	if (!str_starts(name, prefix) || strlen(name) - strlen(prefix) >= sizeof(lower))
		return 0;
	for (size_t i = strlen(prefix); name[i]; i++)
		lower[i - strlen(prefix)] = (char)tolower((unsigned char)name[i]);
	return seccomp_arch_resolve_name(lower);
}

static int add_arch(struct compile *c, uint32_t arch, const char *name, struct err *err)
{
	int rc = seccomp_arch_add(c->filter, arch);

	if (rc < 0 && rc != -EEXIST)
		return fail(rc, err, "add the architecture", name);
	for (size_t i = 0; i < c->n_archs; i++)
		if (c->archs[i] == arch)
			return 0;
	if (c->n_archs == MAX_ARCHS)
		return err_set(err, ERR_CONFIG, "seccomp: more than %d architectures", MAX_ARCHS);
	c->archs[c->n_archs++] = arch;
	return 0;
}

/* What is there already is this machine's own. */
static int add_archs(struct compile *c, const struct strv *names, struct err *err)
{
	static const struct {
		uint32_t own, small;
	} pairs[] = {
	        {SCMP_ARCH_X86_64, SCMP_ARCH_X86},
	        {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM},
	};

	c->archs[c->n_archs++] = seccomp_arch_native();
	for (size_t i = 0; i < names->n; i++) {
		uint32_t arch = find_arch(names->v[i]);
		if (!arch)
			return err_set(err, ERR_CONFIG, "there is no seccomp architecture '%s'",
			        names->v[i]);
		if (add_arch(c, arch, names->v[i], err) < 0)
			return -1;
	}
	for (size_t i = 0; !names->n && i < ARRAY_SIZE(pairs); i++)
		if (pairs[i].own == c->archs[0] && add_arch(c, pairs[i].small, "32 bit", err) < 0)
			return -1;
	return 0;
}

static int find_args(const struct seccomp_rule *rule, struct scmp_arg_cmp *out, struct err *err)
{
	for (size_t i = 0; i < rule->n_args; i++) {
		const struct seccomp_arg *arg = &rule->args[i];
		size_t op = 0;
		while (op < ARRAY_SIZE(comparisons) && !str_eq(comparisons[op].name, arg->op))
			op++;
		if (op == ARRAY_SIZE(comparisons))
			return err_set(err, ERR_CONFIG, "there is no seccomp comparison '%s'",
			        arg->op ? arg->op : "(none)");
		if (arg->index >= MAX_ARGS)
			return err_set(
			        err, ERR_CONFIG, "seccomp: a call has no argument %u", arg->index);
		out[i] = (struct scmp_arg_cmp){
		        arg->index, comparisons[op].op, arg->value, arg->value_two};
	}
	return 0;
}

/* Conditions on one and the same argument are alternatives, on different ones all must hold. */
static bool are_alternatives(const struct scmp_arg_cmp *args, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (args[i].arg == args[k].arg)
				return true;
	return false;
}

static int add_call(const struct compile *c, const char *name, uint32_t action,
        const struct scmp_arg_cmp *args, size_t n, struct err *err)
{
	int number = seccomp_syscall_resolve_name(name);
	bool apart = are_alternatives(args, n);
	int rc = 0;

	if (number == __NR_SCMP_ERROR)
		return 0;
	if (!apart)
		rc = seccomp_rule_add_array(c->filter, action, number, (unsigned)n, args);
	for (size_t i = 0; apart && rc == 0 && i < n; i++)
		rc = seccomp_rule_add_array(c->filter, action, number, 1, &args[i]);
	return rc < 0 ? fail(rc, err, "add a rule for", name) : 0;
}

static int add_rule(const struct compile *c, const struct seccomp_rule *rule, struct err *err)
{
	uint32_t action;
	AUTO_FREE struct scmp_arg_cmp *args = xcalloc(rule->n_args + 1, sizeof(*args));

	if (find_action(rule->action, rule->errno_ret, &action, err) < 0 ||
	        find_args(rule, args, err) < 0)
		return -1;
	/* libseccomp refuses what changes nothing. */
	if (action == c->default_action)
		return 0;
	for (size_t i = 0; i < rule->names.n; i++)
		if (add_call(c, rule->names.v[i], action, args, rule->n_args, err) < 0)
			return -1;
	return 0;
}

static int fill(struct compile *c, const struct seccomp_profile *profile, struct err *err)
{
	int rc = seccomp_attr_set(c->filter, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE);

	if (rc < 0)
		return fail(rc, err, "set", "optimize");
	/* Another set of calls, such as x32, is one that this kernel does not have. */
	if (profile->unknown_enosys)
		rc = seccomp_attr_set(c->filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	if (rc < 0)
		return fail(rc, err, "set", "bad arch");
	if (add_archs(c, &profile->architectures, err) < 0)
		return -1;
	for (size_t i = 0; i < profile->n_rules; i++)
		if (add_rule(c, &profile->rules[i], err) < 0)
			return -1;
	return 0;
}

/* Behind what p has already. */
static int export(const struct compile *c, struct program *p, struct err *err)
{
	AUTO_FD int fd = memfd_create("seccomp", MFD_CLOEXEC);
	int rc = fd < 0 ? -errno : seccomp_export_bpf(c->filter, fd);
	struct sock_filter one;

	if (rc < 0)
		return fail(rc, err, "write", "the program");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "read the seccomp program");
	while (io_read_full(fd, &one, sizeof(one)) == sizeof(one))
		program_add(p, one);
	return 0;
}

/* x32 has the calls of x86_64 with a bit added, so that its numbers are those of one architecture.
 */
static void shrink(const struct compile *c, struct program *p)
{
	uint32_t archs[MAX_ARCHS];
	size_t n = 0;

	for (size_t i = 0; i < c->n_archs; i++)
		if (c->archs[i] != SCMP_ARCH_X32)
			archs[n++] = c->archs[i];
	program_shrink(p, archs, n);
}

static int check_size(const struct program *p, struct err *err)
{
	if (p->n > BPF_MAXINSNS)
		return err_set(err, ERR_CONFIG,
		        "the seccomp profile makes a program of %zu instructions; the kernel takes "
		        "%d",
		        p->n, BPF_MAXINSNS);
	return 0;
}

static int compile(
        const struct seccomp_profile *profile, struct seccomp_program *out, struct err *err)
{
	struct compile c = {0};
	struct program p = {0};

	if (find_action(profile->default_action, profile->default_errno, &c.default_action, err) <
	        0)
		return -1;
	c.filter = seccomp_init(c.default_action);
	if (!c.filter)
		return err_set(err, ERR_FAILED, "libseccomp does not start");
	int rc = fill(&c, profile, err);
	if (rc == 0) {
		prologue_add(&p, profile, c.archs, c.n_archs);
		rc = export(&c, &p, err);
	}
	if (rc == 0)
		shrink(&c, &p);
	if (rc == 0)
		rc = check_size(&p, err);
	seccomp_release(c.filter);
	if (rc == 0)
		*out = (struct seccomp_program){p.v, p.n, 0};
	else
		free(p.v);
	return rc;
}

const struct seccomp_ops prov_seccomp = {.compile = compile};
