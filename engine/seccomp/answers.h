/*
 * What a program answers to a call, found by running it here: a program that was made shorter is
 * held against the one that it stands for.
 */
#pragma once

#include "engine/seccomp/prologue.h"

/* Numbers below are looked at one by one, all from there on together. */
enum { SECCOMP_NUMBERS = 1024 };

/* Has two ways and compares with a constant. */
bool program_is_jump(const struct sock_filter *instruction);
/* Whether the jump BPF_J… is taken with a in the accumulator. */
bool jump_compare(uint16_t op, uint32_t a, uint32_t k);

/* Whether two programs answer the same to each call of these architectures (AUDIT_ARCH_…), with the
 * arguments that programs ask for, and to calls of another one. */
bool program_is_same(
        const struct program *a, const struct program *b, const uint32_t *archs, size_t n);
