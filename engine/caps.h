/* Capability sets by plain prctl(2) and capset(2): bit n is capability n of linux/capability.h. */
#pragma once

#include "base/err.h"

/* The five sets of capabilities(7), bit n is capability n. */
struct caps {
	uint64_t bounding, effective, permitted, inheritable, ambient;
};

/* What root in a container keeps: enough to install packages, switch users and serve low ports. No
 * CAP_MKNOD: a device node would reach the host's disks. */
uint64_t caps_container(void);

/* Leaves the calling thread with mask at most, in every set; the inheritable and ambient ones
 * become empty. Call it before the user is switched. -1 with errno. */
MUST_CHECK int caps_limit(uint64_t mask);
