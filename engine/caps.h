/*
 * Capabilities as sets of bits (capabilities(7)): bit n is capability n of linux/capability.h.
 * Names are libcap's; the sets of the calling thread are changed in engine/confine.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

/* The five sets of a thread. */
struct caps {
	uint64_t bounding, effective, permitted, inheritable, ambient;
};

/*
 * What root in a container keeps: enough to install packages, switch users, serve low ports and
 * ping. Without CAP_MKNOD, since a device node would reach the host's disks, and without what acts
 * on the host as a whole.
 */
uint64_t caps_container(void);
uint64_t caps_all(void); /* those that this kernel knows */

/* "NET_ADMIN", "CAP_NET_ADMIN" in either case; "ALL" is caps_all(). ERR_CONFIG: there is none of
 * that name. */
MUST_CHECK int caps_parse(const char *name, uint64_t *out, struct err *err);
/* base, with the capabilities of the names in drop taken away and those in add given. "ALL" in
 * either list counts first, so that a single name can make an exception of it. */
MUST_CHECK int caps_choose(uint64_t base, const struct strv *add, const struct strv *drop,
        uint64_t *out, struct err *err);
/* Appends "CAP_CHOWN" …, by number; one that libcap does not know as its number. */
void caps_names(uint64_t mask, struct strv *out);

/* What the calling thread may have itself. -1 with errno. */
MUST_CHECK int caps_permitted(uint64_t *out);

/* The sets of a process that has mask at most: all of it as root, as another user only where a file
 * or a set-user-ID program gives it. */
struct caps caps_of(uint64_t mask, bool root);
