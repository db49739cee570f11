/*
 * Folders by 9p, for guests whose kernel has that and no virtiofs. QEMU itself serves them, as the
 * ordinary user that it is: so it gets a mount of the folder in which the folder's owner is that
 * user. What the machine makes belongs to the owner on the host, whoever made it inside; inside,
 * all of it shows QEMU's number, so that of the machine's users root alone writes.
 */
#pragma once

#include "providers/kvm/kvm.h"

/* Where QEMU finds a folder of the spec; the caller frees. */
char *nine_path(const struct names *names, size_t index);
/* ERR_CONFIG: the folder asks for what 9p cannot do. ERR_HOST: this host or box cannot do it. */
MUST_CHECK int nine_check(
        const struct machine_spec *spec, const struct folder_use *folder, struct err *err);
MUST_CHECK int nine_mount(struct run *run, size_t index, struct err *err);
/* All that the machine has, whatever the list says now. */
MUST_CHECK int nine_unmount(const struct names *names, struct err *err);
