/*
 * System call filters. Compiling one needs libseccomp, which costs more than a container's start:
 * so a compiled program is kept in a file by the digest of what it was made from, and the library
 * is in a module (prov-seccomp.so) that is opened only where there is none yet.
 */
#pragma once

#include "engine/confine.h"

/* A filter as OCI's linux.seccomp has it (runtime-spec config-linux.md); names are the kernel's. */
struct seccomp_arg {
	unsigned index;
	uint64_t value, value_two;
	char *op; /* "SCMP_CMP_EQ" … */
};
struct seccomp_rule {
	struct strv names; /* of system calls; one that this machine does not know is left out */
	char *action;      /* "SCMP_ACT_ALLOW" … */
	int errno_ret;     /* -1: EPERM */
	struct seccomp_arg *args;
	size_t n_args;
};
/* Calls whose argument has this value in its lower half, which is all that the kernel looks at
 * where an argument is an int: a comparison of OCI's could be evaded by setting higher bits. */
struct seccomp_denial {
	const char *name; /* static */
	unsigned index;
	uint32_t value;
};

struct seccomp_profile {
	char *default_action;
	int default_errno;
	struct strv
	        architectures; /* "SCMP_ARCH_X86_64"; empty: this machine's with its 32 bit one */
	struct strv flags;     /* "SECCOMP_FILTER_FLAG_LOG" … */
	struct seccomp_rule *rules;
	size_t n_rules;

	/* Beyond OCI, and judged before the rules. */
	const struct seccomp_denial *denials; /* EPERM; static */
	size_t n_denials;
	bool unknown_enosys; /* so do calls that libseccomp does not know, as in a kernel without
	                        them: programs then fall back to older ones */
};
void seccomp_profile_clear(struct seccomp_profile *profile);

/* Appends a rule of no names without arguments. Valid until the next one is added. */
struct seccomp_rule *seccomp_rule_add_to(struct seccomp_profile *profile, const char *action);
void seccomp_arg_add_to(struct seccomp_rule *rule, unsigned index, const char *op, uint64_t value,
        uint64_t value_two);

/* prov's own: default deny, what applications usually need, more for each capability of caps (bit n
 * is capability n) that allows more. */
void seccomp_default(uint64_t caps, struct seccomp_profile *out);

/*
 * From the folder `cache` (NULL: none is kept), or compiled and kept there; a kept file that is not
 * as it was written is made anew, and that none can be written is no error. ERR_CONFIG names what
 * is wrong in the profile; ERR_HOST: the module is missing. The caller frees with seccomp_clear.
 */
MUST_CHECK int seccomp_compile(const struct seccomp_profile *profile, const char *cache,
        struct seccomp_program *out, struct err *err);
/* The same for seccomp_default(caps), without making the profile where the program is kept. */
MUST_CHECK int seccomp_compile_default(
        uint64_t caps, const char *cache, struct seccomp_program *out, struct err *err);
void seccomp_clear(struct seccomp_program *program);
