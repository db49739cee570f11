#include "engine/seccomp_default.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>

static void add_names(struct strv *out, const char *names)
{
	for (size_t n; *names; names += n + (names[n] == ' ')) {
		n = strcspn(names, " ");
		strv_take(out, xstrndup(names, n));
	}
}

static void add_row(struct seccomp_profile *profile, const struct call_row *row)
{
	struct seccomp_rule *rule = seccomp_rule_add_to(profile, "SCMP_ACT_ALLOW");

	add_names(&rule->names, row->names);
	for (size_t i = 0; i < row->n; i++) {
		bool bits = row->when == CALL_BITS_CLEAR;
		seccomp_arg_add_to(rule, 0, "SCMP_CMP_MASKED_EQ",
		        bits ? row->values[i] : UINT32_MAX, bits ? 0 : row->values[i]);
	}
}

void seccomp_default(uint64_t caps, struct seccomp_profile *out)
{
	struct seccomp_profile profile = {
	        .default_action = xstrdup("SCMP_ACT_ERRNO"),
	        .default_errno = EPERM,
	        .denials = seccomp_denials,
	        .n_denials = caps & UINT64_C(1) << CAP_SYS_PTRACE ? seccomp_n_denials_always
	                                                          : seccomp_n_denials,
	        .unknown_enosys = true,
	};

	for (size_t i = 0; i < seccomp_n_calls; i++)
		if (!seccomp_calls[i].caps || seccomp_calls[i].caps & caps)
			add_row(&profile, &seccomp_calls[i]);
	/* Its flags lie in memory, where no filter sees them; programs fall back to clone(2). */
	if (!(caps & UINT64_C(1) << CAP_SYS_ADMIN)) {
		struct seccomp_rule *rule = seccomp_rule_add_to(&profile, "SCMP_ACT_ERRNO");
		strv_add(&rule->names, "clone3");
		rule->errno_ret = ENOSYS;
	}
	*out = profile;
}
