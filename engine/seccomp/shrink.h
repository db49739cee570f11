/*
 * Makes a program short. The kernel runs a new filter once for every number of a call and then
 * compiles it, which for libseccomp's takes longer than all else that confines a process. For
 * nearly all numbers the answer does not depend on arguments: those become ranges in a binary tree
 * in front of what is left of the program for the others.
 */
#pragma once

#include "engine/seccomp/prologue.h"

/*
 * Replaces the program by one that answers the same, to every call of these architectures
 * (AUDIT_ARCH_…) and of others. One that it does not understand stays as it is.
 */
void program_shrink(struct program *program, const uint32_t *archs, size_t n);
