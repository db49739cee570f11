/*
 * Identity: one list (path, mode, owner, bytes) with two writers: a raw cpio that goes before the
 * initrd (padded to 4 bytes; kernel: Documentation/driver-api/early-userspace/buffer-format.rst),
 * and the container's upper layer.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

struct seed_file {
	char *path; /* absolute inside the machine */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	char *bytes;
	size_t n;
	bool append;     /* add to what the box has, never replacing (authorized_keys) */
	bool first_boot; /* only where the machine has none yet (machine-id) */
};

struct seed {
	struct seed_file *files;
	size_t n;
};

void seed_add(struct seed *seed, const char *path, mode_t mode, const void *bytes, size_t n);
struct seed_file *seed_last(struct seed *seed); /* to set owner and flags of what was just added */
void seed_clear(struct seed *seed);

struct machine_spec;
/* What /etc/resolv.conf is to say; "": its networks have no name server. */
void seed_resolver(const struct machine_spec *spec, struct str *out);
/* Whether text is of that form, with whatever name server; an empty one is. */
bool seed_is_resolver(const char *text, const char *domain);
/* hostname, hosts, resolv.conf, machine-id: what both kinds get. machine_id: 32 hex characters. */
void seed_identity(struct seed *seed, const struct machine_spec *spec, const char *machine_id);

/* newc cpio of the files below "prov-seed/" (the initrd's init copies them into place), with a
 * manifest "prov-seed/list" of lines `FLAGS MODE UID GID PATH`, FLAGS of "a" (append), "f" (first
 * boot) or "-". */
void seed_cpio(const struct seed *seed, struct str *out);
/* A further archive, behind another one that ends at 4 bytes, of one program in the root folder. */
void seed_cpio_program(const char *name, const void *bytes, size_t n, struct str *out);
/* Writes below root (an upper layer, resolved beneath); append reads the file of lower first. */
MUST_CHECK int seed_write_tree(
        const struct seed *seed, const char *root, const char *lower, struct err *err);
