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
struct seccomp_profile {
	char *default_action;
	int default_errno;
	struct strv
	        architectures; /* "SCMP_ARCH_X86_64"; empty: this machine's with its 32 bit ones */
	struct strv flags;     /* "SECCOMP_FILTER_FLAG_LOG" … */
	struct seccomp_rule *rules;
	size_t n_rules;
};
void seccomp_profile_clear(struct seccomp_profile *profile);

/* prov's own: default deny, what applications usually need, more for each capability of caps (bit n
 * is capability n) that allows more. */
void seccomp_default(uint64_t caps, struct seccomp_profile *out);

/*
 * From the folder `cache` (NULL: none is kept), or compiled and kept there. ERR_CONFIG names what
 * is wrong in the profile; ERR_HOST: the module is missing. The caller frees with seccomp_clear.
 */
MUST_CHECK int seccomp_compile(const struct seccomp_profile *profile, const char *cache,
        struct seccomp_program *out, struct err *err);
void seccomp_clear(struct seccomp_program *program);
