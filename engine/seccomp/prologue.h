/*
 * The head of a program, in front of what libseccomp makes and falling through to it. It does what
 * libseccomp has no words for: comparing half of an argument, and telling calls that nobody knows
 * from calls that are not allowed.
 */
#pragma once

#include "engine/seccomp.h"

struct program {
	struct sock_filter *v;
	size_t n;
};
void program_add(struct program *program, struct sock_filter instruction);

/* archs: SCMP_ARCH_… as libseccomp's tokens. */
void prologue_add(struct program *program, const struct seccomp_profile *profile,
        const uint32_t *archs, size_t n);
