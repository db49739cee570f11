/*
 * A volume of a lab: an ext4 file system in a sparse file, LAB_DIR/volumes/NAME.img. Containers
 * mount it from a loop device, virtual machines have it as a disk: the same bytes serve both, one
 * day the one, the next the other. The file is complete or absent. It belongs to root, or to whom
 * QEMU runs as once a virtual machine had it: what such a machine wrote is checked before the
 * host's kernel mounts it.
 *
 * Who may have it: any number of containers of the lab at once (they share one mount of it); one
 * virtual machine alone, or several that only read. lab/volumes.h sees to that by name; the
 * providers look at the file itself.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#define VOLUME_SIZE     (INT64_C(1) << 30) /* where the file says none */
#define VOLUME_SMALLEST (INT64_C(16) << 20)
#define VOLUME_SERIAL   21 /* bytes: a virtio disk's serial has 20 */

/* The caller frees. */
char *volume_dir(const char *lab_dir);
char *volume_path(const char *lab_dir, const char *name);
/* Of the disk: the name itself where it fits. */
void volume_serial(const char *name, char out[VOLUME_SERIAL]);

/* The names of those that exist, sorted. */
MUST_CHECK int volume_list(const char *lab_dir, struct strv *names, struct err *err);
/* used: of the host's disk. */
MUST_CHECK int volume_size(const char *path, int64_t *size, int64_t *used, struct err *err);

struct volume_new {
	const char *name;
	int64_t size_bytes;
	/* What it begins with: the folder `guest` of this root file system, owners and modes
	 * included, where there is one; NULL: nothing. */
	const char *rootfs, *guest;
};
/* Makes it, with its folder. What a killed prov left half-made is replaced. */
MUST_CHECK int volume_make(const char *path, const struct volume_new *wanted, struct err *err);
/* Nobody may have it. ERR_CONFIG: it would become smaller. */
MUST_CHECK int volume_resize(const char *path, int64_t size_bytes, struct err *err);
MUST_CHECK int volume_remove(const char *path, struct err *err); /* absent is success */

bool volume_in_container(const char *path); /* mounted from a loop device */
bool volume_in_vm(const char *path);        /* QEMU has it open */
/* Excludes whoever else is about to mount, check or grow it: until the descriptor is closed. */
MUST_CHECK int volume_lock(const char *path, struct err *err);
/* Waits for the end of what a container that has just ended still writes. ERR_BUSY: one that runs
 * has it. */
MUST_CHECK int volume_settle(const char *path, struct err *err);
/* Brings the file system in order (e2fsck); all: looks at all of it, whatever it says of itself. */
MUST_CHECK int volume_check(const char *path, bool all, struct err *err);
