/* Who has which addresses: the host by its routes, other labs by their journals. */
#pragma once

#include "lab/network/networks.h"

struct subnet_use {
	struct subnet net;
	char *by;  /* "the host's route 10.77.0.0/16 by eth0" */
	char *try; /* what its user can do about it */
};
struct subnet_uses {
	struct subnet_use *v;
	size_t n;
};

/* All but what the lab's own network of that name has. */
MUST_CHECK int subnet_uses_find(
        const struct lab *lab, const char *name, struct subnet_uses *out, struct err *err);
void subnet_uses_clear(struct subnet_uses *uses);
/* The first one that overlaps; NULL: none. */
const struct subnet_use *subnet_user(const struct subnet_uses *uses, const struct subnet *net);

struct route {
	char device[16];
	struct subnet net; /* prefix 0: the default route */
	uint32_t gateway;
};
/* Of the host; free(*out). */
MUST_CHECK int subnet_routes(struct route **out, size_t *n, struct err *err);
