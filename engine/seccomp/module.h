/* What prov-seccomp.so exports: the only user of libseccomp. */
#pragma once

#include "engine/seccomp.h"

struct seccomp_ops {
	/* The contract of seccomp_compile() without a cache; all but out->flags, which is given. */
	int (*compile)(const struct seccomp_profile *profile, struct seccomp_program *out,
	        struct err *err);
};

extern const struct seccomp_ops prov_seccomp;
