/* What prov's own profile is made of: one row a theme. */
#pragma once

#include "engine/seccomp.h"

enum { CALL_VALUES = 6 };

/* Calls that are allowed, all of them under the same condition. */
struct call_row {
	uint64_t caps;     /* any of these is held; 0: always */
	const char *names; /* separated by blanks */
	enum call_when { CALL_ANYHOW, CALL_BITS_CLEAR, CALL_VALUE_IN } when;
	uint32_t values[CALL_VALUES]; /* of argument 0: the bits, or what its lower half may be */
	size_t n;
};
extern const struct call_row seccomp_calls[];
extern const size_t seccomp_n_calls;

/* What is refused whatever the rows say; all but the first n of them without CAP_SYS_PTRACE only.
 */
extern const struct seccomp_denial seccomp_denials[];
extern const size_t seccomp_n_denials, seccomp_n_denials_always;
