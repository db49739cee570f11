/*
 * Devices on v2: a program that the kernel asks before it opens or makes one (kernel:
 * admin-guide/cgroup-v2.rst, "Device controller"). Assembled by hand: a few dozen instructions need
 * no compiler and no library.
 */
#pragma once

#include "base/err.h"
#include "engine/cgroup/cgroup_limits.h"

#include <linux/bpf.h>

struct device_program {
	struct bpf_insn *code;
	size_t n;
};

/* 1 for what the last matching rule allows, else 0. Pure. */
void device_program_make(const struct device_rule *rules, size_t n, struct device_program *out);
void device_program_clear(struct device_program *program);

/* Attaches it to an open cgroup folder, in place of those that were attached to that very group
 * before, without a moment in between in which neither holds. ERR_HOST where bpf(2) is refused. */
MUST_CHECK int device_program_attach(
        const struct device_program *program, int folder, struct err *err);
